"""PolicySet: policies as the engine runs them. Immutable, complete, named by its revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Protocol

from router.types import Finding, Span

__all__ = [
    "AgreementSignal",
    "Block",
    "Condition",
    "Confidence",
    "Conversation",
    "EscalateRule",
    "Event",
    "Exhausted",
    "FieldSignal",
    "PolicySet",
    "Prompt",
    "Retry",
    "RunBudget",
    "Schema",
    "Signal",
    "StartRule",
    "Task",
    "Template",
    "Tier",
    "Ttl",
    "VerifierSignal",
    "Violation",
]

Ttl = Literal["5m", "1h"]


class Event(StrEnum):
    """Answers that never reach a threshold."""

    INVALID_OUTPUT = "invalid_output"  # not JSON, or breaks the output schema
    REFUSAL = "refusal"
    TRUNCATED = "truncated"  # max_tokens, or the context window was exceeded
    UNKNOWN_STOP = "unknown_stop"  # a stop reason this version does not know


class Violation(NamedTuple):
    """One rule of a JSON Schema that a value breaks. `path` is like `message` or `items[2].id`."""

    path: str
    rule: str  # the keyword, e.g. "maxLength"
    message: str


class Schema(Protocol):
    """A JSON Schema, checked and compiled once."""

    @property
    def source(self) -> Mapping[str, Any]:
        """The schema as written."""
        ...

    @property
    def wire(self) -> Mapping[str, Any] | None:
        """The part the API can enforce; None where it can enforce none."""
        ...

    @property
    def removed(self) -> tuple[str, ...]:
        """What `wire` lacks and we enforce, e.g. "confidence: maximum"; why there is no wire."""
        ...

    def problems(self, value: Any, *, plain: bool = False) -> tuple[Violation, ...]:
        """Every rule that `value` breaks; empty when it is valid. Fast when valid.

        `plain` says that `value` is known to be JSON and nothing else, and not deep.
        """
        ...

    def with_defaults(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """`value` with top-level defaults filled in; `value` itself where none is missing."""
        ...

    def normalise(self, value: Any) -> Any:
        """`value` with strings that differ from an enum member by letter case only put right."""
        ...


class Template(Protocol):
    """A text template, checked at load; `constant` ones use no input at all."""

    @property
    def source(self) -> str:
        """The text as written."""
        ...

    @property
    def names(self) -> frozenset[str]:
        """The inputs it uses."""
        ...

    @property
    def constant(self) -> bool:
        """Whether it uses none, so that its text is always the same."""
        ...

    def render(self, values: Mapping[str, Any]) -> str:
        """The text.

        Raises:
            TemplateError: (router.compiler.templates) an undefined value or a cap is hit.
        """
        ...


class Condition(Protocol):
    """A `when` expression, compiled once."""

    @property
    def source(self) -> str:
        """The expression as written."""
        ...

    @property
    def names(self) -> frozenset[str]:
        """The names it uses: inputs, `output`, `confidence`, `tier`, `stop_reason`."""
        ...

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether it holds over inputs by name, `output`, `confidence`, `tier`, `stop_reason`."""
        ...


class Block(NamedTuple):
    """One content block of a prompt. Exactly one of the sources is set by `kind`."""

    kind: Literal["text", "image", "document"]
    template: Template | None = None  # text; also the text of an inline document
    input: str | None = None  # image or document given by an input
    static: Mapping[str, Any] | None = None  # image or document read at load: a Messages-API source
    title: str | None = None
    context: str | None = None
    citations: bool = False
    cache: Ttl | None = None


class Conversation(NamedTuple):
    """An input that holds Messages-API turns, placed before the user blocks."""

    input: str
    cache: Ttl | None = None  # a breakpoint after the last turn


class Prompt(NamedTuple):
    """The blocks of a request in the order in which they are sent: system, turns, user."""

    system: tuple[Block, ...]
    user: tuple[Block, ...]
    messages: Conversation | None = None


class EscalateRule(NamedTuple):
    """Leave the tier if confidence is below a threshold, or if a condition holds."""

    to: str | None  # the next tier where the policy names none; None on the last tier:
    # the answer is then not accepted and `exhausted` decides
    below: float | None = None
    when: Condition | None = None
    reason: str | None = None
    span: Span | None = None


class StartRule(NamedTuple):
    """Where a run begins if a condition over its inputs holds; the first that holds decides."""

    when: Condition
    tier: str
    reason: str | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """One rung of the ladder: a pinned model, its ceilings, and when to leave it."""

    name: str
    model: str  # the pinned id, never a name from `models`
    max_tokens: int
    escalate: tuple[EscalateRule, ...] = ()
    effort: str | None = None
    thinking: Literal["adaptive", "disabled", "between_tools"] | None = None
    timeout: float | None = None  # seconds for one attempt, total
    service_tier: str | None = None
    speed: Literal["standard", "fast"] | None = None
    geography: str | None = None  # sent as inference_geo
    stop_sequences: tuple[str, ...] = ()
    local: bool = False  # served by a machine of the deployment's own: no price, no catalog entry
    span: Span | None = None


class FieldSignal(NamedTuple):
    """A number that the model fills into its own answer."""

    path: tuple[str, ...]  # within the output: output.confidence -> ("confidence",)


class AgreementSignal(NamedTuple):
    """The share of samples that agree."""

    samples: int
    of: tuple[str, ...]  # path within the output


class VerifierSignal(NamedTuple):
    """Another task's verdict on the answer."""

    task: str  # its output.confidence is the probability that the answer is right


Signal = FieldSignal | AgreementSignal | VerifierSignal


class Confidence(NamedTuple):
    """Signals, and how several of them become one number."""

    signals: tuple[Signal, ...]
    combine: Literal["min", "mean", "product"] = "min"


class Exhausted(NamedTuple):
    """What a run gives when no tier's answer was good enough."""

    mode: Literal["best", "error", "value"] = "best"
    value: Any = None


class Retry(NamedTuple):
    """Transport faults on one tier: full jitter over min(cap, base * factor**n) seconds."""

    retries: int = 5
    base: float = 1.0
    factor: float = 2.0
    cap: float = 30.0


class RunBudget(NamedTuple):
    """Spans retries, fallbacks, escalations, samples and verifiers of one run."""

    usd: Decimal | None = None
    deadline: float | None = None  # seconds
    attempts: int = 20


@dataclass(frozen=True, slots=True)
class Task:
    """A named kind of work, linked: what a run needs and nothing that it has to look up."""

    name: str
    revision: str  # digest of everything that can change this task's behaviour
    prompt: Prompt
    tiers: tuple[Tier, ...]
    description: str | None = None
    owner: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    input: Schema | None = None
    trusted: frozenset[str] = frozenset()
    output: Schema | None = None
    tools: tuple[Mapping[str, Any], ...] = ()  # Messages-API tools, `cache_control` included
    tool_choice: Mapping[str, Any] | None = None
    start: tuple[StartRule, ...] = ()
    escalate_on: frozenset[Event] = frozenset(
        {Event.INVALID_OUTPUT, Event.REFUSAL, Event.TRUNCATED}
    )
    confidence: Confidence | None = None
    exhausted: Exhausted = field(default=Exhausted())
    fallback: tuple[str, ...] | None = None  # None: the next tiers in order
    retry: Retry = field(default=Retry())
    budget: RunBudget = field(default=RunBudget())
    stream: Literal["held", "eager"] = "held"
    strict_model: bool = False
    span: Span | None = None
    # What later floors derive from this task once and keep as long as it lives. Writers may race:
    # what they write is the same.
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def tier(self, name: str) -> Tier:
        for tier in self.tiers:
            if tier.name == name:
                return tier
        raise KeyError(name)

    def after(self, name: str) -> Tier | None:
        """The next tier up the ladder, if any."""
        names = [tier.name for tier in self.tiers]
        index = names.index(name) + 1
        return self.tiers[index] if index < len(self.tiers) else None

    def onward(self, tier: Tier) -> frozenset[str]:
        """The tiers to which a run may go from one: by a rule, an event, or a fault."""
        names = {rule.to for rule in tier.escalate if rule.to is not None}
        following = self.after(tier.name)
        if following is not None and (self.escalate_on or self.fallback is None):
            names.add(following.name)
        return frozenset(names.union(self.fallback or ()))

    def reads_confidence(self, tier: Tier) -> bool:
        """Whether leaving the tier depends on confidence: only then are paid signals gathered."""
        return self.confidence is not None and any(
            rule.below is not None or (rule.when is not None and "confidence" in rule.when.names)
            for rule in tier.escalate
        )

    def calls(self, tier: Tier) -> int:
        """How many calls one visit of the tier makes: samples, where its rules read confidence."""
        if self.confidence is None or not self.reads_confidence(tier):
            return 1
        signals = self.confidence.signals
        return max((s.samples for s in signals if isinstance(s, AgreementSignal)), default=1)


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All tasks of a policy root, and the files that they came from."""

    revision: str
    tasks: Mapping[str, Task]
    files: tuple[str, ...]  # every file read, relative to the root: what a watcher watches
    findings: tuple[Finding, ...] = ()  # warnings and infos; a set with errors does not exist
