"""Whether Bleep delivers, and who is told when it does not."""
