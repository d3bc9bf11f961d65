"""The subscriptions of clinicians' e-mail addresses: which are wanted, the state of each, and when to look again."""
