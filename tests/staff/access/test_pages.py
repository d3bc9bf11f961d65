"""Who may open each page of the admin, whose scripts come after their translations. `test_posts.py` posts to each."""

import pytest
from django.test import Client

from tests.staff.access.permissions import WHO_MAY, addresses, names
from tests.staff.test_scripts import translates_scripts
from tests.staff.users import PEOPLE, SUPERUSER, make_records, make_user

pytestmark = pytest.mark.django_db

SCRIPTS = 20
"""More pages than these have a script of the admin."""


def test_every_page_has_its_row_in_the_table() -> None:
    assert names() == set(WHO_MAY)


@pytest.mark.parametrize("person", PEOPLE)
def test_each_user_gets_the_status_in_the_table(person: str) -> None:
    pages = addresses(make_records())
    client = Client()
    client.force_login(make_user(person))

    answers = {name: client.get(path) for name, path in pages.items()}

    assert {name: answer.status_code for name, answer in answers.items()} == {
        name: WHO_MAY[name].status if person in WHO_MAY[name].who else WHO_MAY[name].refused for name in pages
    }
    translated = {name: translates_scripts(answer) for name, answer in answers.items()}
    assert [name for name, found in translated.items() if found is False] == []
    assert person != SUPERUSER or list(translated.values()).count(True) > SCRIPTS


def test_anonymous_users_are_sent_to_the_login_page() -> None:
    pages = addresses(make_records())

    answers = {name: Client().get(path) for name, path in pages.items()}

    assert {name: answer.status_code for name, answer in answers.items()} == {
        name: WHO_MAY[name].stranger for name in pages
    }
    assert all(
        answer["Location"].startswith("/admin/login/")
        for name, answer in answers.items()
        if answer.status_code == 302 and name != "logout"
    )
