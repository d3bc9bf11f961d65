"""What was sent, and what became of it: intake, delivery, and the ledger of both."""
