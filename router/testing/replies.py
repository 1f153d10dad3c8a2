"""Scripted replies: read from a case, given to the emulator, and counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from router.compiler.model import Task
from router.emulator.faults import FAULTS
from router.emulator.replies import Fault, Item
from router.emulator.request import MessageRequest
from router.emulator.spec import KINDS, SPEC_KEYS, parse_item
from router.policy.findings import at_key, at_node, quoted
from router.policy.nodes import Node
from router.policy.suggest import did_you_mean
from router.testing.expanding import RULE
from router.testing.names import Unknown, find_tier, hint
from router.testing.suite import ScriptedTier
from router.types import Finding

__all__ = ["GivenReplies", "read_replies"]

_MOST = 10_000  # replies of one tier: more than any budget of attempts
_NOTHING = Fault(status=400, message="no reply is scripted")


def read_replies(
    replies: Node, task: Task, tasks: Mapping[str, Task], findings: list[Finding], *, own: bool
) -> Iterator[ScriptedTier]:
    """The replies of a case by tier. What cannot be read is a finding, and left out."""
    for key, node in replies.items():
        found = find_tier(key, task, tasks)
        if isinstance(found, Unknown):
            findings.append(found.at(replies, key))
            continue
        answering, tier = found
        items: list[Item] = []
        listed = list(node.elements()) if node.is_list else [node]
        if not listed:
            findings.append(at_node(RULE, "a list of no replies", node, help="remove it"))
        counted = node.is_list
        for item in listed:
            given = _item(item, answering, findings)
            if given is None:
                continue
            counted = counted or item.get("times") is not None
            items += [given[0]] * given[1]
        if items:
            place = replies.key_span(key)
            yield ScriptedTier(answering.name, tier, tuple(items), not counted, place, own)


def _item(node: Node, task: Task, findings: list[Finding]) -> tuple[Item, int] | None:
    wrong = _unknown_option(node, task)
    if wrong is not None:
        findings.append(wrong)
        return None
    try:
        parsed, times = parse_item(node.plain())
        if times > _MOST:
            raise ValueError(f"times is at most {_MOST}, not {times}")
        return parsed, times
    except ValueError as error:
        name = node.get("error")
        if name is not None and isinstance(name.value, str) and name.value not in FAULTS:
            message = f"there is no fault {quoted(name.value)}"
            findings.append(at_node(RULE, message, name, help=hint(name.value, FAULTS)))
        else:
            findings.append(at_node(RULE, f"no reply: {error}", node))
        return None


def _unknown_option(node: Node, task: Task) -> Finding | None:
    """A key that keeps `{error: …}` and its like from being one, and makes it an output instead."""
    if not node.is_map:
        return None
    unknown = [key for key in node.value if key not in SPEC_KEYS]
    meant = [key for key in node.value if key in KINDS]
    if not unknown or not meant:
        return None
    source = task.output.source if task.output is not None else {}
    fields = source.get("properties") or {}
    if any(key in fields for key in meant):
        return None  # an output with such a field
    message = f"{quoted(unknown[0])} is nothing that can be said of a reply with {quoted(meant[0])}"
    help_line = did_you_mean(unknown[0], SPEC_KEYS)
    return at_key(RULE, message, node, unknown[0], help=help_line)


@dataclass(slots=True)
class GivenReplies:
    """The replies of one case as the emulator asks for them."""

    scripted: Sequence[ScriptedTier]
    asked: dict[tuple[str | None, str | None], int] = field(default_factory=dict)
    unscripted: list[str] = field(default_factory=list)  # requests without a reply, in words

    def reply_to(self, request: MessageRequest) -> Item:
        """The next reply of the tier that is asked; a refusal where there is none."""
        key = request.task, request.tier
        number = self.asked[key] = self.asked.get(key, 0) + 1
        for script in self.scripted:
            if (script.task, script.tier) == key:
                if script.repeats:
                    return script.items[0]
                if number <= len(script.items):
                    return script.items[number - 1]
                self.unscripted.append(
                    f"request {number} to {request.tier} has no reply: "
                    f"{len(script.items)} {'is' if len(script.items) == 1 else 'are'} scripted"
                )
                return _NOTHING
        self.unscripted.append(f"{request.task}/{request.tier} was asked and has no reply")
        return _NOTHING

    def unused(self) -> Iterator[tuple[ScriptedTier, int, int]]:
        """The case's own replies that were left over: of which tier, how many were used of all."""
        for script in self.scripted:
            asked = self.asked.get((script.task, script.tier), 0)
            if script.own and asked < len(script.items):
                yield script, asked, len(script.items)
