"""The JSON of responses: an alert, its deliveries, and who was asked to take it on."""
