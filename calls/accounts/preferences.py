"""How people like their pages: what can be chosen, what holds unless they choose, and what each of them chose."""

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


class NotToBeChosen(ValueError):
    """There is no such preference, or it cannot have that value; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _one_of(*words: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _is_volume(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100


_FITS: dict[str, Callable[[Any], bool]] = {
    "theme": _one_of("auto", "light", "dark"),
    "density": _one_of("comfortable", "dense"),
    "language": lambda value: value is None or _one_of(*dict(settings.LANGUAGES))(value),
    "sound": _is_switch,
    "tone": _one_of("bell", "ping", "low"),
    "volume": _is_volume,
    "notices": _is_switch,
    "keys": _is_switch,
}


def read(user_id: int) -> dict[str, Any]:
    """Return all preferences of a person; without `language` they have not chosen one, and the browser's holds."""
    stored = Preferences.objects.filter(user_id=user_id).first()
    return _whole(stored.chosen if stored else {})


def choose(user_id: int, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Store what a person wants different and return all their preferences; a language of None is the browser's.

    Raises NotToBeChosen, and stores nothing, when one of the names or values means nothing.
    """
    for name, value in wanted.items():
        if name not in _FITS or not _FITS[name](value):
            raise NotToBeChosen(name)
    with transaction.atomic():
        Preferences.objects.get_or_create(user_id=user_id)
        stored = Preferences.objects.select_for_update().get(user_id=user_id)
        stored.chosen = _whole({**stored.chosen, **wanted})
        stored.save()
    return dict(stored.chosen)


def _whole(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return every preference; what is stored and means nothing any more is left out."""
    fitting = {name: value for name, value in chosen.items() if name in _FITS and _FITS[name](value)}
    whole = {**DEFAULTS, **fitting}
    if whole.get("language") is None:
        whole.pop("language", None)
    return whole
