"""Clinicians and preference templates in the admin."""

from contacts.admin.clinician import ClinicianAdmin
from contacts.admin.template import PreferenceTemplateAdmin

__all__ = ["ClinicianAdmin", "PreferenceTemplateAdmin"]
