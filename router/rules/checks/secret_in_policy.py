"""secret-in-policy: keys belong to the deployment, not into files that people copy."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from router.policy.nodes import SourceText
from router.rules.base import Rule
from router.types import Finding, Severity, Span

__all__ = ["RULE", "check_text"]

# What a secret of each kind contains for certain, what it looks like (compiled only then), and
# what it is.
_KINDS: tuple[tuple[str, str, str], ...] = (
    ("sk-", r"\bsk-ant-[A-Za-z0-9_-]{16,}", "an Anthropic key"),
    ("sk-", r"\bsk-(?!ant-)(?:proj-)?[A-Za-z0-9_-]{32,}", "an API key"),
    ("AKIA", r"\bAKIA[0-9A-Z]{16}\b", "an AWS access key"),
    ("ASIA", r"\bASIA[0-9A-Z]{16}\b", "an AWS access key"),
    ("PRIVATE KEY", r"-----BEGIN [A-Z ]*PRIVATE KEY-----", "a private key"),
    ("gh", r"\bgh[pousr]_[A-Za-z0-9]{36,}", "a GitHub token"),
    ("gith", r"\bgithub_pat_[A-Za-z0-9_]{22,}", "a GitHub token"),
    ("xox", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}", "a Slack token"),
    ("AIza", r"\bAIza[0-9A-Za-z_-]{35}", "a Google API key"),
    ("eyJ", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[\w-]{10,}", "a token"),
)
_MARKS = frozenset(mark for mark, _, _ in _KINDS)
_WORDS = ("secret", "passw", "key", "token")
_ASSIGNED = r"[A-Za-z0-9_-]{0,20}[\"']?[ \t]*[:=][ \t]*[\"']?([A-Za-z0-9+/_.=-]{20,})"
_ENTROPY = 3.5  # bits a character: above any word or path, below any random key of 20 characters
_MADE_UP = ("example", "xxxx", "your", "placeholder", "dummy", "redacted")


def check_text(text: SourceText) -> Iterator[Finding]:
    whole = text.text
    taken: list[tuple[int, int]] = []
    present = {mark: mark in whole for mark in _MARKS}
    for mark, pattern, what in _KINDS:
        if present[mark]:
            for found in re.finditer(pattern, whole):
                if not _made_up(found[0]) and not _overlaps(taken, found.span()):
                    taken.append(found.span())
                    yield _finding(text, found.span(), what)
    for found in _assignments(whole):
        span = found.span(1)
        if not _overlaps(taken, span) and not _made_up(found[1]) and _random(found[1]):
            taken.append(span)
            yield _finding(text, span, "a secret")


def _assignments(whole: str) -> Iterator[re.Match[str]]:
    """What is assigned to a name of a secret. Words are looked for first: a regular expression
    over every character of every prompt would cost more than reading the policies."""
    lowered = whole.lower()
    for word in _WORDS:
        start = lowered.find(word)
        while start >= 0:
            found = re.compile(_ASSIGNED).match(whole, start + len(word))
            if found is not None:
                yield found
            start = lowered.find(word, start + len(word))


def _random(value: str) -> bool:
    counts, size = Counter(value), len(value)
    entropy = -sum(n / size * math.log2(n / size) for n in counts.values())
    mixed = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return mixed and entropy > _ENTROPY


def _made_up(value: str) -> bool:
    lowered = value.lower()
    return any(word in lowered for word in _MADE_UP)


def _overlaps(taken: list[tuple[int, int]], span: tuple[int, int]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in taken)


def _finding(text: SourceText, span: tuple[int, int], what: str) -> Finding:
    """The finding, with the secret blotted out of the line it shows."""
    begin, end = span
    line = text.text.count("\n", 0, begin) + 1
    first = text.text.rfind("\n", 0, begin) + 1
    last = text.text.find("\n", begin)
    whole = text.text[first : last if last >= 0 else len(text.text)]
    start, stop = begin - first, min(end - first, len(whole))
    shown = whole[:start] + "*" * (stop - start) + whole[stop:]
    place = (SourceText(text.file, "\n" * (line - 1) + shown), _span(text.file, line, start, stop))
    return RULE.at_place(
        place,
        f"this looks like {what}",
        "revoke it, then keep it in the environment of the deployment",
    )


def _span(file: str, line: int, start: int, stop: int) -> Span:
    return Span(file, line, start + 1, line, stop + 1)


RULE = Rule(
    name="secret-in-policy",
    severity=Severity.ERROR,
    summary="A policy, template or schema holds what looks like a key, token or password.",
    avoid='user: "Call the API with key=AKIA…"',
    prefer="# nothing: the SDK reads ANTHROPIC_API_KEY from the environment",
    why=(
        "Policies are reviewed, copied, logged and shown by lint. Whatever stands in a prompt is "
        "sent to the API, and may come back in an answer. Findings never repeat the secret."
    ),
    configure="Made-up keys in examples pass when they contain `EXAMPLE`, `xxxx` or `your`.",
    check_text=check_text,
)
