"""Lists the ES modules that a script imports, so that a page can preload them in parallel."""

import re
from functools import cache
from posixpath import dirname, join, normpath

from django.contrib.staticfiles import finders

IMPORT = re.compile(r"""(?:^|;)\s*(?:import|export)\b(?:[^"';]*?\bfrom)?\s*["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)


@cache
def imported_by(entry: str) -> tuple[str, ...]:
    """Return the static file names of all modules that `entry` imports, directly or not, nearest first.

    Cached for the life of the process.
    """
    known = [entry]
    for name in known:  # grows while it is iterated over
        known += dict.fromkeys(found for found in _imports(name) if found not in known)
    return tuple(known[1:])


def _imports(name: str) -> list[str]:
    path = finders.find(name)
    if not path:
        return []
    with open(path, encoding="utf-8") as file:
        return [normpath(join(dirname(name), found)) for found in IMPORT.findall(file.read())]
