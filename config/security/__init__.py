"""Whose an address is, what PostgreSQL and Redis are spoken to with, and what each database role may do."""
