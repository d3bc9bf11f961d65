"""The timeline of an alert, and the sentences on its present state."""
