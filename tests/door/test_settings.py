"""What the door and Django each know, since the door does without Django."""

import json

from django.conf import settings

from alerts.api.request_body.parsers import MAX_BODY
from alerts.api.transport import ADDRESSES
from contacts.choices import Priority
from door.admission import Urgency
from door.app import service_for
from door.settings import ADMIN, API, PROBES


def test_the_api_is_at_the_same_address() -> None:
    for path in (*ADDRESSES, "/notification/123"):
        assert service_for(path) is API
    assert service_for("/readyz") is PROBES
    for path in ("/", "/admin/", "/docs", "/notifications", "//notification"):
        assert service_for(path) is ADMIN


def test_bodies_may_be_as_large() -> None:
    assert API.max_body_bytes == MAX_BODY
    assert ADMIN.max_body_bytes > settings.FILE_UPLOAD_MAX_MEMORY_SIZE


def test_each_priority_has_an_urgency_of_its_own_in_the_same_order() -> None:
    urgencies = [Urgency.of(json.dumps({"priority": priority.value}).encode()) for priority in Priority]

    assert [*urgencies, Urgency.STRANGER] == list(Urgency)


def test_a_priority_may_be_written_as_json_allows() -> None:
    assert Urgency.of(rb'{"priority": "\u0048"}') is Urgency.HIGH
