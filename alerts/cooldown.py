"""A while in which something that failed is left alone, so that not every caller waits for it in turn."""

import time


class Cooldown:
    """Off until it is begun; then on for `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = float("-inf")

    def begin(self) -> None:
        """Leave it alone from now on."""
        self._until = time.monotonic() + self.seconds

    @property
    def is_on(self) -> bool:
        """Whether it is still to be left alone."""
        return time.monotonic() < self._until
