"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2id(Argon2PasswordHasher):
    """Argon2id with the least that OWASP's Password Storage Cheat Sheet asks for: 19 MiB, two passes, one lane.

    Django's default takes 100 MiB for each password that is checked, and eight threads of `web-admin` check at once.
    """

    time_cost = 2
    memory_cost = 19_456
    """KiB."""
    parallelism = 1
