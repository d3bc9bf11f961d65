"""Lets data expire, and erases it on request. docs/data-protection.md says what is kept where.

Texts, patient references and addresses are replaced by `(expired)`. Times, states and figures of an alert stay. All
work is in small batches, each a transaction of its own, and can be killed and begun again at any step.
"""
