"""What goes wrong, said so that a person can act on it; and the exit codes.

0  done
1  no: findings, a run without an accepted answer, rows that failed
2  your call: usage, settings, inputs, policies that cannot be used
3  ours: a bug in the router
130  interrupted
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn, TextIO

from router.errors import PolicyError, RouterError, RunError
from router.policy.findings import escaped

__all__ = [
    "BUG",
    "DONE",
    "INTERRUPTED",
    "NO",
    "YOURS",
    "colored",
    "explain",
    "interrupted",
    "reported",
    "say",
]

DONE, NO, YOURS, BUG = 0, 1, 2, 3
INTERRUPTED = 130


@contextmanager
def reported() -> Iterator[None]:
    """Turn every error into a message on stderr and an exit code; no bare tracebacks."""
    try:
        yield
        sys.stdout.flush()  # here a full disk can still be said
    except RouterError as error:
        explain(error)
        sys.exit(NO if isinstance(error, RunError) else YOURS)
    except KeyboardInterrupt:
        interrupted()
    except BrokenPipeError:
        # The reader went away (`| head`): not our fault and not worth a word.
        _silence_stdout()
        sys.exit(DONE)
    except OSError as error:
        say(f"error: {_refusal(error)}")
        sys.exit(YOURS)
    except Exception as error:  # the last line of defence before a bare traceback
        typer = sys.modules.get("typer")  # `lint` does without it
        if typer is not None and isinstance(error, typer.Exit):
            raise
        _bug(error)
        sys.exit(BUG)


def interrupted() -> NoReturn:
    """Say so, and leave."""
    sys.stderr.write("\ninterrupted\n")
    sys.exit(INTERRUPTED)


def say(text: str, stream: TextIO | None = None) -> None:
    """Write lines for a person, to stderr; names and values in them cannot move the cursor."""
    (stream or sys.stderr).write(escaped(text, keep="\n\t") + "\n")


def colored(stream: TextIO) -> bool:
    """Whether colours are wanted there: a terminal that knows them, and no NO_COLOR."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def _refusal(error: OSError) -> str:
    """What the system refuses, in a line: a full disk, a file that is not ours to read."""
    why = error.strerror or str(error) or type(error).__name__
    if error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {why}"
    # It came from no file that was opened by its name: from the stream that we print on.
    _silence_stdout()
    return f"cannot write the output: {why}"


def _silence_stdout() -> None:
    """What is still to be written goes nowhere, or the interpreter would fail on it at its end."""
    with suppress(OSError):  # a stream that stands in for stdout has no descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def explain(error: RouterError) -> None:
    """Print an error, its findings or what the run had spent, to stderr."""
    if isinstance(error, PolicyError) and error.findings:
        from router.lint.report import Report
        from router.lint.reporters import render

        sys.stderr.write(render(Report(error.findings), color=colored(sys.stderr)))
        return
    say(f"error: {error.message}")
    if isinstance(error, RunError):
        details = error.details
        tries = f"{len(details.attempts)} attempt{'' if len(details.attempts) == 1 else 's'}"
        say(f"  run {details.run_id}: {tries}, {details.cost.normalize():f} USD")
        if details.request_id:
            say(f"  last request: {details.request_id}")
        if details.retry_after is not None:
            say(f"  hint: try again in {details.retry_after:.0f} s")
        elif details.may_retry:
            say("  hint: trying again later may help")


def _bug(error: Exception) -> None:
    import traceback

    say(
        f"internal error: {type(error).__name__}: {error}\n"
        "  this is a bug in policy-router; ROUTER_DEBUG=1 shows where"
    )
    if os.environ.get("ROUTER_DEBUG"):
        traceback.print_exception(error)
