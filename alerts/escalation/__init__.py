"""Asking people to take an alert on, one after the other, until somebody does.

`asking` begins a step and asks somebody; `steps` is what relays run; `ending` ends it all; `notices` tells those who
were asked that nothing is wanted of them any more; `clock` corrects waits after the database's clock was set back;
`withdrawal` is what a sender does whose cause has gone; `responsibility` says how the asking stands.
"""
