"""Who is asked to take an alert on: plans, the alerts that they are used for, and who covers for whom. Imports nothing
of alerts.
"""
