"""Expectations about the request: what it contains, its cache marks, where untrusted text is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from router.catalog.models import Catalog
from router.catalog.tokens import estimate_body
from router.compiler.model import Task
from router.emulator.request import MessageRequest, blocks_of
from router.engine.inputs import prepare_inputs
from router.engine.request import build_body, render_prompt
from router.errors import UsageError
from router.policy.nodes import Node
from router.testing.driving import Outcome
from router.testing.expecting import Failure, bound_failure, shown, texts
from router.testing.names import split_tier
from router.testing.suite import Case

__all__ = ["request_failures", "untrusted_places"]

_ROLES = ("system", "user", "assistant")


def request_failures(
    case: Case, outcome: Outcome, tasks: Mapping[str, Task], catalog: Catalog
) -> Iterator[Failure]:
    """Every expectation about the request that does not hold."""
    expect = case.expect
    node = expect.get("request") if expect is not None else None
    if expect is None or node is None:
        return
    request = _request(node, case, outcome)
    if request is None:
        yield Failure(expect.key_span("request"), "request", "a request", "none was sent")
        return
    body = request.body
    for key, bound, actual in (
        ("max_tokens", node.get("max_tokens"), body["max_tokens"]),
        ("turns", node.get("turns"), len(body["messages"])),
    ):
        if bound is not None:
            yield from bound_failure(bound, f"request.{key}", actual)
    marks = {one.where: one.ttl for one in estimate_body(body).prefixes}
    roles = [message["role"] for message in body["messages"]]
    for key, actual in (("model", body["model"]), ("roles", roles), ("cache", marks)):
        stated = node.get(key)
        if stated is not None and stated.plain() != actual:
            yield Failure(stated.span, f"request.{key}", shown(stated.plain()), shown(actual))
    yield from _parts(node, body)
    yield from _untrusted(node, case, request, tasks, catalog)


def _request(node: Node, case: Case, outcome: Outcome) -> MessageRequest | None:
    """The first request to the tier that is meant."""
    tier = node.get("tier")
    if tier is None:
        return outcome.requests[0] if outcome.requests else None
    wanted = split_tier(tier.value, case.task)
    return next((one for one in outcome.requests if (one.task, one.tier) == wanted), None)


# --- what it contains -----------------------------------------------------------------------------


def _parts(node: Node, body: Mapping[str, Any]) -> Iterator[Failure]:
    there = _texts_by_role(body)
    for key, present in (("contains", True), ("absent", False)):
        stated = node.get(key)
        if stated is None:
            continue
        places = dict(stated.items()) if stated.is_map else {"the request": stated}
        for place, parts in places.items():
            roles = [place] if stated.is_map else list(there)
            whole = "\n".join(text for role in roles for text in there.get(role, ()))
            for part in texts(parts):
                if (part.value in whole) is not present:
                    yield Failure(part.span, f"request.{key}", *_said(part.value, place, whole))


def _said(part: str, place: str, whole: str) -> tuple[str, str]:
    at = whole.find(part)
    if at < 0:
        return f"{shown(part)} in {place}", shown(whole)
    around = whole[max(0, at - 60) : at + len(part) + 60]
    return f"no {shown(part)} in {place}", f"… {shown(around)} …"


def _texts_by_role(body: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {role: [] for role in _ROLES}
    found["system"] += _strings(body.get("system"))
    for message in body["messages"]:
        found.setdefault(message["role"], []).extend(_strings(message["content"]))
    return found


def _strings(content: Any) -> list[str]:
    """All text of content blocks: documents, tool calls and their results included."""
    return [text for block in blocks_of(content) for text in _leaves(block)]


def _leaves(value: Any, key: str = "text") -> Iterator[str]:
    if isinstance(value, str):
        if key not in _NO_TEXT:
            yield value
    elif isinstance(value, Mapping):
        for name, child in value.items():
            yield from _leaves(child, name)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _leaves(child, key)


# --- where untrusted text is ----------------------------------------------------------------------

# Fields that name, point or hold bytes: marking them would change what the block is.
_NO_TEXT = frozenset(
    {"type", "role", "id", "tool_use_id", "name", "media_type", "url", "file_id", "ttl"}
)
_BEGIN, _END = "qz7untrustedbeginsq", "qz7untrustedendsq"
_MARK = re.compile(f"({_BEGIN})|{_END}", re.IGNORECASE)  # filters may change the case
_TAG = re.compile(r"<(/?)([A-Za-z][\w.-]*)[^<>]*>")


def _untrusted(
    node: Node,
    case: Case,
    request: MessageRequest,
    tasks: Mapping[str, Task],
    catalog: Catalog,
) -> Iterator[Failure]:
    stated = node.get("untrusted")
    if stated is None:
        return
    wanted = [one.value for one in stated.elements()]
    if request.task != case.task:
        yield Failure(stated.span, "request.untrusted", "a request of the case's own task", "")
        return
    try:
        found = untrusted_places(tasks[case.task], str(request.tier), case.inputs, catalog)
    except UsageError as error:
        yield Failure(stated.span, "request.untrusted", shown(wanted), error.message)
        return
    stray = [place for place in found if not any(_covers(one, place) for one in wanted)]
    empty = [one for one in wanted if not any(_covers(one, place) for place in found)]
    if stray or empty:
        said = sorted({"/".join(place) for place in found})
        yield Failure(stated.span, "request.untrusted", shown(wanted), shown(said))


def untrusted_places(
    task: Task, tier: str, inputs: Mapping[str, Any], catalog: Catalog
) -> frozenset[tuple[str, ...]]:
    """Where the text of untrusted inputs ends up: the role, then the elements around it.

    The prompt is rendered again with a mark at both ends of every text of an untrusted input. A
    text stands in the elements that hold all of it, from mark to mark: not in one that it leaves,
    or in whose attributes it is.

    Raises:
        UsageError: as `run` would, for these inputs or the marked ones.
    """
    values = dict(prepare_inputs(task, inputs))
    bound = _not_to_be_marked(task)
    marked = {name: value if name in bound else _mark(value) for name, value in values.items()}
    chosen = task.tier(tier)
    model = None if chosen.local else catalog.get(chosen.model)
    body = build_body(task, chosen, render_prompt(task, marked), model=model)
    places: set[tuple[str, ...]] = set()
    for role, found in _texts_by_role(body).items():
        for text in found:
            places.update((role, *elements) for elements in _elements_around_marks(text))
    return frozenset(places)


def _not_to_be_marked(task: Task) -> frozenset[str]:
    """Trusted inputs, those of a fixed choice, which can say nothing else, and images."""
    declared = (task.input.source.get("properties") or {}) if task.input is not None else {}
    fixed = {
        name
        for name, schema in declared.items()
        if isinstance(schema, Mapping) and ("enum" in schema or "const" in schema)
    }
    blocks = (*task.prompt.system, *task.prompt.user)
    media = {block.input for block in blocks if block.input is not None}
    return frozenset(task.trusted | fixed | media)


def _mark(value: Any) -> Any:
    if isinstance(value, str):
        return f"{_BEGIN}{value}{_END}" if value else value  # templates ask whether there is any
    if isinstance(value, Mapping):
        return {name: _mark(child) for name, child in value.items()}
    if isinstance(value, list | tuple):
        return [_mark(child) for child in value]
    return value


def _elements_around_marks(text: str) -> Iterator[tuple[str, ...]]:
    """For each marked text the elements that hold all of it, outermost first."""
    marked = list(_marked(text))
    elements = sorted(_elements(text)) if marked else []
    for start, end in marked:
        yield tuple(name for first, last, name in elements if first <= start and end <= last)


def _marked(text: str) -> Iterator[tuple[int, int]]:
    """Where marked texts begin and end. Of one that a filter has cut only a mark is left."""
    begun: re.Match[str] | None = None
    for mark in _MARK.finditer(text):
        if begun is not None:
            yield begun.start(), begun.end() if mark[1] else mark.end()
        elif not mark[1]:
            yield mark.span()
        begun = mark if mark[1] else None
    if begun is not None:
        yield begun.span()


def _elements(text: str) -> Iterator[tuple[int, int, str]]:
    """What stands between a tag and its end tag; a tag without one is only a word."""
    opened: list[tuple[str, int]] = []
    for tag in _TAG.finditer(text):
        closing, name = tag.groups()
        if not closing and not tag[0].endswith("/>"):
            opened.append((name, tag.end()))
        while closing and any(one.casefold() == name.casefold() for one, _ in opened):
            one, start = opened.pop()
            if one.casefold() == name.casefold():
                yield start, tag.start(), one
                break


def _covers(wanted: str, place: tuple[str, ...]) -> bool:
    role, _, element = wanted.partition("/")
    return place[0] == role and (not element or element in place[1:])
