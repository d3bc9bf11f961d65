"""`make bench`: how fast Bleep is, beside its goals."""
