"""The forms a test report is given in, one a file."""

from __future__ import annotations

from router.errors import UsageError
from router.testing.report import TestReport

__all__ = ["render"]


def render(
    report: TestReport, form: str = "text", *, color: bool = False, verbose: bool = False
) -> str:
    """The report as text (which alone knows colours and `verbose`), json or junit.

    Raises:
        UsageError: there is no such form.
    """
    if form == "text":
        from router.testing.reporters import text

        return text.render(report, color=color, verbose=verbose)
    if form == "json":
        from router.testing.reporters import json

        return json.render(report)
    if form == "junit":
        from router.testing.reporters import junit

        return junit.render(report)
    raise UsageError(f"there is no form {form!r}: text, json, junit")
