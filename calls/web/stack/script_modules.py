"""Which modules a page's script loads, so that the page can name all of them and the browser fetches them at once."""

import re
from functools import cache
from posixpath import dirname, join, normpath

from django.contrib.staticfiles import finders

IMPORT = re.compile(r"""(?:^|;)\s*(?:import|export)\b(?:[^"';]*?\bfrom)?\s*["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)


@cache
def imported_by(entry: str) -> tuple[str, ...]:
    """Return every module that `entry` imports, itself or through others, by the names static files have.

    Read once a process. What a page needs first comes first: the modules nearest to the entry.
    """
    known = [entry]
    for name in known:  # grows while it is walked
        known += dict.fromkeys(found for found in _imports(name) if found not in known)
    return tuple(known[1:])


def _imports(name: str) -> list[str]:
    path = finders.find(name)
    if not path:
        return []
    with open(path, encoding="utf-8") as file:
        return [normpath(join(dirname(name), found)) for found in IMPORT.findall(file.read())]
