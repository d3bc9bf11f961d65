"""Asks people to take an alert on, one after the other, until somebody does.

`asking` begins a step and asks a person; relays run `steps`; `ending` ends the asking; `notices` tells people who were
asked that they need not answer any more; `clock_correction` corrects waits after the database's clock was set back;
`withdrawal` is for a sender whose cause has gone; `responsibility` says how the asking stands.
"""
