"""Import and lint in a fresh process, beside what cannot be spared."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass

import msgspec

from bench.child import ROOT, Spent, child, least

__all__ = ["HEAVY", "Starting", "apart", "measure"]

HEAVY = ("anthropic", "pydantic", "jsonschema", "httpx2", "aiohttp", "typer", "rich")
_MODULES = "; import json; print(json.dumps(sorted(sys.modules)))"


@dataclass(frozen=True, slots=True)
class Starting:
    bare: Spent  # python -c pass
    parts: Spent  # what lint cannot do without: yaml and the schema validator
    imported: Spent  # import router
    lint: Spent  # router lint of one policy
    sdk: Spent  # import anthropic, for scale
    heavy_in_import: tuple[str, ...]
    heavy_in_lint: tuple[str, ...]


def measure(*, rounds: int = 9) -> Starting:
    runs = [
        ["-c", "pass"],
        ["-c", "import yaml, jsonschema_rs"],
        ["-c", "import router"],
        ["-m", "router", "lint", "bench/policies/tickets.yaml"],
        ["-c", "import anthropic"],
    ]
    with tempfile.TemporaryDirectory() as cache:
        bare, parts, imported, lint = least(runs[:4], rounds=rounds, bytecode=cache)
        (sdk,) = least(runs[4:], rounds=max(1, rounds // 3), bytecode=cache)
    return Starting(
        bare,
        parts,
        imported,
        lint,
        sdk,
        _heavy("import router, sys" + _MODULES),
        _heavy(_AFTER_LINT),
    )


_AFTER_LINT = f"""
import sys
import tempfile
sys.argv[1:] = ["lint", {str(ROOT / "bench/policies/tickets.yaml")!r}]
from router.cli import main
try:
    main()
except SystemExit:
    pass
import json
print()
print(json.dumps(sorted(sys.modules)))
"""


def _heavy(program: str) -> tuple[str, ...]:
    names = json.loads(child(["-c", program]).out.splitlines()[-1])
    return tuple(name for name in HEAVY if name in names)


def apart(*, rounds: int = 9) -> Starting:
    """`measure` from a small process: a child is charged with its parent's memory until it is a
    program of its own."""
    told = child(["-m", "bench.starting", str(rounds)]).out.splitlines()[-1]
    return msgspec.json.decode(told, type=Starting)


if __name__ == "__main__":
    print(msgspec.json.encode(measure(rounds=int(sys.argv[1]))).decode())
