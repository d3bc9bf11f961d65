"""`make compare-modes`: senders that wait for the outcome beside senders that do not."""
