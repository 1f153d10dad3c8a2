"""The command line: a thin door. It parses and prints; it decides nothing."""

from __future__ import annotations

import gc
import io
import sys

__all__ = ["main"]


def main() -> None:
    """Entry point of the `router` command."""
    try:
        _run()
    except KeyboardInterrupt:  # while modules are read, before a command runs
        from router.cli.failures import interrupted

        interrupted()


def _run() -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What the terminal's encoding has no letter for, or file names that are no text.
        sys.stdout.reconfigure(errors="backslashreplace")
    arguments = sys.argv[1:]
    if arguments[:1] == ["lint"]:
        # Lint runs on every commit and in every editor: it does not wait for the CLI framework
        # unless an argument needs it, nor for the collector, as the process ends with its answer.
        gc.disable()
        from router.cli.quick import lint

        code = lint(arguments[1:])
        if code is not None:
            gc.freeze()  # or the interpreter would look through everything once more at its end
            sys.exit(code)
        gc.enable()
    from router.cli.app import run

    run()
