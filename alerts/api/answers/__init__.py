"""What senders read of an alert: its deliveries, and who was asked to take it on."""
