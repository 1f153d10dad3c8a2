"""Exact token counts for the rules that else estimate: what is asked, of whom, and how often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from router.claude.counting import count_tokens
from router.claude.settings import transport
from router.claude.transport import Transport
from router.compiler.compilation import CompiledTask
from router.lint.sources import Count
from router.rules.base import Facts
from router.rules.counts import Question, questions
from router.settings import Settings

__all__ = ["counter", "counting"]


@contextmanager
def counting(settings: Settings, *, offline: bool = False) -> Iterator[Count]:
    """A counter as the deployment is set up; connections are opened at the first question.

    Raises:
        RouterError: a key is missing, or the API does not count. The message says why.
    """
    if offline or settings.offline:
        from router.emulator.transport import EmulatorTransport

        asked: Transport = EmulatorTransport()
    else:
        asked = transport(settings.client)
    try:
        yield counter(asked)
    finally:
        asked.close()


def counter(asked: Transport) -> Count:
    """Counts the constant prefixes of tasks on their models, each once."""
    known: dict[str, int] = {}

    def count(question: Question) -> int:
        """The prefix alone: a request needs a message, whose tokens are taken off again."""
        if question.model not in known:
            known[question.model] = count_tokens(asked, question.bare)
        return count_tokens(asked, question.body) - known[question.model]

    def answers(tasks: Sequence[CompiledTask], facts: Facts) -> Mapping[str, int]:
        for compiled in tasks:
            for model in [facts.model(tier) for tier in compiled.task.tiers]:
                for question in questions(compiled, model).values() if model is not None else ():
                    if question.key not in known:
                        known[question.key] = count(question)
        return dict(known)

    return answers
