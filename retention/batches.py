"""Work in batches: each is one transaction, with a note of what it did, so that a kill loses neither."""

from collections.abc import Callable, Iterator

from django.db import transaction

from retention.blanking import Done


def each(batches: Iterator[Done], note: Callable[[Done], None]) -> Iterator[Done]:
    """Do and commit one after the other. Each has been committed, with what `note` wrote, when it comes out."""
    while True:
        with transaction.atomic():
            done = next(batches, None)
            if done is not None:
                note(done)
        if done is None:
            return
        yield done
