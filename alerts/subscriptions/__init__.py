"""Keeps the subscriptions of e-mail addresses at AWS as the clinicians' pages want them."""
