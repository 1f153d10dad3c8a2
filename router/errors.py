"""The error tree: one root, split by whose fault it is.

    RouterError
    ├── PolicyError          your policy files: carries findings, each with file:line:column
    ├── UsageError           your call or your deployment settings
    │   ├── UnknownTask          no such task in the active policy set
    │   ├── InputInvalid         an input breaks the task's input schema
    │   ├── KeyConflict          one idempotency key, other inputs
    │   └── SettingsError        environment, paths, a client that cannot be built
    ├── RunError             a run that began and gave no accepted answer; carries attempts and cost
    │   ├── Exhausted            every tier answered, none well enough, and the policy says error
    │   ├── DeadlineExceeded     the run's deadline
    │   ├── BudgetExceeded       the run's cost ceiling or attempt bound
    │   ├── Unavailable          transport faults on every tier that may answer
    │   ├── RequestRefused       the API will refuse this request each time (4xx)
    │   │   └── AuthFailed           401, 402, 403: the key or the account
    │   ├── StreamInterrupted    a stream that died after text had been passed on
    │   └── RunInProgress        the same idempotency key is being run elsewhere
    ├── LedgerError          an attempt could not be recorded, so it was not made
    └── CatalogError         a model or a price that the catalog does not know

Every error is built from strings and numbers of ours, pickles cleanly, and never holds an SDK
object: SDK errors carry the request headers, and with them the key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from router.types import Finding, RunDetails

__all__ = [
    "AuthFailed",
    "BudgetExceeded",
    "CatalogError",
    "DeadlineExceeded",
    "Exhausted",
    "InputInvalid",
    "KeyConflict",
    "LedgerError",
    "PolicyError",
    "RequestRefused",
    "RouterError",
    "RunError",
    "RunInProgress",
    "SettingsError",
    "StreamInterrupted",
    "Unavailable",
    "UnknownTask",
    "UsageError",
]


class RouterError(Exception):
    """Root of every error this package raises on purpose."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        # Subclasses take keyword arguments, which Exception's own pickling would lose.
        return _rebuild, (type(self), self.message, self.__dict__.copy())


def _rebuild(kind: type[RouterError], message: str, state: dict[str, Any]) -> RouterError:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class PolicyError(RouterError):
    """Policies that cannot be used: `findings` holds every fault found, sorted by place."""

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class UsageError(RouterError):
    """The call or the deployment is at fault; nothing was sent and nothing was spent."""


class UnknownTask(UsageError):
    """The active policy set has no such task."""


class InputInvalid(UsageError):
    """Inputs that break the task's input schema; `problems` names each input and rule."""

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class KeyConflict(UsageError):
    """An idempotency key that was already used with another task or other inputs."""


class SettingsError(UsageError):
    """A deployment setting that is missing, malformed or contradictory."""


class RunError(RouterError):
    """A run that began and ended without an accepted answer; `details` says what it cost."""

    def __init__(self, message: str, details: RunDetails) -> None:
        super().__init__(message)
        self.details = details


class Exhausted(RunError):
    """Every tier answered, none was good enough, and the policy says `exhausted: error`."""


class DeadlineExceeded(RunError):
    """The run's deadline passed, or leaves no room for a useful attempt."""


class BudgetExceeded(RunError):
    """The next attempt's worst case does not fit the run's budget, or the attempt bound is met."""


class Unavailable(RunError):
    """No tier that may answer could: faults, open circuits, or the retry budget is spent."""


class RequestRefused(RunError):
    """The API refuses this request and would refuse it again."""


class AuthFailed(RequestRefused):
    """The API key or the account is at fault (401, 402, 403, a spend limit)."""


class StreamInterrupted(RunError):
    """A stream died after text had been passed on; `text` holds what had arrived."""

    def __init__(self, message: str, details: RunDetails, text: str = "") -> None:
        super().__init__(message, details)
        self.text = text


class RunInProgress(RunError):
    """A run with the same idempotency key is under way in this or another process."""


class LedgerError(RouterError):
    """The ledger cannot be read or written; with `ledger: required` no call was made."""


class CatalogError(RouterError):
    """A model, or a price at a date, that the catalog does not know; never priced as zero."""
