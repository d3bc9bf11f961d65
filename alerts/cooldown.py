"""A pause after a failure, so that not every caller waits for the same broken thing."""

import time


class Cooldown:
    """Off until `begin`, then on for `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = float("-inf")

    def begin(self) -> None:
        """Start the pause, or start it again."""
        self._until = time.monotonic() + self.seconds

    @property
    def is_on(self) -> bool:
        """Whether the pause is still on."""
        return time.monotonic() < self._until
