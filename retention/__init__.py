"""How long data is kept, and erasing it on request. docs/data-protection.md says what is kept where.

Texts, patient references and addresses are replaced by `(expired)`, and the ledger's skeleton stays: times, states and
figures. All work is in small batches, each a transaction of its own, and can be killed and begun again at any step.
"""
