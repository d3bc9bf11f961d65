"""The export: a file of the alerts that the list shows, for auditors."""
