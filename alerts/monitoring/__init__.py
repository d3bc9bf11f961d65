"""Whether Bleep delivers, and how people learn when it does not."""
