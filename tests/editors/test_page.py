"""docs/editors.md: what can be executed of it does what it says."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path

from typer.testing import CliRunner

from router.cli.app import app
from router.resources import shipped

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs" / "editors.md").read_text("utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_the_problem_matcher_reads_what_the_task_prints(tmp_path: Path, monkeypatch) -> None:
    task = json.loads(block("json"))["tasks"][0]
    pattern = task["problemMatcher"]["pattern"]
    shutil.copytree(shipped("policies"), tmp_path / "policies")
    path = tmp_path / "policies" / "classify.yaml"
    path.write_text(path.read_text("utf-8").replace("max_tokens", "max_tokns", 1), "utf-8")
    monkeypatch.chdir(tmp_path)
    command, *arguments = task["command"].split()
    assert command == "router"
    printed = CliRunner().invoke(app, arguments).stdout
    lines = [re.match(pattern["regexp"], line) for line in printed.splitlines() if ":" in line]
    read = {
        name: found[group]
        for found in lines
        if found and found[4] == "error"
        for name, group in pattern.items()
        if name != "regexp"
    }
    assert all(lines)
    assert read["file"] == "policies/classify.yaml"
    assert read["line"] == str(1 + path.read_text("utf-8").split("max_tokns")[0].count("\n"))
    assert (read["column"], read["code"]) == ("9", "unknown-key")


def test_the_settings_are_well_formed_and_start_the_command_that_there_is() -> None:
    helix = tomllib.loads(block("toml"))["language-server"]["router"]
    assert CliRunner().invoke(app, [*helix["args"], "--help"]).exit_code == 0
    assert '"router", "lsp"' in block("lua")
    assert '"router" "lsp"' in block("elisp")


def test_the_schema_commands_bring_every_schema_up_to_date(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schemas").mkdir()
    for line in block("sh").splitlines():
        command, *arguments = line.split()
        assert command == "router"
        assert CliRunner().invoke(app, arguments).exit_code == 0
    written = {path.name for path in (tmp_path / "schemas").iterdir()}
    assert written == {path.name for path in shipped("schemas").iterdir()}
