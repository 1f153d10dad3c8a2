"""The GitHub Action: its steps run here as GitHub runs them, on a repository with a mistake."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS = {step["id"]: step for step in ACTION["runs"]["steps"]}


def break_policy(repository: Any) -> None:
    repository.edit("policies/classify.yaml", "max_tokens", "max_tokns")


# --- what it is made of --------------------------------------------------------------------------


def test_it_is_what_github_calls_an_action(repository: Any) -> None:
    schema = ("check-jsonschema", "--builtin-schema", "vendor.github-actions")
    ran = repository.run(*schema, str(ROOT / "action.yml"))
    assert ran.returncode == 0, ran.stdout


def test_it_uses_no_other_action() -> None:
    """So there is nothing whose tag could be moved."""
    assert all("uses" not in step for step in STEPS.values())


def test_every_input_is_used_and_described() -> None:
    text = (ROOT / "action.yml").read_text("utf-8")
    for name, given in ACTION["inputs"].items():
        assert given["description"]
        assert f"inputs.{name}" in text


# --- what it does --------------------------------------------------------------------------------


def test_sound_policies_pass(repository: Any, run_action: Callable[..., Any]) -> None:
    job = run_action({})
    assert set(job.outcomes.values()) == {"success"}, job.printed
    assert "1 passed" in job.printed["test"]
    assert job.summary == ""  # no pull request: there is nothing to compare with


def test_a_mistake_fails_the_job_as_an_annotation_of_its_line(
    repository: Any, run_action: Callable[..., Any]
) -> None:
    break_policy(repository)
    job = run_action({})
    assert job.outcomes["lint"] == "failure"
    (line,) = [line for line in job.printed["lint"].splitlines() if line.startswith("::error")]
    path = repository.folder / "policies" / "classify.yaml"
    number = path.read_text("utf-8").split("max_tokns")[0].count("\n") + 1
    assert f"policies/classify.yaml,line={number},endLine={number},col=9," in line
    assert "unknown-key" in line


def test_findings_below_the_fail_level_do_not_fail(
    repository: Any, run_action: Callable[..., Any]
) -> None:
    """The starter library has infos, which some want to know of."""
    assert run_action({"fail-level": "info"}).outcomes["lint"] == "failure"
    assert run_action({"fail-level": "warning"}).outcomes["lint"] == "success"
    (repository.folder / "router.toml").write_text('[lint]\nfail-level = "info"\n')
    assert run_action({}).outcomes["lint"] == "failure"


def test_findings_are_written_for_code_scanning_whether_or_not_they_fail(
    repository: Any, run_action: Callable[..., Any], tmp_path: Path
) -> None:
    break_policy(repository)
    report = tmp_path / "router.sarif"
    job = run_action({"sarif": str(report)})
    assert job.outcomes["lint"] == "failure"
    results = json.loads(report.read_text("utf-8"))["runs"][0]["results"]
    assert "unknown-key" in [result["ruleId"] for result in results]


def test_no_policies_are_a_failure(repository: Any, run_action: Callable[..., Any]) -> None:
    """A typo in `policies` must not pass for a clean bill."""
    assert run_action({"policies": "polices"}).outcomes["lint"] == "failure"


def test_a_broken_promise_fails_the_job_and_can_be_left_out(
    repository: Any, run_action: Callable[..., Any]
) -> None:
    repository.edit("policies/classify.test.yaml", "path: [haiku]", "path: [haiku, sonnet]")
    job = run_action({})
    assert (job.outcomes["lint"], job.outcomes["test"]) == ("success", "failure")
    assert "a sure answer stays on the first tier" in job.printed["test"]
    assert run_action({"test": "false"}).outcomes["test"] == "skipped"


def test_a_change_is_told_in_the_summary_and_fails_nothing(
    repository: Any, run_action: Callable[..., Any]
) -> None:
    base = repository.git("rev-parse", "HEAD")
    repository.edit("policies/classify.yaml", "max_tokens: 512", "max_tokens: 640")
    repository.commit()
    job = run_action({}, base=base)
    assert job.passed, job.printed
    assert job.outputs["diff"] == {"changed": "true"}
    assert "classify" in job.summary
    assert "640" in job.summary
    assert run_action({"diff": "HEAD"}, base=base).outputs["diff"] == {"changed": "false"}
    assert run_action({"diff": "none"}, base=base).outcomes["diff"] == "skipped"


def test_a_shallow_clone_fetches_its_base(
    repository: Any, run_action: Callable[..., Any], tmp_path: Path
) -> None:
    """As actions/checkout leaves one: without the commit that the branch is compared with."""
    base = repository.git("rev-parse", "HEAD")
    repository.edit("policies/classify.yaml", "max_tokens: 512", "max_tokens: 640")
    repository.commit()
    origin = repository.folder.rename(tmp_path / "origin")
    repository.folder.mkdir()
    repository.git("clone", "--quiet", "--depth=1", origin.as_uri(), ".")
    job = run_action({}, base=base)
    assert job.outputs["diff"] == {"changed": "true"}, job.printed
    assert "640" in job.summary


def test_a_base_that_is_not_there_is_a_warning(
    repository: Any, run_action: Callable[..., Any]
) -> None:
    job = run_action({"diff": "no-such-branch"})
    assert job.passed
    assert "::warning" in job.printed["diff"]
    assert job.outputs["diff"] == {}


@pytest.mark.skipif("ACTION_INSTALLS" not in os.environ, reason="needs the network; CI sets it")
def test_it_installs_what_it_is(
    repository: Any, run_action: Callable[..., Any], tmp_path: Path
) -> None:
    job = run_action({"install": "true"})
    assert job.passed, job.printed
    assert job.outputs["install"] == {"router": str(tmp_path / "policy-router/bin/router")}


def test_without_a_router_and_without_installing_one_it_fails(
    repository: Any, run_action: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    job = run_action({})
    assert job.outcomes["install"] == "failure"
    assert "::error" in job.printed["install"]
    assert job.outcomes["lint"] == "skipped"


def test_a_project_may_lie_deeper(repository: Any, run_action: Callable[..., Any]) -> None:
    inner = repository.folder / "services" / "shop"
    inner.mkdir(parents=True)
    (repository.folder / "policies").rename(inner / "routing")
    job = run_action({"working-directory": "services/shop", "policies": "routing"})
    assert job.passed, job.printed
    assert "1 passed" in job.printed["test"]


# --- hostile inputs ------------------------------------------------------------------------------

HOSTILE = "$(touch owned) `touch owned` ; touch owned; \" ' \n touch owned"


@pytest.mark.parametrize(
    ("hostile", "base"),
    [(ACTION["inputs"].keys() - {"install", "working-directory"}, ""), ((), HOSTILE)],
    ids=["inputs", "base"],
)
def test_no_input_is_run(
    hostile: Any, base: str, repository: Any, run_action: Callable[..., Any]
) -> None:
    """A title or the name of a branch, chosen by somebody else, may end up in any of them."""
    job = run_action(dict.fromkeys(hostile, HOSTILE), base=base)
    assert "skipped" not in job.outcomes.values()
    assert not (repository.folder / "owned").exists()


def test_no_input_becomes_an_option(repository: Any, run_action: Callable[..., Any]) -> None:
    job = run_action(dict.fromkeys(["fail-level", "format", "diff"], "--help"))
    assert "Options:" not in "".join(job.printed.values()) + job.summary


def test_every_variable_in_the_scripts_is_quoted() -> None:
    for step in STEPS.values():
        for line in step["run"].splitlines():
            code = line.partition(" #")[0]
            for word in shlex.shlex(code, posix=False, punctuation_chars=True):
                bare = word.startswith("$") and word not in ("$", "$code", "$GITHUB_OUTPUT")
                assert not bare, f"{word} in: {line}"
