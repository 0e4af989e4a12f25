"""The browser libraries we ship are byte for byte what `tools/vendor.py` fetched."""

import hashlib
import json
import re

from django.conf import settings

VENDOR = settings.BASE_DIR / "static" / "vendor"
RECORDS = json.loads((VENDOR / "vendor.json").read_text())
RECORDED = {path: digest for record in RECORDS.values() for path, digest in record["files"].items()}


def test_every_recorded_file_is_unchanged() -> None:
    found = {path: hashlib.sha256((VENDOR / path).read_bytes()).hexdigest() for path in RECORDED}
    assert found == RECORDED


def test_no_file_is_there_that_nobody_recorded() -> None:
    present = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    assert present == {*RECORDED, "vendor.json"}


def test_every_library_states_version_licence_and_digest() -> None:
    for name, record in RECORDS.items():
        assert record["licence"], name
        assert record["integrity"].startswith("sha512-"), name
        assert f"{name}-{record['version']}/LICENSE" in record["files"], name


def test_vendored_modules_import_only_by_relative_paths() -> None:
    """A bare import needs an import map, which the content security policy does not allow inline."""
    for path in VENDOR.rglob("*.js"):
        imported = re.findall(r"""\bfrom\s*["']([^"']+)["']""", path.read_text())
        assert all(address.startswith(".") for address in imported), path
