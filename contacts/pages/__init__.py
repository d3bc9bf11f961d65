"""The pages of the admin on which clinicians and templates are edited, each in a file of its own."""
