"""The subscriptions of clinicians' e-mail addresses: which are wanted, how each stands, and when to look again."""
