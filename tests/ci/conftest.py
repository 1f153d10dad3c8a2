"""Repositories with policies, and what runs there as a CI service would run it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from router.resources import shipped

ROOT = Path(__file__).resolve().parent.parent.parent
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *arguments],
        cwd=folder,
        env=_environment(),
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def _environment(**more: str) -> dict[str, str]:
    """The machine's, with our `router` first and nothing that would steer it or git."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ROUTER_", "GIT_", "GITHUB_"))
    }
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{who}_{what}": "tests@localhost" for who, what in _WHO},
        **more,
    }


_CASES = """
version: 1
cases:
  - name: a sure answer stays on the first tier
    task: classify
    inputs: {message: I was charged twice}
    replies: {haiku: {label: billing, explanation: A charge., confidence: 0.95}}
    expect: {path: [haiku]}
"""
_WHO = [(who, what) for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]


@dataclass
class Repository:
    """A git repository; its first commit has the starter library and one test of it."""

    folder: Path

    def git(self, *arguments: str) -> str:
        return git(self.folder, *arguments)

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "A change")
        return self.git("rev-parse", "HEAD")

    def edit(self, name: str, before: str, after: str) -> None:
        path = self.folder / name
        text = path.read_text("utf-8")
        assert before in text
        path.write_text(text.replace(before, after, 1), "utf-8")

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=_environment(**environment),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def bash(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A script as both GitHub and GitLab run one: it ends where something fails."""
        return self.run(
            *("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script), **environment
        )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "repository"
    shutil.copytree(shipped("policies"), folder / "policies")
    for path in folder.rglob("*.test.yaml"):
        path.unlink()
    (folder / "policies" / "classify.test.yaml").write_text(_CASES, "utf-8")
    git(folder, "init", "--quiet")
    made = Repository(folder)
    made.commit()
    return made


@dataclass
class Job:
    """A run of our action: outcomes and outputs by step, annotations, and the summary."""

    outcomes: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    @property
    def passed(self) -> bool:
        return "failure" not in self.outcomes.values()


@pytest.fixture
def run_action(repository: Repository, tmp_path: Path) -> Callable[..., Job]:
    """Runs action.yml on the repository as GitHub does: each step's shell, on its conditions."""

    def run(inputs: Mapping[str, str], base: str = "") -> Job:
        action: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
        assert inputs.keys() <= action["inputs"].keys()
        defaults = {name: given["default"] for name, given in action["inputs"].items()}
        job = Job()
        facts = _Facts({**defaults, "install": "false", **inputs}, base, job)
        files = {name: tmp_path / name for name in ("output", "summary")}
        for step in action["runs"]["steps"]:
            if not facts.hold(step.get("if", "true")):
                job.outcomes[step["id"]] = "skipped"
                continue
            for path in files.values():
                path.write_text("")
            assert step["shell"] == "bash"
            assert not _EXPRESSION.search(step["run"]), "inputs are no part of a script"
            inner = Repository(repository.folder / facts.fill(step.get("working-directory", ".")))
            ran = inner.bash(
                step["run"],
                GITHUB_OUTPUT=str(files["output"]),
                GITHUB_STEP_SUMMARY=str(files["summary"]),
                GITHUB_ACTION_PATH=str(ROOT),
                RUNNER_TEMP=str(tmp_path),
                **{name: facts.fill(value) for name, value in step.get("env", {}).items()},
            )
            job.outcomes[step["id"]] = "failure" if ran.returncode else "success"
            job.printed[step["id"]] = ran.stdout + ran.stderr
            lines = files["output"].read_text().splitlines()
            job.outputs[step["id"]] = dict(line.split("=", 1) for line in lines)
            job.summary += files["summary"].read_text("utf-8")
        return job

    return run


@dataclass
class _Facts:
    """What expressions of the action may refer to."""

    inputs: Mapping[str, str]
    base: str
    job: Job

    def fill(self, value: str) -> str:
        return _EXPRESSION.sub(lambda found: str(self._value(found[1])), value)

    def hold(self, condition: str) -> bool:
        return bool(self._value(_EXPRESSION.sub(r"\1", condition)))

    def _value(self, expression: str) -> Any:
        for operator, combine in (("||", lambda a, b: a or b), ("&&", lambda a, b: a and b)):
            left, found, right = expression.partition(operator)
            if found:
                return combine(self._value(left.strip()), self._value(right.strip()))
        for operator, same in (("==", True), ("!=", False)):
            left, found, right = expression.partition(operator)
            if found:
                return (self._value(left.strip()) == self._value(right.strip())) is same
        match expression.split("."):
            case [text] if text[0] == text[-1] == "'":
                return text[1:-1]
            case ["true" | "!cancelled()"]:
                return True
            case ["inputs", name]:
                return self.inputs[name]
            case ["steps", step, "outcome"]:
                return self.job.outcomes[step]
            case ["steps", step, "outputs", name]:
                return self.job.outputs[step].get(name, "")
            case ["github", "event", "pull_request", "base", "sha"]:
                return self.base
        raise ValueError(f"an expression that is not understood: {expression}")
