"""Who is asked to take an alert on: plans, for whom they apply, and who covers for whom. Knows no alerts."""
