"""Fetch the browser libraries we ship: `python tools/vendor.py`.

Each package is packed by npm, compared with the digest its registry publishes, and only the files named here are
copied to `static/vendor/<name>-<version>/`, with the licence. `static/vendor/vendor.json` records what came from where,
so that a test can tell when a vendored file was changed by hand. To update a library, change its version here, run
this, and delete the old folder.
"""

import base64
import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"

# Source maps are named inside the minified files; collecting static files fails without them.
PACKAGES = {
    "bootstrap": ("5.3.8", ["dist/css/bootstrap.min.css", "dist/css/bootstrap.min.css.map"]),
    "lit-html": (
        "3.3.3",
        [
            f"{module}.js{end}"
            for module in ("lit-html", "directive", "directive-helpers", "directives/repeat")
            for end in ("", ".map")
        ],
    ),
    "bootstrap-icons": ("1.13.2", []),
}
ICONS = [
    "arrow-left",
    "arrow-repeat",
    "bell-fill",
    "bell-slash-fill",
    "box-arrow-right",
    "broadcast",
    "check-circle-fill",
    "check2-square",
    "chevron-down",
    "chevron-up",
    "clock-history",
    "cloud-slash",
    "display",
    "exclamation-triangle-fill",
    "eye-slash-fill",
    "funnel",
    "hourglass-split",
    "info-circle-fill",
    "key",
    "moon-stars",
    "pencil-square",
    "people-fill",
    "person-x-fill",
    "question-circle-fill",
    "record-circle-fill",
    "search",
    "shield-lock",
    "sliders",
    "telephone-inbound-fill",
    "telephone-outbound-fill",
    "volume-mute-fill",
    "volume-up-fill",
    "x-lg",
    "x-octagon-fill",
]


def npm(*arguments: str) -> str:
    """Return what npm prints; raise subprocess.CalledProcessError when it fails."""
    done = subprocess.run(["npm", *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def fetch(name: str, version: str, folder: Path) -> tuple[tarfile.TarFile, dict[str, str]]:
    """Return the opened package and its record; raise SystemExit when it is not what the registry published."""
    known = json.loads(npm("view", f"{name}@{version}", "license", "dist.integrity", "--json"))
    packed = folder / npm("pack", f"{name}@{version}", "--silent", "--pack-destination", str(folder)).splitlines()[-1]
    digest = "sha512-" + base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
    if digest != known["dist.integrity"]:
        raise SystemExit(f"{name} {version} is not the package its registry published.")
    return tarfile.open(packed), {"version": version, "licence": known["license"], "integrity": digest}


def read(package: tarfile.TarFile, path: str) -> bytes:
    """Return one file of an npm package; raise KeyError when it holds none of that name."""
    member = package.extractfile(f"package/{path}")
    assert member is not None, path
    return member.read()


def sprite(package: tarfile.TarFile) -> bytes:
    """Return one SVG file with a symbol per icon, named like the icon."""
    symbols = []
    for icon in ICONS:
        drawing = read(package, f"icons/{icon}.svg").decode()
        body = re.sub(r"^<svg[^>]*>|</svg>\s*$", "", drawing).strip()
        symbols.append(f'<symbol id="{icon}" viewBox="0 0 16 16">{body}</symbol>')
    return ('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n").encode()


def vendor(name: str, version: str, paths: list[str], folder: Path) -> dict[str, object]:
    """Copy one package's files into place and return its record for vendor.json."""
    package, record = fetch(name, version, folder)
    with package:
        files = {path.removeprefix("dist/"): read(package, path) for path in [*paths, "LICENSE"]}
        if name == "bootstrap-icons":
            files["icons.svg"] = sprite(package)
    home = f"{name}-{version}"
    for path, content in files.items():
        target = VENDOR / home / PurePosixPath(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    hashes = {f"{home}/{path}": hashlib.sha256(content).hexdigest() for path, content in sorted(files.items())}
    return {**record, "files": hashes}


def main() -> None:
    """Fetch every package and write the record."""
    with tempfile.TemporaryDirectory() as folder:
        records = {
            name: vendor(name, version, paths, Path(folder)) for name, (version, paths) in sorted(PACKAGES.items())
        }
    (VENDOR / "vendor.json").write_text(json.dumps(records, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
