"""Each user's preferences for the pages: defaults, validation and storage."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from calls.models import Preferences

DEFAULTS: dict[str, Any] = {
    "theme": "auto",
    "density": "comfortable",
    "sound": True,
    "tone": "bell",
    "volume": 70,
    "notices": True,
    "keys": True,
}


class InvalidPreference(ValueError):
    """The preference `name` does not exist or cannot have the given value."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _is_one_of(*words: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _is_volume(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100


_IS_VALID: dict[str, Callable[[Any], bool]] = {
    "theme": _is_one_of("auto", "light", "dark"),
    "density": _is_one_of("comfortable", "dense"),
    "language": lambda value: value is None or _is_one_of(*dict(settings.LANGUAGES))(value),
    "sound": _is_switch,
    "tone": _is_one_of("bell", "ping", "low"),
    "volume": _is_volume,
    "notices": _is_switch,
    "keys": _is_switch,
}


def read_preferences(user_id: int) -> dict[str, Any]:
    """Return all preferences of the user. `language` is missing when the browser's language applies."""
    stored = Preferences.objects.filter(user_id=user_id).first()
    return _with_defaults(stored.chosen if stored else {})


def save_preferences(user_id: int, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Store the changed preferences and return all of them. A `language` of None restores the browser's language.

    Raises InvalidPreference, and stores nothing, when a name or a value is not valid.
    """
    for name, value in changes.items():
        if name not in _IS_VALID or not _IS_VALID[name](value):
            raise InvalidPreference(name)
    with transaction.atomic():
        Preferences.objects.get_or_create(user_id=user_id)
        stored = Preferences.objects.select_for_update().get(user_id=user_id)
        stored.chosen = _with_defaults({**stored.chosen, **changes})
        stored.save()
    return dict(stored.chosen)


def _with_defaults(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return all preferences: valid stored values over the defaults. Values of an earlier version may be invalid."""
    valid = {name: value for name, value in chosen.items() if name in _IS_VALID and _IS_VALID[name](value)}
    merged = {**DEFAULTS, **valid}
    if merged.get("language") is None:
        merged.pop("language", None)
    return merged
