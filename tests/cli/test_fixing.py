"""`router lint --fix`, `--diff`: files change in place, or a diff says how they would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

POLICY = b"""version: 1
tasks:
  sort:
    description: Sorts mail.
    owner: platform
    budget: {run: {usd: 0.5, deadline: 60s}}
    input: {type: object, required: [mail], properties: {mail: {type: string}}}
    prompt: {user: '{{ mail | tag("mail") }}'}
    tiers: [{model: claude-opus-5-5, max_tokns: 2048}]  # dear
"""
SAFE = POLICY.replace(b"tokns", b"tokens")
UNSAFE = SAFE.replace(b"{type: string}", b"{type: string, maxLength: 8000}")


@pytest.fixture
def policy(tmp_path: Path, monkeypatch) -> Path:
    (tmp_path / "policies").mkdir()
    path = tmp_path / "policies" / "a.yaml"
    path.write_bytes(POLICY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ROUTER_POLICIES", raising=False)
    return path


def lint(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    program = [sys.executable, "-m", "router", "lint", *arguments]
    return subprocess.run(program, capture_output=True, check=False)


def test_a_lint_says_what_could_be_fixed(policy):
    done = lint()
    assert done.returncode == 1
    assert done.stdout.endswith(b"; --fix mends 1\n")
    policy.write_bytes(SAFE)
    assert lint().stdout.endswith(b"; --fix --unsafe 1\n")


def test_fixing_writes_then_lints_what_is_left(policy):
    done = lint("--fix", "--fail-level", "warning", "--format", "concise")
    assert policy.read_bytes() == SAFE
    assert done.returncode == 1
    assert done.stdout.startswith(b"policies/a.yaml:7:58: warning[unbounded-input]")
    assert done.stderr == (
        b"fixed: policies/a.yaml:9:38: [unknown-key] rename the key to `max_tokens`\n"
    )
    done = lint("--fix", "--unsafe", "--fail-level", "warning")
    assert policy.read_bytes() == UNSAFE
    assert done.returncode == 0


def test_a_diff_changes_nothing_and_fails_where_something_would(policy):
    done = lint("--diff")
    assert done.returncode == 1
    assert policy.read_bytes() == POLICY
    assert b"would fix: policies/a.yaml:9:38" in done.stderr
    subprocess.run(["git", "apply"], input=done.stdout, check=True)
    assert policy.read_bytes() == SAFE
    done = lint("--fix", "--diff")
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr == b"nothing to fix without --unsafe\n"
    done = lint("--diff", "--unsafe")
    assert done.returncode == 1
    assert policy.read_bytes() == SAFE


def test_a_diff_keeps_the_line_ends_of_the_file(policy):
    policy.write_bytes(POLICY.replace(b"\n", b"\r\n"))
    assert b"max_tokens: 2048}]  # dear\r\n" in lint("--diff").stdout


def test_what_is_suppressed_known_or_not_asked_for_is_not_fixed(policy):
    ignored = b"{type: string}}}  # router: ignore[unbounded-input] bounded elsewhere"
    policy.write_bytes(SAFE.replace(b"{type: string}}}", ignored))
    other = policy.with_name("b.yaml")
    other.write_bytes(POLICY.replace(b"  sort:", b"  other:"))
    assert lint("--diff", "--unsafe", "policies/a.yaml").returncode == 0
    policy.write_bytes(SAFE)
    other.unlink()
    lint("--baseline", "known.json", "--write-baseline", "--fail-level", "warning")
    assert lint("--diff", "--unsafe", "--baseline", "known.json").returncode == 0
    assert lint("--diff", "--unsafe").returncode == 1


def test_a_stale_comment_is_a_thing_to_fix(policy):
    policy.write_bytes(UNSAFE + b"# router: ignore[unbounded-input] once")
    done = lint("--fix", "--fail-level", "warning")
    assert done.returncode == 0
    assert policy.read_bytes() == UNSAFE


def test_a_fix_that_would_bring_an_error_is_said_and_not_made(policy):
    policy.write_bytes(POLICY.replace(b"2048", b"lots"))
    done = lint("--fix")
    assert done.returncode == 1
    assert policy.read_bytes() == POLICY.replace(b"2048", b"lots")
    assert done.stderr == (
        b"not fixed: policies/a.yaml:9:38: [unknown-key] to rename the key to `max_tokens` would "
        b"bring an error: [wrong-type] `max_tokens` is text; expected a whole number\n"
    )


@pytest.mark.parametrize(
    "arguments", [("--unsafe",), ("--diff", "--write-baseline"), ("--fix", "nowhere")]
)
def test_what_makes_no_sense_together_is_a_usage_error(policy, arguments):
    assert lint(*arguments).returncode == 2
    assert policy.read_bytes() == POLICY
