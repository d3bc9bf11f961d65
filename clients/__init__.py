"""API clients (the hospital systems that send alerts), their tokens, authentication and rate limits."""
