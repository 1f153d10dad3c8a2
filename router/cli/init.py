"""`router init`: a project to begin with. What is there already is never touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from router.cli.show import out
from router.errors import UsageError
from router.policy.findings import escaped
from router.resources import shipped

__all__ = ["write_project"]

_STARTER = "classify"

# The ledger, its write-ahead log, and rows put aside while it could not be written.
_IGNORED = "router.ledger.db*"

_NEXT = """
Next{where}:
  router lint
  router test
  router run classify --input message='I was charged twice' --explain --offline
  router report

Without --offline and with ANTHROPIC_API_KEY set, the same goes to Claude. pytest runs the tests
of policies/ too.
"""


def write_project(directory: Path, *, everything: bool = False) -> None:
    """Write a starter project and say what was written and what was kept.

    Args:
        directory: made where it is missing.
        everything: the whole starter library, not one task.

    Raises:
        UsageError: the directory cannot be written to.
    """
    try:
        for name, content in _files(everything):
            out(f"{_write(directory / name, content)} {name}")
        out(f"{_ignore(directory / '.gitignore')} .gitignore")
    except OSError as error:
        raise UsageError(f"cannot write {error.filename or directory}: {error.strerror}") from None
    where = "" if directory.resolve() == Path.cwd() else f", in {escaped(str(directory))}"
    out(_NEXT.format(where=where))


def _files(everything: bool) -> Iterator[tuple[str, bytes]]:
    """Names in the project and what they hold."""
    library = shipped("policies")
    for path in sorted(library.rglob("*")):
        name = path.relative_to(library).as_posix()
        if path.is_file() and (everything or _belongs(name)):
            yield f"policies/{name}", path.read_bytes()
    for name in ("policy", "policytest"):
        schema = f"{name}.schema.json"
        yield f"schemas/{schema}", (shipped("schemas") / schema).read_bytes()


def _belongs(name: str) -> bool:
    """Whether a file of the library is part of the one starter task."""
    own = (f"{_STARTER}.yaml", f"{_STARTER}.test.yaml", f"inputs/{_STARTER}.jsonl")
    return name in ("_defaults.yaml", *own) or name.startswith(f"prompts/{_STARTER}/")


def _write(path: Path, content: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return "kept " if not path.is_file() or path.read_bytes() != content else "same "
    return "wrote"


def _ignore(path: Path) -> str:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if _IGNORED in before.split("\n"):
        return "same "
    gap = "" if not before or before.endswith("\n") else "\n"
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{gap}{_IGNORED}\n")
    return "added to" if before else "wrote"
