"""The house keeps its floors: imports go downward, I/O stays above floor 3, heavy things lazy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "router"

# One order for all: a module imports what stands before it, or its own package.
FLOORS = [
    ["errors", "types", "resources", "junit", "hashing"],
    ["catalog", "policy"],
    ["compiler"],
    ["rules"],
    ["engine"],
    ["claude", "emulator", "ledger", "reloading", "git"],
    ["drivers", "idempotency", "settings", "config"],
    ["router"],
    ["default"],
    ["testing", "lint", "reports"],
    ["upgrading", "diffing", "handbook", "lsp"],
    ["cli", "__init__"],
    ["__main__"],
]
# Same floor, one way only.
BESIDE = {
    *(("catalog", "policy"), ("emulator", "claude"), ("errors", "types")),
    ("upgrading", "diffing"),
}
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
PURE = FLOOR["engine"]

# Reading the program's own shipped parts, never the user's files (see router/resources.py).
SHIPPED_READERS = {"router/resources.py", "router/catalog/load.py", "router/policy/shape.py"}


def modules() -> Iterator[tuple[Path, str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        yield path, part, ast.parse(path.read_text())


def imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every imported module with its line; type-only imports are shapes, not dependencies."""
    hidden: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            hidden.update(id(child) for child in ast.walk(node))
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module == "router":
                for alias in node.names:
                    yield f"router.{alias.name}", node.lineno
            else:
                yield node.module, node.lineno


def test_every_part_has_its_floor() -> None:
    """A new package must say where it stands."""
    assert {part for _, part, _ in modules()} <= set(FLOOR)


def test_imports_go_downward() -> None:
    """A module imports floors below its own, or its own package; never upwards."""
    wrong = []
    for path, part, tree in modules():
        for name, line in imported(tree):
            if name.split(".")[0] != "router":
                continue
            target = name.split(".")[1] if "." in name else "__init__"
            if target not in FLOOR:
                target = "__init__"  # a public name of the package itself
            below = FLOOR[target] < FLOOR[part]
            if not (below or target == part or (part, target) in BESIDE):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert wrong == []


def test_no_module_imports_back_to_itself() -> None:
    """There are no import cycles, neither at run time nor among types."""
    edges: dict[str, set[str]] = {}
    known = {
        ".".join(("router", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): tree
        for path, _, tree in modules()
    }
    for name, tree in known.items():
        targets: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    targets.add(inner if inner in known else node.module)
        edges[name] = (targets & set(known)) - {name}
    del edges["router"]  # the public face names everything, lazily
    # What imports nothing that is left, or is imported by nothing that is left, is in no cycle.
    while free := {
        name
        for name, targets in edges.items()
        if not targets & set(edges) or not any(name in others for others in edges.values())
    }:
        for name in free:
            del edges[name]
    assert {name: sorted(targets & set(edges)) for name, targets in edges.items()} == {}


@pytest.mark.parametrize(
    ("library", "home"), [("anthropic", "router/claude"), ("sqlite3", "router/ledger")]
)
def test_one_package_owns_each_outside_door(library: str, home: str) -> None:
    """Only the Claude client imports anthropic, only the ledger a database."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path, _, tree in modules()
        for name, line in imported(tree)
        if name.split(".")[0] == library and not str(path.relative_to(ROOT)).startswith(home)
    ]
    assert wrong == []


def test_what_decides_does_no_io() -> None:
    """Up to the engine: no clock, no sleep, no loop, no socket, no thread, no file, no process."""
    banned = {"asyncio", "socket", "subprocess", "time", "requests", "httpx2", "os", "shutil"}
    opening = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir"}
    wrong = []
    for path, part, tree in modules():
        name = str(path.relative_to(ROOT))
        if FLOOR[part] > PURE or name in SHIPPED_READERS:
            continue
        wrong += [
            f"{name}:{line} imports {module}"
            for module, line in imported(tree)
            if module.split(".")[0] in banned
        ]
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func).split(".")[-1]
                if called in opening or ast.unparse(node.func) in ("datetime.now", "date.today"):
                    wrong.append(f"{name}:{node.lineno} calls {ast.unparse(node.func)}")
    assert wrong == []


def test_nothing_runs_text_as_code() -> None:
    """No pickle, eval, exec or shell anywhere."""
    wrong = []
    for path, _, tree in modules():
        name = str(path.relative_to(ROOT))
        wrong += [
            f"{name}:{line} imports {module}"
            for module, line in imported(tree)
            if module in ("pickle", "marshal", "shelve")
        ]
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "eval",
                "exec",
                "os.system",
            ):
                wrong.append(f"{name}:{node.lineno} calls {ast.unparse(node.func)}")
            if isinstance(node, ast.keyword) and node.arg == "shell":
                wrong.append(f"{name}:{node.value.lineno} passes shell=")
    assert wrong == []


def loaded_by(code: str) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return {name.split(".")[0] for name in run.stdout.split()}


def test_importing_router_stays_light() -> None:
    """`import router` pulls in none of the heavy packages."""
    heavy = {"anthropic", "pydantic", "jsonschema", "httpx2", "jinja2", "aiohttp", "typer", "rich"}
    assert not loaded_by("import router") & heavy


def test_lint_does_not_import_the_sdk() -> None:
    """`router lint policies/` never loads anthropic or what it brings."""
    code = (
        "import sys; sys.argv = ['router', 'lint', 'policies']\n"
        "import contextlib, io\n"
        "from router.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    main()"
    )
    assert not loaded_by(code) & {"anthropic", "pydantic", "httpx2", "aiohttp", "sqlite3"}
