"""Sending one delivery: may its channel be used now, call it, record what came of it."""
