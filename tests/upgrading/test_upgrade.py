"""Pins move along the catalog's successors: what is found, what it changes, what is written."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from router.catalog import load_catalog
from router.errors import PolicyError, UnknownTask, UsageError
from router.upgrading.formats import Form, render
from router.upgrading.moves import Selection
from router.upgrading.upgrade import plan_upgrade, root_and_files

CATALOG = load_catalog()
TODAY = date(2026, 11, 28)
DEFAULTS = """version: 1
models:  # one line each
  haiku: claude-haiku-4-5-20251001
  sonnet: claude-sonnet-4-5-20250929   # retires
  opus: "claude-opus-5-5"
"""
TASK = """version: 1
extends: _defaults.yaml
tasks:
  {name}:
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties: {{message: {{type: string, maxLength: 4000}}}}
    prompt:
      system: [{{file: role.md, cache: 1h}}]
      user: '{{{{ message | tag("message") }}}}'
    tiers:
      - {{model: haiku, max_tokens: 4096}}
      - {{model: {second}, max_tokens: 4096, name: second}}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch) -> Path:
    root = tmp_path / "policies"
    root.mkdir()
    (root / "_defaults.yaml").write_text(DEFAULTS)
    (root / "role.md").write_text("Sort the mail by what its sender wants of us. " * 80)
    (root / "sort.yaml").write_text(TASK.format(name="sort", second="sonnet"))
    (root / "reply.yaml").write_text(TASK.format(name="reply", second="claude-opus-4-1"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ROUTER_POLICIES", raising=False)
    return Path("policies")


def plan(root: Path, **options):
    return plan_upgrade(root, CATALOG, today=TODAY, selection=Selection(**options))


def moved(upgrade) -> dict[str, str]:
    return {move.old: move.new.id for move in upgrade.moves}


def test_what_leaves_is_moved_and_what_stays_is_not(root):
    assert moved(plan(root)) == {
        "claude-sonnet-4-5-20250929": "claude-sonnet-5-5",
        "claude-opus-4-1": "claude-opus-4-8",  # an alias of a retired model
    }


def test_a_pin_knows_its_name_its_place_and_all_who_use_it(root):
    (haiku,) = plan(root, models=["haiku"]).moves
    assert (haiku.name, str(haiku.span)) == ("haiku", "_defaults.yaml:3:10")
    assert haiku.users == (("reply", "haiku"), ("sort", "haiku"))


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"everything": True}, {"claude-haiku-4-5-20251001", "claude-opus-4-1"}),
        ({"tasks": ["reply"]}, {"claude-opus-4-1"}),
        ({"models": ["claude-haiku-4-5-20251001"]}, {"claude-haiku-4-5-20251001"}),
        ({"files": ["reply.yaml"]}, {"claude-opus-4-1"}),
        ({"files": ["reply.yaml"], "models": ["sonnet"]}, set()),
    ],
)
def test_a_selection_narrows_or_widens_what_is_moved(root, selection, expected):
    found = set(moved(plan(root, **selection)))
    assert expected == found - {"claude-sonnet-4-5-20250929"}


@pytest.mark.parametrize("name", ["claude-opus-5-5", "opus"])
def test_one_may_choose_where_to_by_pin_or_by_name(root, name):
    found = plan(root, models=["sonnet"], to=name)
    assert moved(found) == {"claude-sonnet-4-5-20250929": "claude-opus-5-5"}


def test_choosing_where_to_alone_moves_no_pin_that_stays(root):
    assert set(moved(plan(root, to="claude-opus-5-5"))) == {
        "claude-sonnet-4-5-20250929",
        "claude-opus-4-1",
    }
    plan(root).write()
    with pytest.raises(UsageError, match="no pin is leaving; --model NAME or --all"):
        plan(root, to="claude-opus-5-5")


def test_the_reason_of_a_move_that_was_asked_for_is_that_it_was(root):
    text = render(plan(root, models=["haiku"], to="opus"), Form.TEXT)
    assert "why      asked for" in text
    assert "newer model" not in text


def test_what_stays_is_not_told_as_a_change(root):
    """A prefix that is cached before and after, and what only gets better."""
    lines = render(plan(root, models=["sonnet", "haiku"]), Form.TEXT).splitlines()
    caching = [line for line in lines if "system[0] about" in line]
    assert any(line.endswith("tokens, cached as before") for line in caching)
    assert any(line.endswith("too short to cache → cached") for line in caching)
    assert not any("cached → cached" in line for line in lines)
    better = [line for line in lines if "tier haiku: minimum cacheable prefix" in line]
    assert better
    assert all(line.startswith("  note ") for line in better)


@pytest.mark.parametrize("name", ["claude-sonnet-55", "claude-haiku-4-5", "claude-opus-4-1"])
def test_nobody_is_moved_to_what_is_no_pin_or_gone(root, name):
    with pytest.raises(UsageError, match=name):
        plan(root, models=["haiku"], to=name)


def test_a_name_that_stands_for_several_pins_is_no_place_to_move_to(root):
    path = root / "sort.yaml"
    text = path.read_text().replace("tasks:", "models: {opus: claude-opus-4-8}\ntasks:")
    path.write_text(text)
    with pytest.raises(UsageError, match="stands for claude-opus-4-8 and claude-opus-5-5"):
        plan(root, models=["haiku"], to="opus")


def test_what_is_not_there_is_said_with_what_was_meant(root):
    with pytest.raises(UnknownTask, match="did you mean `sort`"):
        plan(root, tasks=["sorte"])
    with pytest.raises(UsageError, match="did you mean `haiku`"):
        plan(root, models=["hauku"])
    with pytest.raises(UsageError, match="no policy files"):
        plan(root / "none")


def test_each_task_has_its_costs_its_caches_and_its_warnings(root):
    effects = {effect.task: effect for effect in plan(root, everything=True).effects}
    sort = effects["sort"]
    assert sort.bounds.worst_after < sort.bounds.worst_before
    points = {point.tier: point for point in sort.breakpoints}
    assert (points["haiku"].caches_before, points["haiku"].caches_after) == (False, True)
    assert points["haiku"].tokens_before < points["haiku"].tokens_after
    assert {cold.tier for cold in sort.caches} == {"haiku", "second"}
    assert any("max_tokens stays as it is" in warning for warning in sort.warnings)
    assert any("thinking by default off → on" in warning for warning in sort.warnings)


def test_what_lint_would_newly_say_is_told(root):
    path = root / "sort.yaml"
    path.write_text(path.read_text().replace("max_tokens: 4096, name", "max_tokens: 900, name"))
    found = plan(root, models=["sonnet"])
    assert [one.rule for one in found.warnings] == ["ceiling-under-thinking"]
    assert found.errors == ()


def test_writing_changes_the_pins_and_nothing_else(root):
    plan(root).write()
    expected = DEFAULTS.replace("claude-sonnet-4-5-20250929", "claude-sonnet-5-5")
    assert (root / "_defaults.yaml").read_text() == expected
    assert "{model: claude-opus-4-8, max_tokens" in (root / "reply.yaml").read_text()
    assert plan(root).moves == ()


def test_an_upgrade_that_would_create_an_error_is_not_written(root):
    """Sonnet 5.5 cannot switch its thoughts off."""
    path = root / "sort.yaml"
    path.write_text(path.read_text().replace("name: second", "name: second, thinking: disabled"))
    found = plan(root)
    assert [one.rule for one in found.errors] == ["refused-parameter"]
    assert str(found.errors[0].span).startswith("policies/sort.yaml:15:")
    with pytest.raises(UsageError, match="would create errors"):
        found.write()
    assert (root / "_defaults.yaml").read_text() == DEFAULTS


def test_an_error_that_was_there_before_keeps_nobody_from_upgrading(root):
    found = plan(root, models=["sonnet"])  # reply's Opus 4.1 stays retired
    assert found.errors == ()
    found.write()


def test_a_place_that_is_not_edited_is_named(root):
    path = root / "reply.yaml"
    path.write_text(path.read_text().replace("claude-opus-4-1", "&pin claude-opus-4-1"))
    found = plan(root, tasks=["reply"])
    assert [move.old for move in found.stuck] == ["claude-opus-4-1"]
    assert "by hand" in render(found, Form.TEXT)


def test_policies_that_do_not_compile_are_not_upgraded(root):
    (root / "sort.yaml").write_text(TASK.format(name="sort", second="sonet"))
    with pytest.raises(PolicyError) as caught:
        plan(root)
    assert str(caught.value.findings[0].span) == "policies/sort.yaml:15:17"


def test_json_has_everything_and_money_as_text(root):
    told = json.loads(render(plan(root, models=["sonnet"]), Form.JSON))
    (move,) = told["moves"]
    assert (move["file"], move["line"], move["name"]) == ("policies/_defaults.yaml", 4, "sonnet")
    (models,) = told["models"]
    assert models["token_factor"] == "1.3"
    prices = {price["kind"]: price for price in models["prices"]}
    assert Decimal(prices["input"]["after"]) == 2
    (task,) = told["tasks"]
    assert Decimal(task["worst"]["before"]) > 0
    assert (told["written"], told["errors"]) == (False, [])


def test_markdown_is_a_table_that_no_name_can_break(root):
    (root / "reply.yaml").rename(root / "re|p<b>ly.yaml")
    text = render(plan(root), Form.MARKDOWN)
    assert "| policies/re\\|p&lt;b>ly.yaml:15:17 | claude-opus-4-1 | claude-opus-4-8 |" in text


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([], ("policies", None)),
        (["policies"], ("policies", None)),
        (["policies/sort.yaml"], ("policies", ("sort.yaml",))),
    ],
)
def test_paths_lie_in_one_root(root, paths, expected):
    found = root_and_files([Path(path) for path in paths], root)
    assert (str(found[0]), found[1]) == expected


def test_several_roots_and_missing_paths_are_refused(root, tmp_path):
    (tmp_path / "other").mkdir()
    with pytest.raises(UsageError, match="one policy root at a time"):
        root_and_files([Path("other"), root], root)
    with pytest.raises(UsageError, match="no such file"):
        root_and_files([Path("nowhere")], root)


def upgrade(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "router", "upgrade", *arguments]
    return subprocess.run(program, capture_output=True, text=True, check=False)


def test_exit_codes_say_whether_something_is_to_be_done(root):
    done = upgrade("--model", "haiku")
    assert (done.returncode, done.stderr) == (1, "")
    assert "policies/_defaults.yaml:3:10: haiku: claude-haiku-4-5-20251001 → " in done.stdout
    assert done.stdout.endswith("nothing is written yet: --write does it\n")
    done = upgrade("--model", "haiku", "--write")
    assert done.returncode == 0
    assert done.stdout.endswith("written: policies/_defaults.yaml\n")
    done = upgrade("--model", "haiku")
    assert (done.returncode, done.stdout) == (0, "nothing to upgrade\n")
    assert upgrade("--model", "nobody").returncode == 2
    (root / "sort.yaml").write_text("version: 1\ntask: {}\n")
    assert upgrade().returncode == 2
