"""Lists of changes, whatever the address says."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from theme.history import ReadOnlyHistoryAdmin

WITH_HISTORY = [
    f"{model._meta.app_label}_{model._meta.model_name}"  # noqa: SLF001 - public
    for model, each in admin.site._registry.items()  # noqa: SLF001 - as Django's own checks do
    if isinstance(each, ReadOnlyHistoryAdmin)
]


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["a", "1_0", "0"])
@pytest.mark.parametrize("model", WITH_HISTORY)
def test_a_key_of_nothing_is_a_404(admin_client: Client, model: str, key: str) -> None:
    assert admin_client.get(reverse(f"admin:{model}_history", args=[key])).status_code == 404


def test_it_is_about_all_of_them() -> None:
    assert {"contacts_clinician", "clients_apiclient", "oncall_plan", "oncall_cover"} <= set(WITH_HISTORY)
