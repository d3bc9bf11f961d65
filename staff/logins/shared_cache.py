"""A cache that all processes of the staff's site share: counts of wrong attempts, and used codes.

It is in the database, which every login needs anyway: no other store can lock staff out, or let somebody guess without
limit, by being away. It is not Django's own database cache, which reads its rows as pickles: somebody who can write to
the database could run code.
"""

import json
from datetime import timedelta
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection
from django.db.models.functions import Now

from staff.models import SharedValue

UNTIL = "clock_timestamp() + %s"
SET = f"""
INSERT INTO staff_sharedvalue (key, value, expires_at) VALUES (%s, %s, {UNTIL})
ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
"""  # noqa: S608 - of constants
ADD = f"{SET} WHERE staff_sharedvalue.expires_at <= clock_timestamp()"
COUNT = """
UPDATE staff_sharedvalue SET value = (value::bigint + %s)::text
WHERE key = %s AND expires_at > clock_timestamp() RETURNING value::bigint
"""
LONGEST = timedelta(days=1)
"""Every value expires."""


class SharedCache(BaseCache):
    """A cache as Django defines it. Values are JSON."""

    def __init__(self, _location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Store a value unless there is one, in one statement. Returns whether it was stored."""
        return self._write(ADD, key, value, timeout, version)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """The value; the default if there is none, or it has expired."""
        live = SharedValue.objects.filter(key=self._key(key, version), expires_at__gt=Now())
        found = live.values_list("value", flat=True).first()
        return default if found is None else json.loads(found)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Keep a value."""
        self._write(SET, key, value, timeout, version)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add to a number in one statement, so that no two processes get the same result.

        Raises:
            ValueError: there is none, or it is over.
        """
        with connection.cursor() as cursor:
            cursor.execute(COUNT, (delta, self._key(key, version)))
            found = cursor.fetchone()
        if found is None:
            raise ValueError(key)
        return int(found[0])

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Delete a value."""
        return bool(SharedValue.objects.filter(key=self._key(key, version)).delete()[0])

    def clear(self) -> None:
        """Delete all values."""
        SharedValue.objects.all().delete()

    def _key(self, key: Any, version: int | None) -> str:
        return self.make_and_validate_key(key, version=version)

    def _write(self, statement: str, key: Any, value: Any, timeout: Any, version: int | None) -> bool:
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        lasts = LONGEST if seconds is None else min(timedelta(seconds=seconds), LONGEST)
        values = (self._key(key, version), json.dumps(value), lasts)
        with connection.cursor() as cursor:
            cursor.execute(statement, values)  # type: ignore[arg-type]  # psycopg takes a timedelta
            return bool(cursor.rowcount)


def forget_expired() -> None:
    """Delete expired values."""
    SharedValue.objects.filter(expires_at__lte=Now()).delete()
