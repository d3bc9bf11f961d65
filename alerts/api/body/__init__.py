"""What the body of a request may be, and what its fields may say."""
