"""Search for clinicians by name, contact ID, e-mail address, or telephone number as people write it.

It scans one column of the table, which takes PostgreSQL some 50 ms for 100,000 rows: a trigram index would need an
extension.
"""

from functools import reduce
from operator import or_

from django.db.models import Q

from contacts import phone
from contacts.choices import Channel
from spelling import folding

NUMBERS_IN = tuple(channel.facts.address_field for channel in Channel if channel.facts.address_is_number)
WORDS_IN = ("search_text__folded",)


def matching(text: str) -> Q:
    """Clinicians with every word of `text` in name, contact ID or e-mail, or with the number that `text` is."""
    words = Q()
    for word in folding.words(text):
        words &= Q(search_text__contains=word)
    for digits in phone.search_digits(text):
        words |= reduce(or_, (Q(**{f"{field}__contains": digits}) for field in NUMBERS_IN))
    return words or Q(pk__in=())
