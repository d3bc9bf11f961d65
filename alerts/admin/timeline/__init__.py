"""The timeline of an alert, and how the alert stands."""
