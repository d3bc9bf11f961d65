"""Keyed digests: with the key one can ask whether a term was searched for, and nobody can read the term."""

import hashlib
import hmac

from django.conf import settings

PURPOSE = b"bleep audit"
WORDS = 8
"""How many words of a search get a digest of their own, besides the whole search."""


def key() -> bytes:
    """The key: AUDIT_KEY, or else one made from SECRET_KEY."""
    return hmac.digest((settings.AUDIT_KEY or settings.SECRET_KEY).encode(), PURPOSE, hashlib.sha256)


def of(text: str) -> str:
    """The digest of this text, in hexadecimal."""
    return hmac.new(key(), text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()


def of_term(term: str) -> str:
    """The digest of a search term, however it was written."""
    return of("term " + " ".join(term.casefold().split()))


def of_search(term: str) -> list[str]:
    """The digests of a search: of the whole, and of each word, because a reference may stand among other words."""
    words = term.split()[:WORDS]
    return list(dict.fromkeys(of_term(each) for each in (term, *words)))
