"""Who may open each page of the admin. `test_posts.py` posts to each."""

import pytest
from django.test import Client

from tests.staff.access.permissions import WHO_MAY, addresses, names
from tests.staff.users import PEOPLE, make_records, make_user

pytestmark = pytest.mark.django_db


def test_every_page_has_its_row_in_the_table() -> None:
    assert names() == set(WHO_MAY)


@pytest.mark.parametrize("person", PEOPLE)
def test_each_user_gets_the_status_in_the_table(person: str) -> None:
    pages = addresses(make_records())
    client = Client()
    client.force_login(make_user(person))

    got = {name: client.get(path).status_code for name, path in pages.items()}

    assert got == {
        name: WHO_MAY[name].status if person in WHO_MAY[name].who else WHO_MAY[name].refused for name in pages
    }


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
