"""--changed-since: what a pull request has changed, and what depends on it."""

from __future__ import annotations

import os
import subprocess
from datetime import date
from pathlib import Path

import pytest

from router.errors import UsageError
from router.lint.changes import changed_since
from router.lint.runner import lint_paths
from router.types import Severity

TODAY = date(2026, 11, 22)
POLICY = """version: 1
extends: {base}
tasks:
  {name}:
    extends: _task
    prompt: {{user: [{{file: {name}.j2}}]}}
"""
BASE = """version: 1
tasks:
  _task:
    input: {type: object, required: [mail], properties: {mail: {type: string}}}
    tiers: [{model: claude-opus-5-5, max_tokens: 2048}]
"""


def git(where: Path, *arguments: str) -> str:
    # No settings of the person who runs the tests.
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=where, env=environment, capture_output=True, check=True
    )
    return done.stdout.decode()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch) -> Path:
    top = tmp_path / "repo"
    root = top / "policies"
    root.mkdir(parents=True)
    for name, base in (("one", "_base.yaml"), ("two", "_other.yaml")):
        (root / base).write_text(BASE)
        (root / f"{name}.yaml").write_text(POLICY.format(name=name, base=base))
        (root / f"{name}.j2").write_text('{{ mail | tag("mail") }}\n')
    git(top, "init", "-q", "-b", "main")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "first")
    monkeypatch.chdir(top)
    monkeypatch.delenv("ROUTER_POLICIES", raising=False)
    return top


def lint(ref: str = "main"):
    return lint_paths(["policies"], today=TODAY, changed_since=ref)


def files(report) -> set[str]:
    return {one.span.file for one in report.findings if one.severity is not Severity.INFO}


def test_nothing_changed_is_clean_and_says_so(repository):
    report = lint()
    assert (report.findings, report.files, report.exit_code()) == ((), (), 0)
    assert report.notes == ("no policy under policies has changed since main",)


@pytest.mark.parametrize("changed", ["one.yaml", "one.j2", "_base.yaml"])
def test_a_policy_is_chosen_for_itself_its_templates_and_its_parents(repository, changed):
    path = repository / "policies" / changed
    path.write_text(path.read_text() + "\n")
    report = lint()
    assert files(report) == {"policies/_base.yaml"}
    (note,) = report.notes
    assert note.startswith("policies/one.yaml: ")
    assert ("it has changed" in note) == (changed == "one.yaml")
    assert changed in note


def test_staged_committed_and_untracked_changes_count(repository):
    git(repository, "checkout", "-q", "-b", "work")
    (repository / "policies" / "one.j2").write_text('{{ mail | tag("mail") }}!\n')
    git(repository, "commit", "-q", "-a", "-m", "second")
    assert lint().notes[0].startswith("policies/one.yaml")
    (repository / "policies" / "two.j2").write_text('{{ mail | tag("mail") }}!\n')
    git(repository, "add", ".")
    assert len(lint().notes) == 2
    text = POLICY.format(name="three", base="_base.yaml")
    (repository / "policies" / "three.yaml").write_text(text)
    (repository / "policies" / "three.j2").write_text('{{ mail | tag("mail") }}!\n')
    assert len(lint().notes) == 3


def test_what_others_did_on_the_branch_meanwhile_does_not_count(repository):
    """The ref is taken where this branch left it, as a pull request has it."""
    git(repository, "checkout", "-q", "-b", "work")
    git(repository, "checkout", "-q", "main")
    (repository / "policies" / "two.j2").write_text('{{ mail | tag("mail") }}!\n')
    git(repository, "commit", "-q", "-a", "-m", "of others")
    git(repository, "checkout", "-q", "work")
    (repository / "policies" / "one.j2").write_text('{{ mail | tag("mail") }}!\n')
    assert [note.partition(":")[0] for note in lint().notes] == ["policies/one.yaml"]


def test_a_deleted_template_chooses_its_policy(repository):
    (repository / "policies" / "one.j2").unlink()
    report = lint()
    assert "missing-file" in [one.rule for one in report.findings]
    assert "one.j2 changed" in report.notes[0]


def test_an_error_is_reported_wherever_it_is(repository):
    """Here a new policy takes a name, and the second that has it is an old one."""
    text = POLICY.format(name="two", base="_base.yaml")
    (repository / "policies" / "again.yaml").write_text(text)
    report = lint()
    assert "policies/two.yaml" in files(report)
    assert report.exit_code() == 1


def test_a_repository_above_the_working_directory_is_found(repository, monkeypatch):
    (repository / "policies" / "one.j2").write_text("{{ mail }}\n")
    monkeypatch.chdir(repository / "policies")
    assert "one.j2" in files(lint_paths(["."], today=TODAY, changed_since="main"))


def test_settings_of_git_do_not_hide_changes(repository, monkeypatch):
    """With `diff.relative` git names files from where it is asked, and leaves out the others."""
    git(repository, "config", "diff.relative", "true")
    (repository / "policies" / "one.j2").write_text('{{ mail | tag("mail") }}!\n')
    monkeypatch.chdir(repository / "policies")
    (note,) = lint_paths(["."], today=TODAY, changed_since="main").notes
    assert note == "one.yaml: one.j2 changed since main"


def test_the_repository_is_that_of_the_policies_wherever_one_is(repository, tmp_path, monkeypatch):
    (repository / "policies" / "one.j2").write_text('{{ mail | tag("mail") }}!\n')
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q", "-b", "main")
    git(other, "commit", "-q", "--allow-empty", "-m", "first")
    monkeypatch.chdir(other)
    (note,) = lint_paths(["../repo/policies"], today=TODAY, changed_since="main").notes
    assert note == "../repo/policies/one.yaml: one.j2 changed since main"


def test_a_repository_without_commits_says_that(tmp_path, monkeypatch):
    root = tmp_path / "policies"
    root.mkdir()
    (root / "a.yaml").write_text("version: 1\n")
    git(tmp_path, "init", "-q", "-b", "main")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="nothing is committed yet"):
        lint("HEAD")


def test_a_file_that_a_link_leads_to_counts(repository):
    """As in a folder of prompts that several policies share."""
    shared = repository / "policies" / "shared"
    shared.mkdir()
    (repository / "policies" / "one.j2").rename(shared / "one.j2")
    (repository / "policies" / "one.j2").symlink_to("shared/one.j2")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "shared")
    (shared / "one.j2").write_text('{{ mail | tag("mail") }}!\n')
    (note,) = lint().notes
    assert note == "policies/one.yaml: one.j2 changed since main"


def test_odd_names_come_through(repository):
    odd = ["a b.yaml", "-n.yaml", "日本.j2", 'q"uote.j2', "new\nline.j2", "tab\t.j2"]
    for name in odd:
        (repository / name).write_text("x")
    found = changed_since("main", repository).files
    assert found == {str(repository.resolve() / name) for name in odd}


@pytest.mark.parametrize("ref", ["nowhere", "--help", "-c", "main..x", ""])
def test_a_ref_that_is_none_is_refused(repository, ref):
    with pytest.raises(UsageError, match="git"):
        lint(ref)


def test_outside_a_repository_that_is_said(tmp_path, monkeypatch):
    root = tmp_path / "policies"
    root.mkdir()
    (root / "a.yaml").write_text("version: 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UsageError, match="not a git repository"):
        lint()


def test_branches_without_a_common_ancestor_are_refused(repository):
    git(repository, "checkout", "-q", "--orphan", "apart")
    git(repository, "commit", "-q", "-m", "apart")
    with pytest.raises(UsageError, match="no common ancestor"):
        lint("main")
