"""The state machine of deliveries. Imports no sender."""
