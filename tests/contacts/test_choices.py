"""The facts of each channel."""

import pytest
from django.db import models

from contacts.choices import CHANNEL_FACTS, Channel
from contacts.models import Clinician
from contacts.phone import E164Field


def test_every_channel_has_its_facts() -> None:
    assert set(CHANNEL_FACTS) == set(Channel)


@pytest.mark.parametrize("channel", Channel)
def test_the_facts_of_a_channel_fit_the_model(channel: Channel) -> None:
    field = Clinician._meta.get_field(channel.facts.address_field)  # noqa: SLF001 - Django's documented API

    assert isinstance(field, models.CharField)
    assert isinstance(field, E164Field) == channel.facts.address_is_number
    assert channel.facts.icon
    assert channel.facts.step.format("ADDRESS").endswith(" ADDRESS")


def test_an_e_mail_is_not_urgent() -> None:
    assert {channel for channel in Channel if channel.facts.is_urgent} == {Channel.CALL, Channel.SMS}
