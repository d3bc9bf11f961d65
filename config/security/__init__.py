"""Addresses of clients, encryption towards PostgreSQL and Redis, and the rights of each database role."""
