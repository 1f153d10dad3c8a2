"""Names in test files, held against the policies: tasks, tiers, tiers of verifiers, errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from router import errors
from router.compiler.model import Task
from router.policy.findings import at_key, at_node, quoted
from router.policy.nodes import Node
from router.policy.suggest import did_you_mean
from router.testing.expanding import RULE
from router.types import Finding

__all__ = ["Unknown", "check_expectations", "find_tier", "hint", "split_tier"]

# What there is to say of an answer, and not of a run that gave none.
_OF_ANSWERS = (
    *("tier", "accepted", "reason", "output", "exactly", "text", "stop_reason", "confidence"),
    *("left", "tags"),
)


def split_tier(written: str, task: str) -> tuple[str, str]:
    """Task and tier of a name such as `haiku`, or `judge/haiku` for another task's."""
    other, slash, tier = written.rpartition("/")
    return (other, tier) if slash else (task, written)


class Unknown(NamedTuple):
    """A tier that there is not."""

    message: str
    help: str

    def at(self, node: Node, key: str | None = None) -> Finding:
        """The finding at a value, or at one of a map's keys."""
        if key is None:
            return at_node("unknown-tier", self.message, node, help=self.help)
        return at_key("unknown-tier", self.message, node, key, help=self.help)


def find_tier(written: str, task: Task, tasks: Mapping[str, Task]) -> tuple[Task, str] | Unknown:
    """The tier that a name means: one of the task, or with `judge/` before it of another."""
    name, tier = split_tier(written, task.name)
    found = tasks.get(name)
    if found is None:
        return Unknown(f"there is no task {quoted(name)}", hint(name, tasks))
    tiers = [one.name for one in found.tiers]
    if tier not in tiers:
        message = f"task `{found.name}` has no tier {quoted(tier)}"
        return Unknown(message, hint(tier, tiers))
    return found, tier


def hint(word: str, known: Mapping[str, object] | Sequence[str]) -> str:
    """What an unknown name may have been meant to be, else what there is."""
    names = sorted(known) if isinstance(known, Mapping) else known
    return did_you_mean(word, names) or f"known here: {', '.join(names)}"


def check_expectations(
    case: Node, expect: Node, task: Task, tasks: Mapping[str, Task]
) -> Iterator[Finding]:
    """Tiers and errors that do not exist, and expectations that cannot hold together."""
    if not expect.value:
        help_line = "say what must come of the run, such as `path: [haiku]`"
        yield at_key(RULE, "the case expects nothing", case, "expect", help=help_line)
    for parent, key in _says_nothing(expect):
        message = f"{quoted(key)} says nothing: it holds for every run"
        help_line = "say what must be there, or remove it"
        yield at_key(RULE, message, parent, key, help=help_line)
    for node in _own_tiers(expect):
        if isinstance(found := find_tier(node.value, task, {task.name: task}), Unknown):
            yield found.at(node)
    attempts, asked = expect.get("attempts"), expect.at("request", "tier")
    for key in attempts.value if attempts is not None and attempts.is_map else ():
        if isinstance(found := find_tier(key, task, tasks), Unknown):
            yield found.at(expect.value["attempts"], key)
    if asked is not None and isinstance(found := find_tier(asked.value, task, tasks), Unknown):
        yield found.at(asked)
    if "output" in expect.value and "exactly" in expect.value:
        message = "`exactly` cannot stand beside `output`: it compares all of it"
        yield at_key("conflicting-keys", message, expect, "exactly", help="keep one of the two")
    yield from _error(expect)


def _says_nothing(expect: Node) -> Iterator[tuple[Node, str]]:
    """Parts of an expectation that would hold for whatever comes, each with the map it is in."""
    if "output" in expect.value and expect.value["output"].value == {}:
        yield expect, "output"
    parts = [(expect, key) for key in ("attempts", "error", "request", "tags", "text", "tokens")]
    request = expect.get("request")
    if request is not None:
        for key in ("contains", "absent"):
            parts.append((request, key))
            by_role = request.get(key)
            if by_role is not None and by_role.is_map:
                parts += [(by_role, role) for role in by_role.value]
    for parent, key in parts:
        node = parent.get(key)
        if node is None:
            continue
        if node.value in ({}, [], "") or any(part.value == "" for part in node.elements()):
            yield parent, key


def _own_tiers(expect: Node) -> Iterator[Node]:
    """Where an expectation names a tier of the task itself."""
    path, left = expect.get("path"), expect.get("left")
    yield from path.elements() if path is not None else ()
    for one in left.elements() if left is not None else ():
        for key in ("tier", "to"):
            node = one.get(key)
            if node is not None and node.value is not None:
                yield node
    for key in ("start", "tier"):
        node = expect.get(key)
        if node is not None:
            yield node


def _error(expect: Node) -> Iterator[Finding]:
    node = expect.get("error")
    if node is None:
        return
    kind = node.get("kind") if node.is_map else node
    known = errors.__all__
    if kind is not None and kind.value not in known:
        message = f"there is no error {quoted(kind.value)}"
        yield at_node(RULE, message, kind, help=hint(kind.value, known))
    for key in _OF_ANSWERS:
        if key in expect.value:
            message = f"{quoted(key)} cannot stand beside `error`: such a run gives no answer"
            yield at_key("conflicting-keys", message, expect, key, help="keep one of the two")
