"""Nothing is left untranslated: every text of the code, the templates and the scripts has its Russian."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import django
import pytest

ROOT = Path(__file__).resolve().parent.parent
DJANGO = Path(django.__file__).parent
MARKERS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
IN_TEMPLATE = re.compile(r"""{%-?\s*(?:translate|trans)\s+(?:"([^"]+)"|'([^']+)')|_\("([^"]+)"\)""")
BLOCK = re.compile(r"{%\s*blocktrans(?:late)?\b([^%]*)%}(.*?){%\s*(?:plural\s*%}.*?{%\s*)?endblocktrans", re.DOTALL)
IN_SCRIPT = re.compile(r"""\bn?gettext\(\s*"((?:[^"\\]|\\.)+)\"""")


def catalogue(application: Path, domain: str) -> dict[object, str]:
    folder = application / ("conf/locale" if application == DJANGO else "locale")
    with (folder / f"ru/LC_MESSAGES/{domain}.mo").open("rb") as file:
        return gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]


def in_code() -> Iterator[str]:
    for path in sorted((ROOT / "calls").rglob("*.py")):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                not isinstance(node, ast.Call)
                or getattr(node.func, "id", getattr(node.func, "attr", "")) not in MARKERS
            ):
                continue
            texts = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            if texts:
                context = "pgettext" in getattr(node.func, "id", "")
                yield f"{texts[0]}\x04{texts[1]}" if context and len(texts) > 1 else texts[0]


def in_templates() -> Iterator[str]:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        source = path.read_text()
        yield from (next(filter(None, found)) for found in IN_TEMPLATE.findall(source))
        for options, text in BLOCK.findall(source):
            text = " ".join(line.strip() for line in text.strip().splitlines()) if "trimmed" in options else text
            yield re.sub(r"{{\s*(\w+)\s*}}", r"%(\1)s", text)


def in_scripts() -> Iterator[str]:
    for path in sorted((ROOT / "static").rglob("*.js")):
        if "vendor" not in path.parts:
            yield from IN_SCRIPT.findall(path.read_text())


@pytest.mark.parametrize(
    ("domain", "texts"),
    [("django", [*in_code(), *in_templates()]), ("djangojs", [*in_scripts()])],
    ids=["pages", "scripts"],
)
def test_every_text_has_its_russian(domain: str, texts: list[str]) -> None:
    assert len(texts) > 50
    known = [catalogue(ROOT / "calls", domain)]
    if domain == "django":  # scripts are given our own catalogue alone
        known += [catalogue(DJANGO / part, "django") for part in ("", "contrib/admin")]
    assert not {text for text in texts if not any(words.get(text) or words.get((text, 0)) for words in known)}
