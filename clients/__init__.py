"""Who may send: API clients, their tokens, and how a request proves which one it comes from."""
