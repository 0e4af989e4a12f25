"""Which room may import which, and which words belong to one room only. The rule is the list below."""

import ast
import functools
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# A room imports rooms of lower lines only, never one of its own line. Leaves are the modules directly in `calls/`.
ROOMS = """
    wiring admin management
    web
    runtime
    ingest
    decisions accounts
    audit live
    models
    graph db leaves
"""
LEAVES = {"build", "hours", "metrics", "text", "timestamps"}
WIRING = {"apps", "backends", "checks", "urls", "templatetags"}
COMMANDS_OF_THE_SIMULATOR = {"demo.py", "simulator.py"}
ONLY_IN = {
    "httpx": {"graph"},
    "msal": {"graph"},
    "jwt": {"graph"},
    "channels": {"live", "web"},
}
SQL_PLACES = (
    "calls/db/",
    "calls/audit/triggers.py",
    "calls/audit/verify/",
    "calls/runtime/leader_lock.py",
    "calls/management/commands/migrate.py",
)

LEVEL = {room: level for level, line in enumerate(ROOMS.split("\n")) for room in line.split()}
CODE = ("calls", "callsdashboard", "tests", "tools")
MOST_LINES = 300
PRODUCT = sorted(path for path in (ROOT / "calls").rglob("*.py") if not {"migrations", "simulator"} & set(path.parts))


def name_of(path: Path) -> str:
    """Return the dotted name of a module below `calls`, as `audit.chain`; a package's own for its `__init__`."""
    return ".".join(path.relative_to(ROOT / "calls").with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str:
    """Return the room a module below `calls` stands in."""
    first = module.partition(".")[0]
    return "leaves" if first in LEAVES else "wiring" if first in WIRING else first


@functools.cache
def imports_of(path: Path) -> frozenset[str]:
    """Return every module the file imports, and every name it imports from one, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def own_imports_of(path: Path) -> set[str]:
    """Return what the file imports from `calls`, without that prefix."""
    return {name.removeprefix("calls.") for name in imports_of(path) if name.startswith("calls.")}


def test_every_module_stands_in_a_room() -> None:
    assert {room_of(name_of(path)) for path in PRODUCT if name_of(path) != "__init__"} == set(LEVEL)


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    own = room_of(name_of(path))
    others = {(room_of(name), name) for name in own_imports_of(path)} - {(own, name) for name in own_imports_of(path)}
    if path.name in COMMANDS_OF_THE_SIMULATOR:
        others = {(room, name) for room, name in others if room != "simulator"}
    assert not {name for room, name in others if LEVEL.get(room, -1) <= LEVEL.get(own, 0)}


@pytest.mark.parametrize("room", sorted(set(LEVEL) - {"wiring"}))
def test_no_circle_between_the_files_of_a_room(room: str) -> None:
    files = {name_of(path): path for path in PRODUCT if room_of(name_of(path)) == room}
    known = {name: {other for other in files if other != name and _imports(files[name], other)} for name in files}
    try:
        TopologicalSorter(known).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' → '.join(error.args[1])}")


def _imports(path: Path, module: str) -> bool:
    is_package = (ROOT / "calls" / module.replace(".", "/")).is_dir()
    names = own_imports_of(path)
    if is_package:  # the package itself, or a name that its `__init__` gives; its modules count for themselves
        modules = {name_of(other) for other in (ROOT / "calls" / module.replace(".", "/")).glob("*.py")}
        return module in names or any(name.rpartition(".")[0] == module and name not in modules for name in names)
    return any(name == module or name.rpartition(".")[0] == module for name in names)


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_each_wire_has_one_room(path: Path) -> None:
    roots = {name.partition(".")[0] for name in imports_of(path)}
    if path.name not in COMMANDS_OF_THE_SIMULATOR:
        assert all(room_of(name_of(path)) in ONLY_IN[root] for root in roots & set(ONLY_IN))
    assert "callsdashboard" not in roots or path.name == "serve.py"


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_sql_and_the_kind_of_database_have_few_places(path: Path) -> None:
    if not str(path.relative_to(ROOT)).startswith(SQL_PLACES):
        assert not re.search(r"connection\.vendor|\.cursor\(\)|\.raw\(|RunSQL|\bexecute\(", path.read_text())


def test_graph_knows_nothing_of_the_database_or_requests() -> None:
    for path in (ROOT / "calls" / "graph").rglob("*.py"):
        assert not {name for name in imports_of(path) if name.partition(".")[0] == "django"}, path
        assert {room_of(name) for name in own_imports_of(path)} <= {"graph"}, path


def test_the_simulator_knows_graphs_words_and_nothing_else_of_the_product() -> None:
    for path in (ROOT / "calls" / "simulator").rglob("*.py"):
        known = {name for name in own_imports_of(path) if room_of(name) != "simulator"}
        assert all(name.startswith("graph.vocabulary") for name in known), path


def test_nothing_but_its_commands_loads_the_simulator() -> None:
    loading = {path.name for path in PRODUCT if "simulator" in {room_of(name) for name in own_imports_of(path)}}
    assert loading <= COMMANDS_OF_THE_SIMULATOR


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
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


def test_files_and_rooms_stay_small() -> None:
    files = [path for top in CODE for path in (ROOT / top).rglob("*.py") if "migrations" not in path.parts]
    assert not {str(path): lines for path in files if (lines := path.read_text().count("\n")) > MOST_LINES}
    assert len(list((ROOT / "calls").glob("*.py"))) <= 12
    assert len(list((ROOT / "static" / "board").glob("*.js"))) <= 6
