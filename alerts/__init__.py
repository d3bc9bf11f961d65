"""Alerts: takes them, delivers them, and keeps the record of both."""
