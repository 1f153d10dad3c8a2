"""The docs are true: what they tell the reader to do works, and prints what they show."""

import contextlib
import difflib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # tools/ is no part of the package

from tools import docs  # noqa: E402
from tools.pages import PageError, follow, normal  # noqa: E402

TOP = ["README.md", "CHANGELOG.md", "examples/README.md"]
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in [*(ROOT / name for name in TOP), *(ROOT / "docs").rglob("*.md")]
)
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module", autouse=True)
def no_default_router_is_left():
    yield
    import router

    router.close()


@pytest.mark.parametrize("name", docs.FOLLOWED)
def test_a_page_can_be_followed_and_shows_what_is_printed(name):
    before = (ROOT / name).read_text("utf-8")
    after = docs.followed(name)
    changed = difflib.unified_diff(
        [normal(line) for line in before.splitlines()],
        [normal(line) for line in after.splitlines()],
        "shown",
        "printed",
        lineterm="",
    )
    assert "\n".join(changed) == "", "run `python -m tools.docs`"


def test_generated_pages_are_up_to_date():
    old = [
        name
        for name, text in docs.generated().items()
        if not (ROOT / name).exists() or (ROOT / name).read_text("utf-8") != text
    ]
    assert old == [], "run `python -m tools.docs`"


def test_every_key_of_the_schema_is_in_the_reference():
    """A key that is added to the format is added to its reference."""
    import json

    schema = json.loads((ROOT / "schemas" / "policy.schema.json").read_text("utf-8"))
    described = set()

    def walk(node):
        if isinstance(node, dict):
            for value in node.get("properties", {}).values():
                if isinstance(value, dict) and "description" in value:
                    described.add(value["description"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk({name: node for name, node in schema.items() if name != "$defs"})
    walk({name: node for name, node in schema["$defs"].items() if not name.startswith("whole_")})
    page = docs.policy_reference()
    assert [text for text in described if docs._cell(text) not in page] == []


def test_every_command_is_in_the_docs():
    import typer

    from router.cli.app import app

    assert sorted(typer.main.get_command(app).commands) == sorted(docs.COMMANDS)


def test_every_environment_variable_is_in_the_docs():
    """A setting that the code reads is one that operators can find."""
    text = "".join(path.read_text("utf-8") for path in (ROOT / "router").rglob("*.py"))
    read = set(re.findall(r"[\"'](ROUTER_[A-Z_]+)[\"']", text))
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert {name for name in read if name not in page} == set()


def test_every_error_is_in_the_docs():
    from router import errors

    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    missing = {name for name in errors.__all__ if name not in page}
    assert missing == set()


def test_every_dependency_has_its_reason():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    asked = [
        *project["project"]["dependencies"],
        *(one for extra in project["project"]["optional-dependencies"].values() for one in extra),
        *project["dependency-groups"]["dev"],
    ]
    names = {re.split(r"[\[<>=~]", one)[0] for one in asked}
    assert {name for name in names if f"`{name}`" not in page} == set()


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    text = re.sub(
        r"^```.*?^```$", "", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    broken = []
    for link in LINK.findall(text):
        if link.startswith(("https://", "mailto:")):
            continue
        target, _, anchor = link.partition("#")
        path = (ROOT / name).parent / target if target else ROOT / name
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


def anchors(page):
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    }


def test_the_architecture_names_what_there_is():
    """Every file named is there, and every name said to be in one is defined in it."""
    for page in ("architecture.md", *(f"decisions/{p.name}" for p in DECISIONS)):
        text = (ROOT / "docs" / page).read_text("utf-8")
        for path in re.findall(r"\brouter/[\w/]+(?:\.\w+|/)", text):
            assert (ROOT / path).exists(), f"{page}: {path}"
        for named, path in re.findall(r"`([\w.]+)`\s+in\s+`(router/[\w/]+\.py)`", text):
            code = (ROOT / path).read_text("utf-8")
            for name in named.split("."):
                assert re.search(rf"^ *(?:class|(?:async )?def) {name}\b", code, re.MULTILINE), (
                    f"{page}: {name} in {path}"
                )
        for called, path in re.findall(r"([\w.]+)(?:,| ►|─►)? +(router/[\w/]+\.py)", text):
            name = called.rpartition(".")[2]
            assert re.search(rf"\b{name}\b", (ROOT / path).read_text("utf-8")), f"{page}: {name}"


@pytest.mark.parametrize("name", PAGES)
def test_no_page_names_a_place_on_somebodys_machine(name):
    assert re.findall(r"(?:/home/|/Users/|/tmp/|/work/|C:\\)\S*", (ROOT / name).read_text()) == []


def test_every_page_can_be_reached_from_the_readme():
    """A page that nothing links to is not read."""
    reached = set()
    waiting = [ROOT / "README.md", ROOT / "CHANGELOG.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        links = LINK.findall(page.read_text("utf-8"))
        waiting += [page.parent / link.partition("#")[0] for link in links if ":" not in link]
    assert {name for name in PAGES if (ROOT / name) not in reached} == set()


def test_a_service_takes_an_edit_live_and_refuses_a_broken_one(tmp_path):
    """The loop of the README: edited, broken and mended while it runs, without one failed run."""
    text = (ROOT / "README.md").read_text("utf-8")
    with contextlib.chdir(tmp_path):
        follow(text.partition("Now edit while it runs.")[0], "README.md")
        loop = re.search(r"```python\n# loop.py\n(.*?)```", text, re.DOTALL)[1]
        Path("loop.py").write_text(loop)
    policy = tmp_path / "policies" / "urgent.yaml"
    run = subprocess.Popen(
        [sys.executable, "loop.py"],
        cwd=tmp_path,
        env={**os.environ, "ROUTER_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    before, after = re.findall(r"`((?:sonnet|haiku) 0\.\d+)`", text)[:2]

    def wait_for(what):
        since = time.monotonic()
        for line in run.stdout:
            if what in line:
                return line
            assert time.monotonic() - since < 10, f"no {what!r}"
        raise AssertionError(run.stderr.read())

    try:
        wait_for(before)
        for old, new in re.findall(r"\$ sed -i 's/(.+?)/(.+?)/'", text):
            policy.write_text(policy.read_text().replace(old, new))
            if new == "below: 0.5":
                wait_for(after)
            elif new.startswith("belw"):
                line = wait_for("unknown-key")
                assert re.match(after + r" urgent\.yaml:\d+:\d+: error", line)
            else:
                wait_for(before)
        assert run.poll() is None
    finally:
        run.kill()
        run.communicate()


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ("```python\n1 / 0\n```", "ZeroDivisionError"),
        ("```console\n$ router rule nothing\n```", "ended with 2"),
        ("```console\n$ frobnicate\n```", "not a command"),
    ],
)
def test_a_page_that_does_not_work_is_found_out(page, why, tmp_path):
    with contextlib.chdir(tmp_path), pytest.raises(PageError, match=why):
        follow(page)


def test_output_that_is_not_what_is_printed_is_found_out(tmp_path):
    page = "```python\nprint(2)\n#> 1\n```\n\n```console\n$ echo $?\n1\n```\n"
    with contextlib.chdir(tmp_path):
        assert follow(page) == page.replace("#> 1", "#> 2").replace("\n1\n", "\n0\n")


def test_ids_times_and_blanks_are_no_difference():
    assert not docs.differs(
        "cost 1, 210 ms, run run_0123456789abcdef01", "cost 1,  9 ms, run run_" + "a" * 18
    )
    assert docs.differs("cost 1, 210 ms", "cost 2, 210 ms")
