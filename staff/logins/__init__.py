"""Logins: passwords, second factors, single sign-on, sessions."""
