"""Masked addresses: enough to tell two apart, too little to use."""

EXPIRED = "(expired)"
"""Stands for an address, a text or a reference that is gone: constraints do not allow empty ones."""
KEPT_DIGITS = 3


def mask(address: str) -> str:
    """`+447700900123` becomes `+*********123`, `someone@ward.example` becomes `s***@ward.example`."""
    if address == EXPIRED:
        return address
    name, at, domain = address.rpartition("@")
    if at:
        return f"{name[:1]}***@{domain}"
    hidden = len(address) - KEPT_DIGITS - 1
    if hidden <= 0:
        return "*" * len(address)
    return f"{address[:1]}{'*' * hidden}{address[-KEPT_DIGITS:]}"
