"""`router lint` at the command line: the quick way in and the whole one say the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from router.cli import quick
from router.lint.reporters import Form

WARNED = """version: 1
tasks:
  sort:
    input: {type: object, required: [mail], properties: {mail: {type: string}}}
    prompt: {user: '{{ mail | tag("mail") }}'}
    tiers: [{model: claude-opus-5-5, max_tokens: 2048}]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch) -> Path:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.yaml").write_text(WARNED)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ROUTER_POLICIES", raising=False)
    return tmp_path


def lint(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "router", "lint", *arguments]
    return subprocess.run(program, capture_output=True, text=True, check=False)


def test_exit_codes_are_clean_findings_and_nothing_to_lint(project):
    assert lint().returncode == 0
    assert lint("--fail-level", "warning").returncode == 1
    assert lint("nowhere").returncode == 2
    assert lint("--config", "nowhere.toml").returncode == 2
    assert lint("--format", "xml").returncode == 2
    (project / "policies" / "a.yaml").write_text(WARNED.replace("opus-5-5", "opus-55"))
    assert lint().returncode == 1


def test_who_names_no_path_and_has_no_policies_is_told_what_to_do(project):
    (project / "policies").rename(project / "elsewhere")
    done = lint()
    assert done.returncode == 2
    assert done.stderr == (
        "error: no such file or directory: policies; "
        "name the path of the policies, or begin with `router init`\n"
    )
    assert lint("nowhere").stderr == "error: no such file or directory: nowhere\n"


def test_policies_without_a_task_are_nothing_to_lint(project):
    (project / "policies" / "a.yaml").write_text("version: 1\n")
    done = lint()
    assert done.returncode == 2
    assert done.stderr == "error: no task in the policies under policies\n"
    (project / "policies" / "a.yaml").write_text("version: 1\ntsks: {}\n")
    assert lint().returncode == 1


@pytest.mark.parametrize(
    ("glob", "idle"),
    [
        ("policies/*.yaml", False),
        ("**/a.yaml", False),
        ("elsewhere/**", False),  # there, but not what is linted
        ("policies/b*.yaml", True),
        ("polices/**", True),
        ("a.yaml", True),  # globs are taken from where the configuration lies
    ],
)
def test_a_glob_that_matches_no_file_is_told(project, glob, idle):
    (project / "elsewhere").mkdir()
    (project / "router.toml").write_text(
        f'[lint.per-path]\n"{glob}" = {{ignore = ["open-object"]}}\n'
    )
    said = f"note: the per-path glob {glob!r} matches no file under policies\n"
    assert lint().stderr == (said if idle else "")


def test_the_project_decides_what_the_command_line_leaves_open(project):
    (project / "pyproject.toml").write_text(
        '[tool.router.lint]\nfail-level = "warning"\nformat = "concise"\n'
    )
    done = lint()
    assert done.returncode == 1
    assert "policies/a.yaml:4:58: warning[unbounded-input]" in done.stdout
    done = lint("--fail-level", "error", "--format=json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["warnings"] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
@pytest.mark.parametrize("form", list(Form))
def test_a_path_that_is_no_text_is_printed_all_the_same(project, form, monkeypatch):
    folder = project / os.fsdecode(b"x\xff")
    folder.mkdir()
    (folder / "a.yaml").write_text(WARNED.replace("opus-5-5", "opus-55"))
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8:strict")
    done = lint("--format", form, str(folder))
    assert (done.returncode, done.stderr) == (1, "")


def test_a_mistake_in_the_configuration_is_a_usage_error_with_its_place(project):
    (project / "router.toml").write_text("[lint]\nfail-lvl = 'error'\n")
    done = lint()
    assert done.returncode == 2
    assert done.stdout == ""
    assert "router.toml:2:1: unknown key `fail-lvl`; did you mean `fail-level`?" in done.stderr
    other = project / "other.toml"
    other.write_text("[lint]\nignore = ['unbounded-input']\n")
    assert lint("--config", "other.toml", "--fail-level=warning").returncode == 0


def test_a_baseline_is_written_and_then_holds(project):
    assert lint("--write-baseline").returncode == 2
    done = lint("--baseline", "known.json", "--write-baseline", "--fail-level", "warning")
    assert (done.returncode, done.stderr) == (0, "note: 1 known finding written to known.json\n")
    done = lint("--baseline", "known.json", "--fail-level", "warning")
    assert done.returncode == 0
    assert "1 suppressed)" in done.stdout
    (project / "policies" / "a.yaml").write_text(WARNED.replace("{type: string}", "{minLength: 1}"))
    done = lint("--baseline", "known.json")
    assert "note: known.json: unbounded-input in policies/a.yaml" in done.stderr


def test_changed_since_outside_a_repository_is_a_usage_error(project, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    done = lint("--changed-since", "main")
    assert done.returncode == 2
    assert "not a git repository" in done.stderr


CACHED = WARNED.replace("{user:", "{system: [{text: You sort mail., cache: 1h}], user:")


def test_tokens_are_counted_by_the_emulator_where_that_is_asked_for(project, monkeypatch):
    (project / "policies" / "a.yaml").write_text(CACHED)
    assert "about" in lint("--format", "concise").stdout
    counted = lint("--format", "concise", "--count-tokens", "--offline")
    assert "cache-below-minimum" in counted.stdout
    assert "about" not in counted.stdout
    monkeypatch.setenv("ROUTER_OFFLINE", "1")
    assert lint("--format", "concise", "--count-tokens").stdout == counted.stdout


def test_counting_without_a_key_is_a_usage_error(project, monkeypatch):
    (project / "policies" / "a.yaml").write_text(CACHED)
    for name in (
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_PROFILE",
        "ROUTER_OFFLINE",
    ):
        monkeypatch.delenv(name, raising=False)
    done = lint("--count-tokens")
    assert done.returncode == 2
    assert "ANTHROPIC_API_KEY" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["policies"],
        ["--format", "json"],
        ["--fail-level=info", "--format=github", "policies"],
        ["--config", "empty.toml"],
    ],
)
def test_the_quick_way_and_the_whole_command_line_say_the_same(project, arguments, capsys):
    from typer.testing import CliRunner

    from router.cli.app import app

    (project / "empty.toml").write_text("")
    code = quick.lint(arguments)
    told = capsys.readouterr().out
    done = CliRunner().invoke(app, ["lint", *arguments])
    assert (done.exit_code, done.stdout) == (code, told)
    assert told


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--fromat", "json"], ["--format", "xml"], ["--config"]]
)
def test_what_the_quick_way_does_not_know_is_left_to_the_command_line(arguments):
    assert quick.lint(arguments) is None
