"""`router test --live` and `--replay`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from router.cli.failures import colored
from router.errors import UsageError

__all__ = ["Asked", "evaluate"]


@dataclass(frozen=True, slots=True)
class Asked:
    """The options that are about labelled inputs."""

    live: bool = False
    max_usd: str | None = None
    record: Path | None = None
    replay: Path | None = None
    repeat: int | None = None
    parallel: int | None = None
    offline: bool = False

    @property
    def wanted(self) -> bool:
        """Whether labelled inputs are to be answered, instead of cases run.

        Raises:
            UsageError: options that do not go together.
        """
        if self.live and self.replay is not None:
            raise UsageError("--live or --replay, not both")
        if self.live and self.max_usd is None:
            raise UsageError("--live spends money: --max-usd says how much it may be")
        wanted = self.live or self.replay is not None
        for name, value, needs in (
            ("--max-usd", self.max_usd, self.live),
            ("--record", self.record, self.live),
            ("--parallel", self.parallel, self.live),
            ("--offline", self.offline or None, self.live),
            ("--repeat", self.repeat, wanted),
        ):
            if value is not None and not needs:
                also = " or --replay" if name == "--repeat" else ""
                raise UsageError(f"{name} goes with --live{also}")
        return wanted


def evaluate(
    asked: Asked, paths: Sequence[Path], policies: Path | None, task: str | None, form: str
) -> int:
    """Answer the labelled inputs, print how they fared, and give the exit code."""
    from router.testing.evaluating import evaluate_live, evaluate_recorded
    from router.testing.reporters.evaluation import render

    if asked.replay is not None:
        evaluated = evaluate_recorded(
            asked.replay, paths, policies=policies, task=task, repeat=asked.repeat
        )
    else:
        evaluated = evaluate_live(
            paths,
            max_usd=_money(asked.max_usd or ""),
            policies=policies,
            task=task,
            repeat=asked.repeat,
            parallel=asked.parallel or 4,
            record=asked.record,
            offline=asked.offline,
        )
    sys.stdout.write(render(evaluated, form, color=colored(sys.stdout)))
    return evaluated.exit_code


def _money(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise UsageError(f"--max-usd takes an amount above 0 in USD, not {text!r}")
    return amount
