"""Tells Django of the models and commands."""

from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "retention"
