"""Which module may know which: imports run one way, and each wire has one place."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = sorted(path for path in (ROOT / "calls").rglob("*.py") if "migrations" not in path.parts)

# From the outside in; a module may import those of its own layer and of the layers below it.
LAYERS = [
    {"admin", "apps", "checks", "consumers", "lifespan", "management", "probes", "server", "urls", "views", "webhook"}
    | {"templatetags"},
    {"reject_view", "pass_view", "note_view", "preferences_view", "acts", "replies", "appearance", "signins"}
    | {"entra_view", "outages", "way_back", "staticstorage", "headers", "sessions", "backends"}
    | {"kinds", "turned_away"},
    {"process"},
    {"watching"},
    {"keeper", "writeahead"},
    {"history", "story", "enquiries", "reapply", "notifications", "rights", "hints"}
    | {"rejections", "passing", "notes", "obstacles", "preferences", "entra"},
    {"retention", "seals", "exports", "configuration", "failures"},
    {"writer", "sentences", "words", "advice", "faultwords"},
    {"arrivals", "settling"},
    {"attendance"},
    {"proof", "walk", "findings", "witness"},
    {"audit", "live", "frames", "viewers", "folding", "guards", "roles", "rows", "threads", "pace"},
    {"actions"},
    {"clicks"},
    {"metrics", "models", "moments", "hours", "reading", "signing", "build", "modules", "keys"},
    {"graph"},
]
ONLY_IN_GRAPH = {"httpx", "msal", "jwt"}


def module_of(path: Path) -> str:
    return path.relative_to(ROOT / "calls").with_suffix("").parts[0]


def imports_of(path: Path) -> set[str]:
    """Return every module the file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def siblings_of(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports_of(path) if name.startswith("calls.")}


def layer_of(module: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if module in layer)


@pytest.mark.parametrize(
    "path", [path for path in PRODUCT if module_of(path) not in ("simulator", "__init__")], ids=str
)
def test_imports_run_one_way(path: Path) -> None:
    own = layer_of(module_of(path))
    commands_of_the_simulator = path.name in ("simulator.py", "demo.py")
    upwards = {
        name
        for name in siblings_of(path)
        if not (name == "simulator" and commands_of_the_simulator) and layer_of(name) < own
    }
    assert not upwards


@pytest.mark.parametrize("path", PRODUCT, ids=str)
def test_each_wire_has_one_place(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports_of(path)}
    if module_of(path) not in ("graph", "simulator") and path.name not in ("simulator.py", "demo.py"):
        assert not roots & ONLY_IN_GRAPH
    assert "callsdashboard" not in roots or path.name == "serve.py"


def test_graph_knows_nothing_of_the_database_channels_or_requests() -> None:
    for path in (ROOT / "calls" / "graph").rglob("*.py"):
        assert not {name for name in imports_of(path) if name.split(".")[0] in ("django", "channels")}, path
        assert siblings_of(path) <= {"graph"}, path


def test_the_simulator_knows_graphs_words_and_nothing_else_of_the_product() -> None:
    for path in (ROOT / "calls" / "simulator").rglob("*.py"):
        known = {name for name in imports_of(path) if name.startswith("calls.") and "simulator" not in name}
        assert all(name.startswith("calls.graph.vocabulary") for name in known), path


def test_nothing_but_its_commands_loads_the_simulator() -> None:
    loading = [path for path in PRODUCT if "simulator" in siblings_of(path) and module_of(path) != "simulator"]
    assert {path.name for path in loading} <= {"simulator.py", "demo.py"}


@pytest.mark.parametrize("path", PRODUCT, ids=str)
def test_no_import_hides_in_a_function_to_dodge_a_circle(path: Path) -> None:
    allowed = {"serve.py", "apps.py"}  # one installs an event loop, the other waits for the models
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    hidden = [
        node for function in functions for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not hidden or path.name in allowed


def test_modules_are_named_for_their_subject() -> None:
    vague = {"services", "utils", "helpers", "managers", "common", "misc"}
    assert not vague & {path.stem for path in PRODUCT}
    assert sys.version_info >= (3, 11)
