"""Snapshots of requests: kept as text, compared by every run, renewed only when asked to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.testing.runner import Wanted
from router.testing.snapshots import _lines, _sections

from .conftest import SURE, UNSURE

HEAD = "task: sort\ndefaults: {inputs: {message: Hi}}\nsnapshots: [request]"
CASES = f"""
- {{name: sure, replies: {{haiku: {SURE}}}, expect: {{tier: haiku}}}}
- {{name: unsure, replies: {{haiku: {UNSURE}, sonnet: {SURE}}}, expect: {{tier: sonnet}}}}
"""
FILE = Path("policies/__snapshots__/sort.test.snap")


def failures(report) -> list[str]:
    return [one.what for case in report.cases for one in case.failures]


@pytest.fixture
def kept(run):
    """Snapshots written; gives the text."""
    report = run(CASES, HEAD, update=True)
    assert report.notes == (f"wrote {FILE}",)
    return FILE.read_text()


def test_a_case_without_a_snapshot_fails_and_nothing_is_written(run):
    report = run(CASES, HEAD)
    assert failures(report) == [f"no snapshot in {FILE}: `router test --update` writes it"] * 2
    assert not FILE.exists()


def test_what_is_written_holds_and_writing_again_changes_nothing(run, kept):
    assert failures(run(CASES, HEAD)) == []
    assert run(CASES, HEAD, update=True).notes == ()
    assert FILE.read_text() == kept


def test_it_shows_what_each_tier_was_sent(kept):
    """One section a case, one part a tier, and blocks once however often they are sent."""
    assert kept.count("--- haiku: claude-haiku-5-5\n") == 2
    assert kept.count("--- sonnet: claude-sonnet-5-5\n") == 1
    assert kept.count("  | Sort the message into a queue.\n") == 1
    assert kept.count("  | Plan free. <message>Hi</message>\n") == 3


CHANGES = {
    "the prompt": ("into a queue", "into one queue"),
    "blanks at the end of a line of the prompt": (
        "text: Sort the message into a queue.}",
        'text: "Sort the message into a queue. "}',
    ),
    "a ceiling": ("max_tokens: 256", "max_tokens: 257"),
    "a pin": ("haiku: claude-haiku-5-5", "haiku: claude-haiku-4-5-20251001"),
    "the schema": ("fraud, other]}", "fraud, other, more]}"),
    "a cache mark": ("into a queue.}", "into a queue., cache: 1h}"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_the_request_fails_the_cases_that_send_it(run, kept, change):
    old, new = CHANGES[change]
    policy = Path("policies/sort.yaml")
    text = policy.read_text()
    assert old in text
    policy.write_text(text.replace(old, new, 1))
    report = run(CASES, HEAD)
    assert report.count("failed") == 2
    assert all("the requests are not those of the snapshot" in one for one in failures(report))
    assert FILE.read_text() == kept
    run(CASES, HEAD, update=True)
    assert failures(run(CASES, HEAD)) == []
    assert FILE.read_text() != kept


def test_an_update_leaves_the_snapshots_of_cases_that_fail(run, kept):
    """What such a case sends may be the mistake that it found."""
    policy = Path("policies/sort.yaml")
    policy.write_text(policy.read_text().replace("into a queue", "into one queue"))
    report = run(CASES.replace("{tier: sonnet}", "{tier: opus}"), HEAD, update=True)
    assert report.count("failed") == 1
    assert report.notes == (
        f"wrote {FILE}",
        f"{FILE} is left as it was for cases that fail: unsure",
    )
    old, new = (
        FILE.read_text().count(f"Sort the message into {one} queue.") for one in ("a", "one")
    )
    assert (old, new) == (1, 1)
    (said,) = failures(run(CASES, HEAD))
    assert "@@ system[0] of haiku @@" in said


def test_a_failure_shows_the_lines_that_differ(run, kept):
    policy = Path("policies/sort.yaml")
    policy.write_text(policy.read_text().replace("into a queue", "into one queue"))
    (said, _) = failures(run(CASES, HEAD))
    assert "-  | Sort the message into a queue.\n" in said
    assert "+  | Sort the message into one queue.\n" in said
    assert "Plan free" not in said


def test_a_prefix_is_named_by_all_that_it_caches(run):
    """A change before the breakpoint renames it, a change after it does not."""
    policy = Path("policies/sort.yaml")
    text = policy.read_text().replace("into a queue.}", "into a queue., cache: 1h}")

    def prefixes() -> list[str]:
        run(CASES, HEAD, update=True)
        return [one.split("prefix ")[1] for one in FILE.read_text().splitlines() if "prefix" in one]

    policy.write_text(text)
    before = prefixes()
    assert len(set(before)) == 2  # one a model
    policy.write_text(text.replace("Plan {{", "The plan {{"))
    assert prefixes() == before
    policy.write_text(text.replace("Sort the", "Sort this"))
    assert not set(prefixes()) & set(before)


def test_snapshots_of_cases_that_are_gone_are_told_and_dropped_on_update(run, kept):
    one = CASES.split("- {name: unsure")[0]
    report = run(one, HEAD)
    assert failures(report) == []
    assert report.notes == (f"{FILE} has snapshots of no case (`--update` drops them): unsure",)
    run(one, HEAD, update=True)
    assert "unsure" not in FILE.read_text()
    assert "--- sonnet" not in FILE.read_text()


def test_snapshots_of_cases_that_are_skipped_are_kept(run, kept):
    skipped = CASES.replace("name: unsure", "name: unsure, skip: not today")
    assert run(skipped, HEAD).notes == ()
    assert run(skipped, HEAD, update=True).notes == ()
    assert FILE.read_text() == kept


def test_a_file_of_snapshots_that_is_none_is_written_anew(run, kept):
    FILE.write_bytes(b"\xff\xfe\x00")
    assert run(CASES, HEAD).count("failed") == 2
    assert run(CASES, HEAD, update=True).notes == (f"wrote {FILE}",)
    assert FILE.read_text() == kept


def test_files_of_tests_that_differ_in_their_ending_have_their_own_snapshots(run, kept):
    tests = Path("policies/sort.test.yaml")
    other = tests.with_suffix(".yml")
    other.write_text(tests.read_text().replace("message: Hi", "message: Ho"))
    run(CASES, HEAD, update=True)
    assert FILE.read_text() == kept
    assert run(CASES, HEAD).count("passed") == 4


def test_updating_some_cases_keeps_those_of_the_others(run, kept):
    policy = Path("policies/sort.yaml")
    policy.write_text(policy.read_text().replace("into a queue", "into one queue"))
    run(CASES, HEAD, update=True, wanted=Wanted("::unsure"))
    assert failures(run(CASES, HEAD, wanted=Wanted("::unsure"))) == []
    assert run(CASES, HEAD, wanted=Wanted("::sure")).count("failed") == 1
    assert run(CASES, HEAD, wanted=Wanted("::sure")).notes == ()


def test_a_file_of_snapshots_that_nobody_reads_is_told(run, kept):
    report = run(CASES, HEAD.replace("snapshots: [request]", ""))
    assert report.notes == (f"{FILE} is obsolete: policies/sort.test.yaml has no `snapshots`",)


def test_pytest_compares_them_too(run, kept, root):
    policy = Path("policies/sort.yaml")
    policy.write_text(policy.read_text().replace("into a queue", "into one queue"))
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "2 failed" in ran.stdout
    assert "+  | Sort the message into one queue." in ran.stdout


@given(st.text(), st.text())
def test_no_text_can_forge_a_section(first, second):
    """Whatever is sent, the file is read back as it was written."""
    written = {
        f"=== {number}": "".join(f"{line}\n" for line in _lines({"type": "text", "text": text}))
        for number, text in enumerate((first, second))
    }
    file = "# head\n\n" + "\n".join(f"{head}\n{text}" for head, text in written.items())
    assert _sections(file.encode().decode()) == written
