"""Clinicians, their preferences, and templates of preferences."""

from contacts.models.clinician import (
    ADDRESS_FIELDS,
    DERIVED,
    EDITABLE,
    MAX_STEPS,
    MAX_TIMES,
    Clinician,
    EmailSubscription,
    FormerAddress,
    ManagedDepartment,
    Obstacle,
    Preference,
    PreferenceTemplate,
)

__all__ = [
    "ADDRESS_FIELDS",
    "DERIVED",
    "EDITABLE",
    "MAX_STEPS",
    "MAX_TIMES",
    "Clinician",
    "EmailSubscription",
    "FormerAddress",
    "ManagedDepartment",
    "Obstacle",
    "Preference",
    "PreferenceTemplate",
]
