"""Which reply goes to which request: rules in order, each with replies in order."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from router.emulator.replies import Item, as_item
from router.emulator.request import MessageRequest
from router.emulator.spec import parse_item

__all__ = ["Match", "Replies", "Rule", "Script"]

Say = Callable[[MessageRequest], Any]
"""Computes a reply: anything `Rule.reply` takes, or None to pass the request on."""


class Replies(Protocol):
    """Where replies come from: a script, recordings, or anything of this form."""

    def reply_to(self, request: MessageRequest) -> Item | None:
        """The reply, or None where this source has none."""
        ...


@dataclass(frozen=True, slots=True)
class Match:
    """Conditions that must all hold; what is None does not count.

    `text`, `system` and `conversation` are substrings, or compiled patterns that are searched
    for. `fields` are property names that the output schema must have.
    """

    task: str | None = None
    tier: str | None = None
    model: str | None = None
    text: str | re.Pattern[str] | None = None
    system: str | re.Pattern[str] | None = None
    conversation: str | re.Pattern[str] | None = None
    fields: frozenset[str] = frozenset()
    when: Callable[[MessageRequest], bool] | None = None

    def __call__(self, request: MessageRequest) -> bool:
        return (
            self.task in (None, request.task)
            and self.tier in (None, request.tier)
            and self.model in (None, request.model, request.body.get("model"))
            and (self.text is None or _found(self.text, request.text))
            and (self.system is None or _found(self.system, request.system))
            and (self.conversation is None or _found(self.conversation, request.conversation))
            and self.fields <= request.fields
            and (self.when is None or self.when(request))
        )


def _found(wanted: str | re.Pattern[str], text: str) -> bool:
    return wanted in text if isinstance(wanted, str) else wanted.search(text) is not None


@dataclass(slots=True)
class Rule:
    """Replies for the requests that match. The last reply is given again and again."""

    match: Match
    first: int = 1  # of the requests that match, the first one this rule answers
    last: int | None = None
    seen: int = 0
    queue: deque[Item | Say] = field(default_factory=deque)

    def reply(self, *items: Any) -> Rule:
        """Adds replies, given in order; the last one of all is repeated.

        An item is a string (text), a JSON value (structured output), what `reply`, `refuse`,
        `truncate`, `call_tool` and `fault` make, or a callable that is given the request and
        returns one of these, or None to pass the request on.

        Raises:
            TypeError: an output that is no JSON value.
        """
        for item in items:
            self.queue.append(item if callable(item) else as_item(item))
        return self

    def take(self) -> Item | Say | None:
        """The next reply, if this rule has one for the request that was just counted."""
        due = self.first <= self.seen and (self.last is None or self.seen <= self.last)
        if not due or not self.queue:
            return None
        return self.queue.popleft() if len(self.queue) > 1 else self.queue[0]


class Script:
    """Rules in the order they were written; the first that matches and has a reply is taken.

    With `strict` a request that no rule answers is refused with a 400 that says so, where it
    would else get an answer shaped by its output schema.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    @classmethod
    def of(
        cls, replies: Mapping[str, Any], *, task: str | None = None, strict: bool = True
    ) -> Script:
        """A script from plain data: a reply, or a list of them, by tier name.

        The replies are written as `parse_item` reads them.

        Raises:
            ValueError: a reply that cannot be read; its tier is named.
        """
        script = cls(strict=strict)
        for tier, items in replies.items():
            rule = script.on(task=task, tier=tier)
            for item in items if isinstance(items, list) else [items]:
                try:
                    parsed, times = parse_item(item)
                except ValueError as error:
                    raise ValueError(f"replies of tier {tier}: {error}") from None
                rule.reply(*[parsed] * times)
        return script

    def on(
        self,
        *,
        task: str | None = None,
        tier: str | None = None,
        model: str | None = None,
        text: str | re.Pattern[str] | None = None,
        system: str | re.Pattern[str] | None = None,
        conversation: str | re.Pattern[str] | None = None,
        fields: Iterable[str] = (),
        when: Callable[[MessageRequest], bool] | None = None,
        nth: int | None = None,
    ) -> Rule:
        """Adds a rule for the requests that meet all of these; `.reply(…)` says what they get.

        `nth` counts the requests that match from 1 and answers that one only. `task` and `tier`
        are known for requests of a router, not for those of an SDK.

        Raises:
            ValueError: `nth` below 1.
        """
        if nth is not None and nth < 1:
            raise ValueError("nth counts from 1")
        match = Match(task, tier, model, text, system, conversation, frozenset(fields), when)
        rule = Rule(match, nth or 1, nth)
        with self._lock:
            self._rules.append(rule)
        return rule

    def reply(self, *items: Any) -> Rule:
        """Replies for every request that no earlier rule answers."""
        return self.on().reply(*items)

    def clear(self) -> None:
        """Forgets all rules."""
        with self._lock:
            self._rules.clear()

    def reply_to(self, request: MessageRequest) -> Item | None:
        """What the first rule that matches says, or None."""
        matching = [rule for rule in tuple(self._rules) if rule.match(request)]
        with self._lock:
            for rule in matching:  # all are counted, so that `nth` does not hang on earlier rules
                rule.seen += 1
        for rule in matching:
            with self._lock:
                item = rule.take()
            if item is not None and (said := _resolve(item, request)) is not None:
                return said
        return None


def _resolve(item: Item | Say, request: MessageRequest) -> Item | None:
    if not callable(item):
        return item
    said = item(request)
    return None if said is None else as_item(said)
