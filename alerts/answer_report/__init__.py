"""What became of alerts that wanted an answer: the figures of the report *Answers*, and the alerts that each counts."""
