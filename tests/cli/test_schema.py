"""`router schema`: the schema that editors read, for those who have no checkout."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from router.cli.app import app
from router.cli.editing import Schema
from router.resources import shipped

SHIPPED = (shipped("schemas") / "policy.schema.json").read_text("utf-8")


def test_it_prints_the_schema_that_the_loader_reads() -> None:
    for arguments in (["schema"], ["schema", "policy"]):
        ran = CliRunner().invoke(app, arguments)
        assert (ran.exit_code, ran.stdout) == (0, SHIPPED)
    ran = CliRunner().invoke(app, ["schema", "test"])
    assert ran.stdout == (shipped("schemas") / "policytest.schema.json").read_text("utf-8")


def test_every_schema_can_be_printed() -> None:
    assert {name.file for name in Schema} == {path.name for path in shipped("schemas").iterdir()}


def test_it_replaces_an_older_copy(tmp_path: Path) -> None:
    """After an upgrade, one command brings the copy in a repository up to date."""
    copy = tmp_path / "policy.schema.json"
    copy.write_text("{}")
    ran = CliRunner().invoke(app, ["schema", "--output", str(copy)])
    assert (ran.exit_code, ran.stdout) == (0, "")
    assert copy.read_text("utf-8") == SHIPPED


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["schema", "-o", str(tmp_path / "missing" / "s.json")])
    assert ran.exit_code == 2
    assert "missing/s.json: No such file or directory" in ran.stderr


def test_a_schema_that_there_is_not_is_a_usage_error() -> None:
    ran = CliRunner().invoke(app, ["schema", "polcy"])
    assert ran.exit_code == 2
    assert "'polcy'" in ran.stderr
