"""Policy tests under pytest: files of them are collected, a case is an item."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import SURE

CASES = f"""version: 1
task: sort
defaults: {{inputs: {{message: Hi}}}}
cases:
- {{name: a sure answer, replies: {{haiku: {SURE}}}, expect: {{path: [haiku]}}}}
- {{name: a wrong one, replies: {{haiku: {SURE}}}, expect: {{path: [opus]}}}}
- {{name: a later one, skip: not yet}}
"""


def collected(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rsf", "-p", "no:cacheprovider", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def tests(root: Path) -> Path:
    (root / "policies" / "sort.test.yaml").write_text(CASES)
    return root


def test_cases_are_items_and_failures_are_told_in_our_words(tests):
    ran = collected(tests)
    assert "1 failed, 1 passed, 1 skipped" in ran.stdout
    assert "FAILED policies/sort.test.yaml::a wrong one" in ran.stdout
    assert "  policies/sort.test.yaml:6:91: path\n      expected  [" in ran.stdout
    assert "policies/sort.test.yaml: not yet" in ran.stdout
    assert "Traceback" not in ran.stdout
    assert "router/testing" not in ran.stdout


def test_items_are_chosen_by_keyword_and_by_id_and_spread_over_workers(tests):
    assert "1 passed, 2 deselected" in collected(tests, "-k", "sure").stdout
    assert "1 passed" in collected(tests, "policies/sort.test.yaml::a sure answer").stdout
    assert "1 failed, 1 passed, 1 skipped" in collected(tests, "-n", "2").stdout


def test_replies_that_no_row_of_a_table_uses_fail_its_last_row(tests):
    """Wherever the rows are run, and however few of them."""
    (tests / "policies" / "sort.test.yaml").write_text(f"""version: 1
task: sort
defaults: {{inputs: {{message: Hi}}}}
cases:
- name: at {{c}}
  each: [{{c: 0.9}}, {{c: 0.8}}]
  replies: {{haiku: {{label: other, confidence: $c}}, opus: {SURE}}}
  expect: {{path: [haiku]}}
""")
    for more in ((), ("-n", "2"), ("-k", "0.8")):
        ran = collected(tests, *more)
        assert "replies of sort/opus are left over: it was never asked" in ran.stdout
        assert "1 failed" in ran.stdout
    assert "1 passed, 1 deselected" in collected(tests, "-k", "0.9").stdout


def test_a_file_with_a_mistake_is_an_error_at_its_place(tests):
    file = tests / "policies" / "sort.test.yaml"
    file.write_text(CASES.replace("replies: {haiku", "repiles: {haiku", 1))
    ran = collected(tests)
    assert ran.returncode == 2
    assert "policies/sort.test.yaml:5:25: error[unknown-key]" in ran.stdout
    assert "did you mean `replies`?" in ran.stdout


def test_a_mark_of_the_encoding_does_not_hide_a_file(tests):
    file = tests / "policies" / "sort.test.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert "1 failed, 1 passed, 1 skipped" in collected(tests).stdout


def test_nothing_is_collected_where_it_is_not_wanted_or_not_ours(tests):
    assert collected(tests, "--no-policy-tests").returncode == 5
    (tests / "policies" / "sort.test.yaml").unlink()
    (tests / "docker-compose.test.yaml").write_text("version: '3'\nservices: {}\n")
    assert collected(tests).returncode == 5
