"""Clinicians, what is known about their addresses, their preferences, and the departments of staff."""

from contacts.models.address import EmailSubscription, FormerAddress, Obstacle
from contacts.models.clinician import ADDRESS_FIELDS, DERIVED, EDITABLE, Clinician
from contacts.models.department import ManagedDepartment
from contacts.models.preference import MAX_STEPS, MAX_TIMES, Preference, PreferenceTemplate

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
