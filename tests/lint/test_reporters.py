"""The forms of a report: each is read back by something that knows the form, not by us."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from router.errors import UsageError
from router.lint.report import Hidden, Report
from router.lint.reporters import Form, concise, github, gitlab, junit, render, sarif, text
from router.lint.reporters import json as as_json
from router.types import Edit, Finding, Fix, Severity, Span

DATA = Path(__file__).parents[1] / "data"
SARIF = jsonschema.Draft4Validator(json.loads((DATA / "sarif-schema-2.1.0.json").read_text()))
JUNIT = etree.XMLSchema(etree.parse(DATA / "junit-10.xsd"))
BASE = "/repo"
# What authors and file systems can come up with, and what each form has to keep apart.
TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        "a: b, c",
        "50%",
        "%0A",
        "<&>\"'",
        "two\nlines",
        "\x00\x1b[31m",
        "\ud83d",
        "日本 \U0001f600",
        "::",
    ]
)


def finding(line="a: {{ b }}", column=4, end=5, severity=Severity.ERROR, **more) -> Finding:
    span = Span(more.pop("file", "p/a.yaml"), 12, column, more.pop("end_line", 12), end)
    rule, message = more.pop("rule", "cache-buster"), more.pop("message", "`b` changes")
    return Finding(rule, severity, message, span, "move it", line, **more)


def report(*findings: Finding, files: int = 0, **more) -> Report:
    names = tuple(f"p/{number}.yaml" for number in range(files))
    return Report(findings, names, **{"base": BASE, "directory": f"{BASE}/sub", **more})


def test_text_shows_the_line_a_caret_and_what_to_do():
    assert text.render(report(finding("a: {{ b }}", 7, 8, notes=("first on 3",)), files=2)) == (
        "p/a.yaml:12:7: error[cache-buster] `b` changes\n"
        "  12 | a: {{ b }}\n"
        "     |       ^\n"
        "     = note: first on 3\n"
        "     = help: move it\n"
        "\n"
        "1 error in 2 files; `router rule NAME` explains a rule\n"
    )


def test_carets_stand_below_wide_characters_and_tabs():
    lines = text.render(report(finding("\t日本: {{ b }}", 9, 10))).splitlines()
    assert lines[1] == "  12 |  日本: {{ b }}"
    assert lines[2] == "     |           ^"


def test_carets_of_several_lines_end_with_the_first():
    lines = text.render(report(finding("tiers:  ", 1, 3, end_line=15))).splitlines()
    assert lines[2] == "     | ^^^^^^"


def test_infos_are_counted_but_not_shown_in_text():
    shown = text.render(report(finding(severity=Severity.INFO)))
    assert shown == "no errors, no warnings (1 info not shown: --format concise)\n"


def test_colours_are_only_there_when_asked_for():
    assert "\x1b[" not in text.render(report(finding()))
    assert "\x1b[31m" in text.render(report(finding()), color=True)


def test_a_finding_without_a_line_is_shown_without_a_snippet():
    shown = text.render(report(finding(None)))
    assert "|" not in shown
    assert "= help: move it" in shown


def test_concise_is_one_line_a_finding():
    two = [finding(), finding(severity=Severity.INFO)]
    assert concise.render(report(*two)).splitlines() == [
        "p/a.yaml:12:4: error[cache-buster] `b` changes",
        "p/a.yaml:12:4: info[cache-buster] `b` changes",
    ]
    assert concise.render(report()) == ""


def test_json_has_every_field_and_the_counts():
    whole = json.loads(as_json.render(report(finding(notes=("x",)), files=1)))
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
            "fix": None,
        }
    ]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30), st.integers(1, 40), st.integers(1, 40), st.integers(12, 14))
def test_no_place_breaks_the_snippet(line, column, end, end_line):
    """Whatever the line and wherever the place, there is at least one caret."""
    shown = text.render(report(finding(line, column, end, end_line=end_line)))
    assert "^" in shown or not line.strip()


@pytest.mark.parametrize("form", Form)
def test_every_form_renders_a_clean_report_and_one_that_could_not_be_made(form):
    for one in (report(files=2), report(problem="no policy files under x: a, b")):
        assert isinstance(render(one, form), str)


def test_a_form_that_is_none_is_refused():
    with pytest.raises(UsageError, match="text, concise, json"):
        render(report(), "xml")


def test_infos_are_shown_in_text_where_they_fail():
    shown = render(report(finding(severity=Severity.INFO), fail_level=Severity.INFO))
    assert "info[cache-buster]" in shown
    assert "1 info; `router rule NAME`" in shown


def test_what_is_suppressed_is_counted_in_text_and_listed_for_programs():
    hidden = Hidden(finding(severity=Severity.WARNING), "comment", "reviewed")
    one = report(hidden=(hidden,), files=1)
    assert render(one) == "no errors, no warnings in 1 file (1 suppressed)\n"
    (listed,) = json.loads(render(one, "json"))["suppressed"]
    assert (listed["rule"], listed["by"], listed["reason"]) == (
        "cache-buster",
        "comment",
        "reviewed",
    )
    assert "/skipped" in render(one, "junit") or "<skipped" in render(one, "junit")
    (result,) = json.loads(render(one, "sarif"))["runs"][0]["results"]
    assert result["suppressions"] == [
        {"kind": "inSource", "status": "accepted", "justification": "reviewed"}
    ]


# --- GitHub ---------------------------------------------------------------------------------------

COMMAND = re.compile(r"::(?P<name>[a-z]+)(?: (?P<properties>[^:]*))?::(?P<data>.*)")


def commands(told: str):
    """What a runner reads: a line is `::name key=value,key=value::data`, values percent-encoded."""
    for line in told.split("\n")[:-1]:
        found = COMMAND.fullmatch(line)
        assert found, line
        pairs = [pair.partition("=") for pair in (found["properties"] or "").split(",") if pair]
        decoded = {
            name: decode(value, "%0D \r", "%0A \n", "%3A :", "%2C ,") for name, _, value in pairs
        }
        yield found["name"], decoded, decode(found["data"], "%0D \r", "%0A \n")


def decode(value: str, *pairs: str) -> str:
    for pair in pairs:
        code, _, character = pair.partition(" ")
        value = value.replace(code, character)
    return value.replace("%25", "%")


def test_github_gets_a_command_for_each_finding_on_its_line():
    one = finding(severity=Severity.WARNING, notes=("first on 3",), file="p/a, b: 50%.yaml")
    assert list(commands(github.render(report(one)))) == [
        (
            "warning",
            {
                "file": "/repo/sub/p/a, b: 50%.yaml",
                "line": "12",
                "endLine": "12",
                "col": "4",
                "endColumn": "5",
                "title": "router lint: cache-buster",
            },
            "`b` changes\nnote: first on 3\nhelp: move it",
        )
    ]


def test_github_is_given_no_columns_over_several_lines():
    """The runner drops them there, and says so in its log."""
    ((_, properties, _),) = commands(github.render(report(finding(end_line=14))))
    assert properties.keys() == {"file", "line", "endLine", "title"}
    assert (properties["line"], properties["endLine"]) == ("12", "14")


def test_github_gets_the_worst_first():
    mixed = [finding(severity=one) for one in (Severity.INFO, Severity.ERROR, Severity.WARNING)]
    assert [name for name, *_ in commands(github.render(report(*mixed)))] == [
        "error",
        "warning",
        "notice",
    ]


def test_github_is_told_why_nothing_was_linted():
    assert github.render(report(problem="no such file: a")) == (
        "::error title=router lint::no such file: a\n"
    )


@settings(deadline=None)
@given(TEXTS, TEXTS.filter(lambda name: name.isprintable() and name.strip("./ ")))
def test_whatever_is_said_github_reads_the_same(message, name):
    one = finding(message=message, file=f"p/{name}.yaml")
    ((_, properties, data),) = commands(github.render(report(one)))
    assert data == f"{message}\nhelp: move it"
    assert properties["file"] == os.path.normpath(f"/repo/sub/p/{name}.yaml")


# --- GitLab ---------------------------------------------------------------------------------------


def test_gitlab_gets_what_its_report_format_asks_for():
    (issue,) = json.loads(gitlab.render(report(finding())))
    assert len(issue.pop("fingerprint")) == 32
    assert issue == {
        "description": "`b` changes",
        "check_name": "cache-buster",
        "severity": "critical",
        "location": {
            "path": "sub/p/a.yaml",
            "positions": {"begin": {"line": 12, "column": 4}, "end": {"line": 12, "column": 5}},
        },
    }


def test_fingerprints_outlive_moved_lines_and_tell_equal_lines_apart():
    def prints(*findings):
        return [one["fingerprint"] for one in json.loads(gitlab.render(report(*findings)))]

    moved = Finding(
        "cache-buster", Severity.ERROR, "x", Span("p/a.yaml", 90, 1, 90, 2), None, "  a: {{ b }}"
    )
    assert prints(finding()) == prints(moved)
    assert len(set(prints(finding(), moved, finding(rule="no-exit"), finding("b: 1")))) == 4


# --- SARIF ----------------------------------------------------------------------------------------


def log(one: Report):
    told = json.loads(sarif.render(one))
    SARIF.validate(told)
    return told["runs"][0]


def test_sarif_is_valid_and_explains_its_rules():
    run = log(report(finding(), finding(severity=Severity.INFO, rule="open-object"), files=1))
    assert [one["id"] for one in run["tool"]["driver"]["rules"]] == ["cache-buster", "open-object"]
    for result in run["results"]:
        described = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert described["id"] == result["ruleId"]
        assert described["help"]["markdown"].startswith(f"# {result['ruleId']}\n")
    assert [result["level"] for result in run["results"]] == ["error", "note"]
    assert run["columnKind"] == "unicodeCodePoints"


def test_sarif_quotes_the_place_and_the_line_around_it():
    (result,) = log(report(finding("a: {{ b }}", 7, 8)))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["region"]["snippet"] == {"text": "b"}
    assert place["contextRegion"]["snippet"] == {"text": "a: {{ b }}"}
    assert (place["region"]["startColumn"], place["region"]["endColumn"]) == (7, 8)


def test_sarif_carries_fixes_as_replacements():
    edits = (Edit(Span("p/a.yaml", 12, 4, 12, 5), "c"), Edit(Span("p/a.yaml", 13, 1, 14, 1), ""))
    (result,) = log(report(finding(fix=Fix("rename it", edits))))["results"]
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["artifactLocation"]["uri"] == "sub/p/a.yaml"
    assert [one.get("insertedContent") for one in change["replacements"]] == [{"text": "c"}, None]


def test_sarif_says_when_nothing_was_linted():
    (invocation,) = log(report(problem="no policy files"))["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"] == {"text": "no policy files"}


@settings(deadline=None)
@given(TEXTS, TEXTS.filter(lambda name: name.isprintable() and name.strip("./ ")))
def test_whatever_is_said_sarif_is_valid_and_its_uris_lead_to_the_file(message, name):
    file = f"p/{name}.yaml"
    run = log(report(finding(message=message, file=file)))
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    base = run["originalUriBaseIds"][place["uriBaseId"]]["uri"]
    assert base == "file:///repo/"
    assert not urlsplit(place["uri"]).scheme
    assert unquote(place["uri"]) == os.path.normpath(f"sub/{file}")


def test_sarif_names_a_file_outside_the_repository_by_its_whole_uri():
    place = log(report(finding(file="/else where/a.yaml")))["results"][0]["locations"][0]
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "file:///else%20where/a.yaml"}


# --- JUnit ----------------------------------------------------------------------------------------


def suites(one: Report):
    tree = etree.fromstring(junit.render(one).encode("utf-8", "surrogatepass"))
    JUNIT.assertValid(tree)
    return tree


def test_junit_fails_what_fails_and_passes_what_does_not():
    warning = finding(severity=Severity.WARNING)
    tree = suites(report(finding(), warning, files=2))
    assert (tree.get("tests"), tree.get("failures")) == ("4", "1")
    failed = tree.xpath("//failure")
    assert [one.get("message") for one in failed] == ["`b` changes"]
    assert failed[0].text.startswith("p/a.yaml:12:4: error[cache-buster]")
    assert suites(report(warning, fail_level=Severity.WARNING)).get("failures") == "1"


def test_a_clean_file_is_a_passed_case():
    tree = suites(report(files=2))
    assert [suite.get("tests") for suite in tree] == ["1", "1"]
    assert tree.get("failures") == "0"


def test_junit_has_an_error_where_nothing_was_linted():
    tree = suites(report(problem="no policy files"))
    assert tree.get("errors") == "1"
    assert tree.xpath("//error")[0].get("message") == "no policy files"


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_whatever_is_said_junit_is_valid(message, name):
    suites(report(finding(message=message, file=f"p/{name}"), files=1))
