"""`router show` prints a task as its file has it: all of it, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from router.cli.resolved import task_as_yaml
from router.resources import shipped

LIBRARY = shipped("policies")
TASKS = [
    (path, name)
    for path in sorted(LIBRARY.glob("[!_]*.yaml"))
    if not path.name.endswith(".test.yaml")
    for name in yaml.safe_load(path.read_text(encoding="utf-8"))["tasks"]
]
AWKWARD = """version: 1
tasks:
  _base: {owner: platform}
  block:
    extends: _base
    tiers: [{model: claude-haiku-5-5, max_tokens: 100}]
    prompt:
      user: |
        Sort.

  flow: {prompt: {user: Sort.},
    tiers: [{model: claude-haiku-5-5, max_tokens: 100}]}  # on two lines
  last:
    prompt: {user: Sort.}
    tiers:
      - model: claude-haiku-5-5
        max_tokens: 100"""
BODY = "{prompt: {user: A.}, tiers: [{model: claude-haiku-5-5, max_tokens: 9}]}"
IN_A_LINE = f"version: 1\ntasks: {{one: {BODY}, two: {BODY}}}\n"


@pytest.mark.parametrize(("path", "name"), TASKS, ids=lambda value: str(value).rpartition("/")[2])
def test_each_task_of_the_library_is_printed_whole(path: Path, name: str):
    written = yaml.safe_load(path.read_text(encoding="utf-8"))["tasks"][name]
    printed = task_as_yaml(name, LIBRARY, resolved=False)
    assert yaml.safe_load(printed) == {name: written}


@pytest.mark.parametrize("name", ["block", "flow", "last"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_so_is_a_task_in_every_style(tmp_path: Path, name: str, line_break: str):
    (tmp_path / "a.yaml").write_bytes(AWKWARD.replace("\n", line_break).encode())
    written = yaml.safe_load(AWKWARD)["tasks"][name]
    assert yaml.safe_load(task_as_yaml(name, tmp_path, resolved=False)) == {name: written}


def test_a_comment_on_the_last_line_is_a_part_of_it(tmp_path: Path):
    (tmp_path / "a.yaml").write_text(AWKWARD)
    assert task_as_yaml("flow", tmp_path, resolved=False).endswith("}  # on two lines\n")


def test_of_a_line_with_several_tasks_only_the_one_is_printed(tmp_path: Path):
    (tmp_path / "a.yaml").write_text(IN_A_LINE)
    printed = task_as_yaml("one", tmp_path, resolved=False)
    assert yaml.safe_load(printed) == {"one": yaml.safe_load(BODY)}
