"""How Bleep is run in containers, and how they are watched."""
