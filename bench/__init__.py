"""Benchmarks of all of Bleep as it runs in production, one command each. See README.md."""
