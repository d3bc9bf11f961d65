"""Works in batches. Each is one transaction with a note of what it did, so that a kill loses neither."""

from collections.abc import Callable, Iterator

from django.db import transaction

from retention.blanking import Done


def each(batches: Iterator[Done], note: Callable[[Done], None]) -> Iterator[Done]:
    """Run and commit the batches one after the other. Each is committed, together with what `note` wrote, before it is
    yielded.
    """
    while True:
        with transaction.atomic():
            done = next(batches, None)
            if done is not None:
                note(done)
        if done is None:
            return
        yield done
