"""The pre-commit hooks: real pre-commit runs them on a real repository, without a network."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
HOOKS = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")


@pytest.fixture
def hooked(repository: Any, tmp_path: Path) -> Any:
    """A repository that uses our hooks as ours has them, run by the `router` that is installed.

    `language: python` would install the package, and what it needs, from the network.
    """
    ours = type(repository)(tmp_path / "ours")
    ours.folder.mkdir()
    (ours.folder / ".pre-commit-hooks.yaml").write_text(HOOKS, "utf-8")
    ours.git("init", "--quiet")
    revision = ours.commit()
    hooks = [{"id": hook["id"], "language": "system"} for hook in yaml.safe_load(HOOKS)]
    config = {"repos": [{"repo": str(ours.folder), "rev": revision, "hooks": hooks}]}
    (repository.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    repository.commit()
    return repository


def run(hooked: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    home = hooked.folder.parent / "pre-commit"
    return hooked.run("pre-commit", "run", "--color=never", *arguments, PRE_COMMIT_HOME=str(home))


def test_the_manifest_is_valid(repository: Any) -> None:
    ran = repository.run("pre-commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml"))
    assert ran.returncode == 0, ran.stdout


def test_sound_policies_pass(hooked: Any) -> None:
    ran = run(hooked, "--all-files")
    assert ran.returncode == 0, ran.stdout
    assert "lint policies" in ran.stdout
    assert "Failed" not in ran.stdout


def test_a_commit_that_breaks_a_policy_is_stopped(hooked: Any) -> None:
    hooked.edit("policies/classify.yaml", "max_tokens", "max_tokns")
    hooked.git("add", "--all")
    ran = run(hooked)
    assert ran.returncode == 1
    assert "lint policies" in ran.stdout
    assert "policies/classify.yaml:" in ran.stdout
    assert "error[unknown-key]" in ran.stdout


def test_a_commit_that_breaks_another_file_is_stopped_too(hooked: Any) -> None:
    """A parent is not the file in which its children break."""
    hooked.edit("policies/_defaults.yaml", "haiku:", "haikoo:")
    hooked.git("add", "--all")
    ran = run(hooked)
    assert ran.returncode == 1
    assert "policies/classify.yaml:" in ran.stdout


@pytest.mark.parametrize("name", ["README.md", "src/main.py", "notes/policies.yaml"])
def test_other_commits_do_not_wait_for_it(name: str, hooked: Any) -> None:
    path = hooked.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    hooked.git("add", "--all")
    ran = run(hooked)
    assert ran.returncode == 0
    assert ran.stdout.count("(no files to check)Skipped") == len(yaml.safe_load(HOOKS))


@pytest.mark.parametrize("name", ["policies/prompts/classify/role.md.j2", "shop/policies/a.yaml"])
def test_whatever_lies_among_policies_is_looked_at(name: str, hooked: Any) -> None:
    path = hooked.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("Be brief.\n")
    hooked.git("add", "--all")
    assert "Skipped" not in run(hooked).stdout
