"""The forms of a report."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from router.lint.reporters import concise, text
from router.lint.reporters import json as as_json
from router.types import Finding, Severity, Span


def finding(line="a: {{ b }}", column=4, end=5, severity=Severity.ERROR, **more) -> Finding:
    span = Span("p/a.yaml", 12, column, more.pop("end_line", 12), end)
    return Finding("cache-buster", severity, "`b` changes", span, "move it", line, **more)


def test_text_shows_the_line_a_caret_and_what_to_do():
    assert text.render([finding("a: {{ b }}", 7, 8, notes=("first on 3",))], files=2) == (
        "p/a.yaml:12:7: error[cache-buster] `b` changes\n"
        "  12 | a: {{ b }}\n"
        "     |       ^\n"
        "     = note: first on 3\n"
        "     = help: move it\n"
        "\n"
        "1 error in 2 files; `router rule NAME` explains a rule\n"
    )


def test_carets_stand_below_wide_characters_and_tabs():
    lines = text.render([finding("\t日本: {{ b }}", 9, 10)]).splitlines()
    assert lines[1] == "  12 |  日本: {{ b }}"
    assert lines[2] == "     |           ^"


def test_carets_of_several_lines_end_with_the_first():
    lines = text.render([finding("tiers:  ", 1, 3, end_line=15)]).splitlines()
    assert lines[2] == "     | ^^^^^^"


def test_infos_are_counted_but_not_shown_in_text():
    shown = text.render([finding(severity=Severity.INFO)])
    assert shown == "no errors, no warnings (1 info not shown: --format concise)\n"


def test_colours_are_only_there_when_asked_for():
    assert "\x1b[" not in text.render([finding()])
    assert "\x1b[31m" in text.render([finding()], color=True)


def test_a_finding_without_a_line_is_shown_without_a_snippet():
    shown = text.render([finding(None)])
    assert "|" not in shown
    assert "= help: move it" in shown


def test_concise_is_one_line_a_finding():
    two = [finding(), finding(severity=Severity.INFO)]
    assert concise.render(two).splitlines() == [
        "p/a.yaml:12:4: error[cache-buster] `b` changes",
        "p/a.yaml:12:4: info[cache-buster] `b` changes",
    ]
    assert concise.render([]) == ""


def test_json_has_every_field_and_the_counts():
    whole = json.loads(as_json.render([finding(notes=("x",))], files=1))
    assert whole["errors"] == 1
    assert whole["warnings"] == whole["infos"] == 0
    assert whole["files"] == 1
    assert whole["findings"] == [
        {
            "rule": "cache-buster",
            "severity": "error",
            "message": "`b` changes",
            "file": "p/a.yaml",
            "line": 12,
            "column": 4,
            "end_line": 12,
            "end_column": 5,
            "help": "move it",
            "notes": ["x"],
            "source_line": "a: {{ b }}",
        }
    ]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30), st.integers(1, 40), st.integers(1, 40), st.integers(12, 14))
def test_no_place_breaks_the_snippet(line, column, end, end_line):
    """Whatever the line and wherever the place, there is at least one caret."""
    shown = text.render([finding(line, column, end, end_line=end_line)])
    assert "^" in shown or not line.strip()
