"""A password hasher for tests."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """The usual algorithm with one iteration, so that signing in costs no processor time."""

    iterations = 1
