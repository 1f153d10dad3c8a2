"""How a task fares on labelled inputs: every run counted, and the gates they have to pass.

Shares are kept as two integers and never rounded up: 99.99 % is not 100 %.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from functools import cached_property

from router.testing.driving import Outcome
from router.testing.expecting import Failure, bound_failure, expectations, mishaps
from router.testing.suite import Case, Labelled

__all__ = ["Evaluation", "Fares", "Trial", "judged"]

_DOWN = Context(prec=28, rounding=ROUND_DOWN)


@dataclass(frozen=True, slots=True)
class Trial:
    """One answer to one labelled input, or the reason why there is none."""

    case: Case
    repeat: int  # from 1
    outcome: Outcome | None = None
    failures: tuple[Failure, ...] = ()  # what is not as labelled
    missing: str | None = None  # why it was not made, or not to its end
    cost: Decimal = Decimal(0)  # USD, every attempt included, also those of a run not made

    @property
    def right(self) -> bool:
        """Whether the run is as labelled."""
        return self.outcome is not None and not self.failures

    @property
    def escalated(self) -> bool:
        """Whether a tier was left because its answer was not good enough."""
        attempts = self.outcome.attempts if self.outcome is not None else ()
        return any(one.escalation is not None for one in attempts if one.role != "verifier")


def judged(case: Case, repeat: int, outcome: Outcome, cost: Decimal) -> Trial:
    """A run held against its label.

    Args:
        cost: in USD.
    """
    failures = (*mishaps(case, outcome), *expectations(case, outcome))
    placed = tuple(one.under(case.root) for one in failures)
    return Trial(case, repeat, outcome, placed, cost=cost)


@dataclass(frozen=True, slots=True)
class Fares:
    """So many of so many."""

    part: int
    whole: int

    @property
    def share(self) -> Decimal:
        """Between 0 and 1, rounded down at the 28th digit."""
        return _DOWN.divide(Decimal(self.part), Decimal(self.whole)) if self.whole else Decimal(0)

    def __str__(self) -> str:
        percent = (self.share * 100).quantize(Decimal("0.1"), ROUND_DOWN)
        return f"{self.part}/{self.whole} ({percent} %)"


@dataclass(frozen=True)
class Evaluation:
    """All trials of one test file's `live` part; there is one at least."""

    file: str  # as it is reached from the working directory
    labelled: Labelled
    revision: str  # of the task
    trials: tuple[Trial, ...]

    @cached_property
    def made(self) -> tuple[Trial, ...]:
        """The trials that were run."""
        return tuple(trial for trial in self.trials if trial.outcome is not None)

    @property
    def repeats(self) -> int:
        """How often each input was to be answered."""
        return max((trial.repeat for trial in self.trials), default=0)

    @cached_property
    def missing(self) -> Mapping[str, int]:
        """Why trials were not run, and how many."""
        counts: dict[str, int] = {}
        for trial in self.trials:
            if trial.missing is not None:
                counts[trial.missing] = counts.get(trial.missing, 0) + 1
        return counts

    @cached_property
    def accuracy(self) -> Fares:
        """Runs that are as labelled."""
        return Fares(sum(trial.right for trial in self.made), len(self.made))

    @cached_property
    def by_case(self) -> Mapping[str, Fares]:
        """How each input fares, by its name."""
        trials: dict[str, list[Trial]] = {}
        for trial in self.made:
            trials.setdefault(trial.case.name, []).append(trial)
        return {
            name: Fares(sum(one.right for one in some), len(some)) for name, some in trials.items()
        }

    @cached_property
    def worst(self) -> tuple[str, Fares]:
        """The input that fares worst, the first of equals."""
        found = self.by_case
        if not found:
            return "none", Fares(0, 0)
        name = min(found, key=lambda name: found[name].share)
        return name, found[name]

    @cached_property
    def escalated(self) -> Fares:
        """Runs that left a tier because its answer was not good enough."""
        return Fares(sum(trial.escalated for trial in self.made), len(self.made))

    @cached_property
    def cost(self) -> Decimal:
        """USD of all runs, those that were not made to their end included."""
        return _sum(self.trials)

    @cached_property
    def cost_of_made(self) -> Decimal:
        """USD of the runs that were made."""
        return _sum(self.made)

    @property
    def usd_per_run(self) -> Decimal:
        """USD of a run that was made, on average."""
        return self.cost_of_made / len(self.made) if self.made else Decimal(0)

    @cached_property
    def gates(self) -> Mapping[str, Failure | None]:
        """Each gate, and how it was missed; None where it was passed.

        None at all where a run was not made: the answers that there are say nothing of the rest.
        """
        if self.missing:
            return {}
        measured = {
            "accuracy": self.accuracy.share,
            "worst_case": self.worst[1].share,
            "escalation_rate": self.escalated.share,
            "usd_per_run": self.usd_per_run,
        }
        return {
            name: next(bound_failure(node, name, measured[name]), None)
            for name, node in self.labelled.gates.items()
        }

    @property
    def passed(self) -> bool:
        """Every trial was run and every gate passed."""
        return not self.missing and not any(self.gates.values())

    def wrong(self) -> Iterator[tuple[Fares, Failure]]:
        """Inputs that were not always right, and the first thing that was wrong with each."""
        for name, fares in self.by_case.items():
            if fares.part < fares.whole:
                trial = next(t for t in self.made if t.case.name == name and t.failures)
                yield fares, trial.failures[0]


def _sum(trials: Iterable[Trial]) -> Decimal:
    return sum((trial.cost for trial in trials), Decimal(0))
