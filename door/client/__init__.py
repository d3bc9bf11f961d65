"""The clients: their connections, and the requests that are read from them."""
