"""The memory for requests: each stays within its size, and all within the memory that they may take together."""

from collections.abc import Callable
from operator import itemgetter

from door.errors import BodyInPieces, BodyTooLarge, Busy
from door.settings import MAX_INCOMPLETE_HEADS, Service

SMALL_PARTS, SMALL_BYTES = 1000, 64
"""A body may have this many parts of any size. Beyond that, parts must have this many bytes on average, because each
part costs the same."""
KEPT_WHEN_FULL = 7 / 8
"""The share of the memory that stays in use after others gave way."""

GiveWay = Callable[[], None]


class Heads:
    """Heads that are not complete. Each is known by the function that ends its connection."""

    def __init__(self) -> None:
        self._kept = 0
        self._sizes: dict[GiveWay, int] = {}

    def note(self, give_way: GiveWay, size: int) -> None:
        """Count the bytes of a head that have come; 0 once it is complete. If there are too many in all, the largest
        heads give way.
        """
        self._kept += size - self._sizes.pop(give_way, 0)
        if size:
            self._sizes[give_way] = size
        if self._kept > MAX_INCOMPLETE_HEADS:
            for other in self._forget_the_largest():
                other()

    def _forget_the_largest(self) -> list[GiveWay]:
        found = []
        for other, size in sorted(self._sizes.items(), key=itemgetter(1), reverse=True):
            if self._kept <= MAX_INCOMPLETE_HEADS * KEPT_WHEN_FULL:
                break
            del self._sizes[other]
            self._kept -= size
            found.append(other)
        return found


class Body:
    """The body of one request, from its head until its answer has come. The memory of the head counts for as long."""

    def __init__(self, bodies: "Bodies", on_eviction: GiveWay) -> None:
        self._bodies = bodies
        self._parts = 0
        self.content = bytearray()
        self.size = 0
        """How many bytes are counted for it."""
        self.on_eviction = on_eviction

    def announce(self, length: int, *, head: int) -> None:
        """Check the length that it announces, and count the memory of its head. Raises BodyTooLarge, or Busy."""
        self._bodies.bound(length)
        self._bodies.make_room(self, head)

    def add(self, part: bytes) -> None:
        """Add a part. Raises BodyTooLarge, BodyInPieces, or Busy if there is no memory left for it."""
        self._parts += 1
        if self._parts > SMALL_PARTS + len(self.content) / SMALL_BYTES:
            raise BodyInPieces
        self._bodies.bound(len(self.content) + len(part))
        self._bodies.make_room(self, len(part))
        self.content += part

    def complete(self) -> None:
        """Mark it as complete, so that it does not give way."""
        self._bodies.incomplete.discard(self)

    def forget(self) -> None:
        """Give its memory back. Harmless if done twice."""
        self.complete()
        self._bodies.kept -= self.size
        self.size = 0
        self.content = bytearray()


class Bodies:
    """The bodies that the door keeps for a service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.kept = 0
        """The bytes of all bodies, and of their heads."""
        self.incomplete: set[Body] = set()

    def begin(self, on_eviction: GiveWay) -> Body:
        """A body that will come. `on_eviction` is called if it has to give way before it is complete."""
        body = Body(self, on_eviction)
        self.incomplete.add(body)
        return body

    def bound(self, size: int) -> None:
        """Raises BodyTooLarge for a body of this size."""
        if size > self._service.max_body_bytes:
            raise BodyTooLarge(self._service.max_body_bytes)

    def make_room(self, newcomer: Body, size: int) -> None:
        """Count `size` bytes more. If there is no memory left, the largest incomplete bodies give way, because an alert
        is small.

        More give way than is needed, so that this seldom runs while somebody fills the memory.
        """
        most = self._service.max_buffered_bytes
        if self.kept + size > most:
            for each in sorted(self.incomplete, key=lambda each: each.size, reverse=True):
                if each is newcomer or self.kept <= most * KEPT_WHEN_FULL:
                    break
                each.forget()
                each.on_eviction()
        if self.kept + size > most:
            raise Busy
        self.kept += size
        newcomer.size += size
