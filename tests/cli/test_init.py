"""`router init`: everything a newcomer needs, and nothing of theirs touched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from router.cli.init import write_project
from router.errors import UsageError
from router.resources import shipped


def contents(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def router(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROUTER_")}
    return subprocess.run(
        [sys.executable, "-m", "router", *arguments],
        cwd=cwd,
        env={**kept, "ROUTER_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_what_it_writes_lints_runs_and_reports(tmp_path: Path) -> None:
    """The three commands that it names work as they stand."""
    assert router("init", "mine", cwd=tmp_path).returncode == 0
    mine = tmp_path / "mine"
    lint = router("lint", cwd=mine)
    assert lint.returncode == 0, lint.stdout
    run = router("run", "classify", "--input", "message=I was charged twice", "--explain", cwd=mine)
    assert run.returncode == 0, run.stderr
    assert '"label"' in run.stdout
    assert "emulated" in run.stderr
    report = router("report", "--by", "task", cwd=mine)
    assert report.returncode == 0, report.stderr
    assert "classify" in report.stdout


def test_its_tests_pass_under_router_test_and_under_pytest(tmp_path: Path) -> None:
    write_project(tmp_path)
    tested = router("test", "--min-coverage", "100", "policies/classify.test.yaml", cwd=tmp_path)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    count = tested.stdout.splitlines()[-1].split(" in ")[0]
    assert count.endswith(" passed")
    assert count in ran.stdout


def test_all_writes_the_whole_library(tmp_path: Path) -> None:
    write_project(tmp_path, everything=True)
    assert contents(tmp_path / "policies") == contents(shipped("policies"))


@pytest.mark.parametrize("everything", [False, True])
def test_each_policy_names_a_schema_that_is_there(tmp_path: Path, everything: bool) -> None:
    """So that an editor completes and checks from the first minute."""
    write_project(tmp_path, everything=everything)
    for path in (tmp_path / "policies").glob("*.yaml"):
        line = path.read_text().split("\n", 1)[0]
        named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", line)
        assert named, path
        assert (path.parent / named[1]).is_file()


def test_nothing_that_is_there_is_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/classify.yaml").write_text("mine\n")
    (tmp_path / ".gitignore").write_text("*.pyc")
    write_project(tmp_path)
    assert (tmp_path / "policies/classify.yaml").read_text() == "mine\n"
    assert (tmp_path / ".gitignore").read_text() == "*.pyc\nrouter.ledger.db*\n"
    said = capsys.readouterr().out
    assert "kept  policies/classify.yaml" in said
    assert "added to .gitignore" in said
    before = contents(tmp_path)
    write_project(tmp_path)
    assert contents(tmp_path) == before


def test_a_place_that_cannot_be_written_to_is_the_caller_s_error(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        write_project(taken)
