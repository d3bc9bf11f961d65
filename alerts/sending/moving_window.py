"""A moving window that Redis counts by its own clock.

By the clocks of the hosts, a host that is ahead would leave no room for the others, and one that is behind would take
too much.
"""

import redis

SCRIPT = """
-- KEYS: for each share a list of times, newest first. ARGV: the window in milliseconds, and the amount of each share.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local window = tonumber(ARGV[1])
for i, key in ipairs(KEYS) do
    -- From before this clock was set back. They would count until it has caught up.
    while tonumber(redis.call('LINDEX', key, 0) or 0) > now do
        redis.call('LPOP', key)
    end
    local oldest = redis.call('LINDEX', key, ARGV[i + 1] - 1)
    if oldest and now - oldest <= window then
        return 0
    end
end
for i, key in ipairs(KEYS) do
    redis.call('LPUSH', key, now)
    redis.call('LTRIM', key, 0, ARGV[i + 1] - 1)
    redis.call('PEXPIRE', key, window)
end
return 1
"""
"""`TIME` in a script that writes needs Redis 5: https://redis.io/docs/latest/develop/programmability/lua-api/."""


class MovingWindow:
    """Counts in Redis. Every call takes one round trip, or fails within the timeouts, without a second try."""

    def __init__(self, url: str, *, timeout: float) -> None:
        self.client = redis.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout)
        self._script = self.client.register_script(SCRIPT)

    def take(self, shares: dict[str, int], seconds: int) -> bool:
        """Take a place in each share, given by its key and its number of places in this many seconds. Takes all of them
        or none.

        Raises:
            redis.RedisError: Redis does not answer in time, or refuses.
        """
        return bool(self._script(keys=[*shares], args=[seconds * 1000, *shares.values()]))
