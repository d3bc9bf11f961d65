"""The parts that the staff's site adds to a clinician's page."""
