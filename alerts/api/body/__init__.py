"""What the body of a request may be, and what may stand in it."""
