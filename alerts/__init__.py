"""Alerts: taking them, delivering them, and the ledger of both."""
