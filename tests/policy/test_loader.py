"""Loading: parents merged in, every fault said once, unchanged files not worked on again."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from router.policy.loader import DocumentCache, Loaded, load_documents
from router.policy.merge import merge
from router.policy.nodes import Node
from router.policy.sources import MemorySources, SourceError
from router.policy.yaml_reader import read_yaml
from router.types import Severity

BODY = "{prompt: {user: hi}, tiers: [{model: m, max_tokens: 1}]}"
GOOD = f"version: 1\ntasks:\n  one: {BODY}\n"


def load(files: dict[str, str | bytes], cache: DocumentCache | None = None) -> Loaded:
    return load_documents(MemorySources(files), cache)


def said(loaded: Loaded) -> list[str]:
    return [f"{f.span} {f.rule}" for f in loaded.findings]


def task(loaded: Loaded, name: str) -> Any:
    return next(d.tasks[name] for d in loaded.documents if name in d.tasks).plain()


# --- documents -----------------------------------------------------------------------------------


def test_a_policy_becomes_a_document() -> None:
    loaded = load(
        {"team/a.yaml": f"version: 1\nmodels: {{m: claude-haiku-5-5}}\ntasks: {{t: {BODY}}}\n"}
    )
    (document,) = loaded.documents
    assert loaded.findings == ()
    assert loaded.files == ("team/a.yaml",)
    assert document.file == "team/a.yaml"
    assert document.models["m"].value == "claude-haiku-5-5"
    assert document.tasks["t"].plain() == yaml.safe_load(BODY)
    assert str(document.task_names["t"].span) == "team/a.yaml:3:9"
    assert document.parents == ()


def test_parents_and_tests_are_no_policies_and_underscored_tasks_no_tasks() -> None:
    loaded = load(
        {
            "a.yaml": f"version: 1\ntasks: {{_base: {BODY}, t: {{extends: _base}}}}\n",
            "_p.yaml": "this: is not read",
            "a.test.yaml": "nor: this",
            ".git/b.yaml": "nor: this",
            "_old/b.yaml": "nor: this",
        }
    )
    assert loaded.findings == ()
    assert [list(d.tasks) for d in loaded.documents] == [["t"]]
    assert loaded.files == ("a.yaml",)


def test_the_warnings_of_a_good_file_stay_with_its_document() -> None:
    loaded = load({"a.yaml": GOOD.replace("hi", "on")})
    (document,) = loaded.documents
    assert [f.rule for f in document.findings] == ["yaml11-ambiguous"]
    assert loaded.findings == document.findings


def test_a_broken_file_does_not_hide_the_others() -> None:
    loaded = load({"a.yaml": "x: [", "b.yaml": GOOD, "c.yaml": "version: 7", "d.yaml": ""})
    assert [d.file for d in loaded.documents] == ["b.yaml"]
    assert said(loaded) == [
        "a.yaml:1:4 yaml-syntax",
        "c.yaml:1:10 unknown-version",
        "d.yaml:1:1 empty-file",
    ]


def test_no_warning_stands_where_an_error_does() -> None:
    """`1:30` is no duration; that YAML 1.1 reads it as 90 is beside the point then."""
    loaded = load({"a.yaml": GOOD.replace("max_tokens: 1", "max_tokens: 1, timeout: 1:30")})
    assert [f.rule for f in loaded.findings] == ["bad-value"]


# --- extends -------------------------------------------------------------------------------------

PARENT = """\
version: 1
models: {haiku: old, opus: claude-opus-5-5}
tasks:
  _base:
    owner: platform
    tags: {team: a, stage: b}
    retry: {retries: 2, cap: 10s}
    tiers: [{model: haiku, max_tokens: 1}, {model: opus, max_tokens: 2}]
"""
CHILD = """\
version: 1
extends: ../_parent.yaml
models: {haiku: new}
tasks:
  classify:
    extends: _base
    tags: {stage: null, cost: c}
    retry: {retries: 3}
    owner: null
    tiers: [{model: haiku, max_tokens: 9}]
    prompt: {user: hi}
"""


def test_maps_merge_lists_replace_and_null_removes() -> None:
    loaded = load({"_parent.yaml": PARENT, "team/a.yaml": CHILD})
    assert loaded.findings == ()
    (document,) = loaded.documents
    assert {k: v.value for k, v in document.models.items()} == {
        "haiku": "new",
        "opus": "claude-opus-5-5",
    }
    assert document.tasks["classify"].plain() == {
        "tags": {"team": "a", "cost": "c"},
        "retry": {"retries": 3, "cap": "10s"},
        "tiers": [{"model": "haiku", "max_tokens": 9}],
        "prompt": {"user": "hi"},
    }
    assert document.parents == ("_parent.yaml",)
    assert loaded.files == ("_parent.yaml", "team/a.yaml")


def test_what_came_from_a_parent_keeps_its_place() -> None:
    (document,) = load({"_parent.yaml": PARENT, "team/a.yaml": CHILD}).documents
    retry = document.tasks["classify"].get("retry")
    assert retry is not None
    assert str(retry.key_span("cap")) == "_parent.yaml:7:25"
    assert str(retry.key_span("retries")) == "team/a.yaml:8:13"
    assert str(document.models["opus"].span) == "_parent.yaml:2:28"


def test_chains_of_parents_are_followed_to_their_bound() -> None:
    """Eight parents are read; a ninth is refused."""

    def files(count: int) -> dict[str, str | bytes]:
        chain: dict[str, str | bytes] = {
            f"_{i}.yaml": f"version: 1\nextends: _{i + 1}.yaml\n" for i in range(1, count)
        }
        chain[f"_{count}.yaml"] = GOOD.replace("one", "_one")
        text = "version: 1\nextends: _1.yaml\ntasks: {t: {extends: _one}}\n"
        return {**chain, "a.yaml": text}

    assert load(files(8)).findings == ()
    assert said(load(files(9))) == ["_8.yaml:2:10 extends-cycle"]


def test_chains_of_tasks_are_followed_to_their_bound() -> None:
    def text(count: int) -> str:
        chain = "".join(f"  _{i}: {{extends: _{i + 1}}}\n" for i in range(1, count))
        return f"version: 1\ntasks:\n  t: {{extends: _1}}\n{chain}  _{count}: {BODY}\n"

    assert load({"a.yaml": text(8)}).findings == ()
    assert [f.rule for f in load({"a.yaml": text(9)}).findings] == ["extends-cycle"]


EXTENDS = [
    ("itself", {"a.yaml": "version: 1\nextends: a.yaml"}, ["a.yaml:2:10 extends-cycle"]),
    (
        "two policies in a circle",
        {"a.yaml": "version: 1\nextends: b.yaml", "b.yaml": "version: 1\nextends: a.yaml"},
        ["a.yaml:2:10 extends-cycle"],
    ),
    (
        "parents in a circle",
        {
            "a.yaml": "version: 1\nextends: _x.yaml",
            "b.yaml": "version: 1\nextends: _y.yaml",
            "_x.yaml": "version: 1\nextends: _y.yaml",
            "_y.yaml": "version: 1\nextends: _x.yaml",
        },
        ["_x.yaml:2:10 extends-cycle"],
    ),
    (
        "no such file",
        {"a.yaml": "version: 1\nextends: _x.yaml\ntasks: {t: {}}"},
        ["a.yaml:2:10 missing-parent"],
    ),
    ("out of the root", {"a.yaml": "version: 1\nextends: ../x.yaml"}, ["a.yaml:2:10 path-escape"]),
    ("absolute", {"a.yaml": "version: 1\nextends: /etc/x.yaml"}, ["a.yaml:2:10 path-escape"]),
    ("a URL", {"a.yaml": "version: 1\nextends: https://x/y"}, ["a.yaml:2:10 path-escape"]),
    ("a list", {"a.yaml": "version: 1\nextends: [_x.yaml]"}, ["a.yaml:2:10 wrong-type"]),
    ("nothing", {"a.yaml": "version: 1\nextends:"}, ["a.yaml:2:9 wrong-type"]),
    (
        "a file that is no YAML",
        {"a.yaml": "version: 1\nextends: _x.yaml\ntasks: {t: {}}", "_x.yaml": "x: [",
         "b.yaml": "version: 1\nextends: _x.yaml"},
        ["_x.yaml:1:4 yaml-syntax"],
    ),
    (
        "a list as a file",
        {"a.yaml": "version: 1\nextends: _x.yaml", "_x.yaml": "- 1"},
        ["_x.yaml:1:1 wrong-type"],
    ),
    (
        "a file of another version",
        {"a.yaml": "version: 1\nextends: _x.yaml", "_x.yaml": "version: 2\nnew: 1"},
        ["_x.yaml:1:10 unknown-version"],
    ),
    (
        "versions are each file's own",
        {"a.yaml": "extends: _x.yaml", "b.yaml": "version: 1\nextends: _y.yaml",
         "_x.yaml": "version: 1", "_y.yaml": "models: {}"},
        ["_y.yaml:1:1 missing-key", "a.yaml:1:1 missing-key"],
    ),
    (
        "a fault of a parent, once for all its children",
        {"a.yaml": "version: 1\nextends: _x.yaml", "b.yaml": "version: 1\nextends: _x.yaml",
         "_x.yaml": "version: 1\nmodles: {}\nmodels: {a: [x]}\ntasks: {_t: {ownr: x}}\n"},
        ["_x.yaml:2:1 unknown-key", "_x.yaml:3:13 wrong-type", "_x.yaml:4:14 unknown-key"],
    ),
    (
        "a fault of a parent that the child covers up",
        {"a.yaml": "version: 1\nextends: _x.yaml\nmodels: {a: y}",
         "_x.yaml": "version: 1\nmodels: {a: [x]}"},
        ["_x.yaml:2:13 wrong-type"],
    ),
    (
        "a null that removes nothing",
        {"a.yaml": f"version: 1\nextends: _x.yaml\nmodels: {{a: null}}\ntasks: {{t: {BODY}}}",
         "_x.yaml": "version: 1"},
        ["a.yaml:3:13 wrong-type"],
    ),
    ("no such task", {"a.yaml": "version: 1\ntasks: {t: {extends: _bse}, _base: {}}"},
     ["a.yaml:2:22 missing-parent"]),
    ("a task of itself", {"a.yaml": "version: 1\ntasks: {t: {extends: t}}"},
     ["a.yaml:2:22 extends-cycle"]),
    ("tasks in a circle", {"a.yaml": "version: 1\ntasks: {a: {extends: b}, b: {extends: a}}"},
     ["a.yaml:2:39 extends-cycle"]),
    ("a null as a task's parent", {"a.yaml": "version: 1\ntasks: {a: {extends: null}}"},
     ["a.yaml:2:22 wrong-type"]),
    (
        "a task that lacks what no parent gives",
        {"a.yaml": "version: 1\ntasks: {_b: {owner: x}, t: {extends: _b}}"},
        ["a.yaml:2:25 missing-key", "a.yaml:2:25 missing-key"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("files", "expected"), [case[1:] for case in EXTENDS], ids=[case[0] for case in EXTENDS]
)
def test_what_is_wrong_with_parents(files: dict[str, str | bytes], expected: list[str]) -> None:
    """At the place that is at fault, once, and without what only follows from it."""
    loaded = load(files)
    assert said(loaded) == expected
    assert all(finding.source_line for finding in loaded.findings)


def test_an_unused_parent_task_is_checked_all_the_same() -> None:
    loaded = load({"a.yaml": f"version: 1\ntasks: {{t: {BODY}, _b: {{ownr: x}}}}"})
    assert [f.rule for f in loaded.findings] == ["unknown-key"]


def test_a_choice_split_over_two_files_says_how_to_choose() -> None:
    base = GOOD.replace("{prompt", "{confidence: {field: output.c}, prompt").replace("one", "_one")
    child = "version: 1\nextends: _x.yaml\ntasks: {t: {extends: _one, confidence: {verifier: v}}}"
    (finding,) = load({"_x.yaml": base, "a.yaml": child}).findings
    assert finding.rule == "conflicting-keys"
    assert str(finding.span) == "a.yaml:3:41"
    assert finding.help == "`field: null` removes the one that comes from _x.yaml:3:23"


# --- the same task twice -------------------------------------------------------------------------


def test_a_task_is_unique_in_the_whole_set() -> None:
    loaded = load({"a.yaml": GOOD, "b/c.yaml": GOOD, "d.yaml": GOOD.replace("one", "two")})
    (finding,) = loaded.findings
    assert str(finding.span) == "b/c.yaml:3:3"
    assert (finding.rule, finding.notes) == ("duplicate-task", ("first on a.yaml:3:3",))
    assert finding.source_line == f"  one: {BODY}"


def test_a_task_inherited_by_two_files_is_a_duplicate_too() -> None:
    """The finding says where the name is written and what to call it instead."""
    child = "version: 1\nextends: _x.yaml\n"
    (finding,) = load({"_x.yaml": GOOD, "a.yaml": child, "b.yaml": child}).findings
    assert (finding.rule, str(finding.span)) == ("duplicate-task", "b.yaml:2:10")
    assert finding.message == "a.yaml and b.yaml both have the task `one` of _x.yaml"
    assert finding.notes == ("the name is written on _x.yaml:3:3",)
    assert finding.help is not None
    assert finding.help.startswith("call it `_one` there")


def test_a_broken_file_still_owns_its_names() -> None:
    loaded = load({"a.yaml": GOOD.replace("m,", "m, x: 1,"), "b.yaml": GOOD})
    assert [f.rule for f in loaded.findings] == ["unknown-key", "duplicate-task"]


# --- files that cannot be read -------------------------------------------------------------------


class Faulty(MemorySources):
    def __init__(self, files: dict[str, str | bytes], faults: dict[str, str]) -> None:
        super().__init__(files)
        self._faults = faults

    def read(self, path: str) -> bytes:
        if path in self._faults:
            raise SourceError(self._faults[path], f"{path}: cannot be read")
        return super().read(path)


@pytest.mark.parametrize(
    ("reason", "rule"),
    [
        ("missing", "unreadable-file"),
        ("unreadable", "unreadable-file"),
        ("not_a_file", "unreadable-file"),
        ("outside_root", "path-escape"),
        ("too_large", "yaml-too-large"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_finding(reason: str, rule: str) -> None:
    loaded = load_documents(Faulty({"a.yaml": GOOD, "b.yaml": ""}, {"b.yaml": reason}))
    assert said(loaded) == [f"b.yaml:1:1 {rule}"]
    assert [d.file for d in loaded.documents] == ["a.yaml"]
    assert loaded.files == ("a.yaml",)


@pytest.mark.parametrize(
    ("reason", "rule"), [("unreadable", "unreadable-file"), ("outside_root", "path-escape")]
)
def test_a_parent_that_cannot_be_read_is_a_finding_of_the_child(reason: str, rule: str) -> None:
    files: dict[str, str | bytes] = {"a.yaml": "version: 1\nextends: _x.yaml", "_x.yaml": ""}
    assert said(load_documents(Faulty(files, {"_x.yaml": reason}))) == [f"a.yaml:2:10 {rule}"]


# --- the cache -----------------------------------------------------------------------------------


def test_unchanged_files_keep_their_documents() -> None:
    """The very same objects, unless the file or one of its parents has other bytes."""
    cache = DocumentCache()
    child = "version: 1\nextends: _x.yaml\ntasks: {t: {extends: _one}}\n"
    files: dict[str, str | bytes] = {
        "_x.yaml": GOOD.replace("one", "_one"),
        "a.yaml": child,
        "b.yaml": GOOD,
    }
    first = load(files, cache)
    again = load(files, cache)
    assert [d.file for d in first.documents] == ["a.yaml", "b.yaml"]
    assert all(x is y for x, y in zip(first.documents, again.documents, strict=True))
    assert again.files == first.files
    files["_x.yaml"] = GOOD.replace("one", "_one").replace("hi", "ho")
    changed = load(files, cache)
    assert changed.documents[0] is not first.documents[0]
    assert changed.documents[1] is first.documents[1]
    assert task(changed, "t")["prompt"] == {"user": "ho"}


def test_the_cache_forgets_what_is_gone_and_notices_what_comes() -> None:
    cache = DocumentCache()
    files: dict[str, str | bytes] = {"a.yaml": "version: 1\nextends: _x.yaml\n", "b.yaml": GOOD}
    assert said(load(files, cache)) == ["a.yaml:2:10 missing-parent"]
    assert said(load(files, cache)) == ["a.yaml:2:10 missing-parent"]
    files["_x.yaml"] = "version: 1"
    assert load(files, cache).findings == ()
    del files["b.yaml"]
    assert set(load(files, cache).files) == {"a.yaml", "_x.yaml"}
    assert set(cache.files) == {"a.yaml", "_x.yaml"}
    assert set(cache.resolved) == {"a.yaml"}


pool = st.sampled_from(
    [GOOD, GOOD.replace("one", "two"), GOOD.replace("one", "_one"), "", "x: [", "version: 2",
     "version: 1\nextends: _x.yaml\ntasks: {t: {extends: _one}}\n",
     "version: 1\nextends: b.yaml\n", "version: 1\nextends: _y.yaml\nmodels: {a: null}\n",
     "version: 1\nextends: a.yaml\n", "version: 1\nmodels: {a: b}\n",
     "version: 1\nmodels: {a: on}\n", "version: 1\nextends: _x.yaml\n"]
)  # fmt: skip
sets = st.dictionaries(st.sampled_from(["a.yaml", "b.yaml", "c.yaml", "_x.yaml", "_y.yaml"]), pool)


@given(st.lists(sets, min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_a_cache_changes_nothing_but_the_time(states: list[dict[str, str | bytes]]) -> None:
    """Whatever a root went through, a load with the cache says what a load without it says."""
    cache = DocumentCache()
    for files in states:
        with_cache, without = load(files, cache), load(files)
        assert with_cache.findings == without.findings
        assert with_cache.files == without.files
        assert [d.file for d in with_cache.documents] == [d.file for d in without.documents]
        for left, right in zip(with_cache.documents, without.documents, strict=True):
            assert [t.plain() for t in left.tasks.values()] == [
                t.plain() for t in right.tasks.values()
            ]
        # nothing is lost in silence: a policy without a document has an error to show for it
        lost = {name for name in files if not name.startswith("_")}
        lost -= {d.file for d in without.documents}
        assert not lost or any(f.severity is Severity.ERROR for f in without.findings)
        assert len(set(without.findings)) == len(without.findings)


# --- merging -------------------------------------------------------------------------------------

values = st.recursive(
    st.none() | st.integers(0, 3),
    lambda children: (
        st.lists(children, max_size=2) | st.dictionaries(st.sampled_from("abc"), children)
    ),
    max_leaves=8,
)


def node(value: Any) -> Node:
    read = read_yaml(yaml.safe_dump({"root": value}).encode(), "x.yaml").node
    assert read is not None
    found = read.get("root")
    assert found is not None
    return found


def model(parent: Any, child: Any) -> Any:
    """Merging, written down once more for plain data."""
    if not (isinstance(parent, dict) and isinstance(child, dict)):
        return child
    merged = copy.deepcopy(parent)
    for key, mine in child.items():
        if key in merged and mine is None:
            del merged[key]
        else:
            merged[key] = model(merged[key], mine) if key in merged else mine
    return merged


@given(values, values)
@settings(max_examples=100, deadline=None)
def test_merging_is_what_it_says(parent: Any, child: Any) -> None:
    """Maps merge, all else replaces, null removes what is there; neither side is touched."""
    one, two = node(parent), node(child)
    merged = merge(one, two)
    assert merged.plain() == model(parent, child)
    assert (one.plain(), two.plain()) == (parent, child)
    for place in _maps(merged):
        assert set(place.key_marks or ()) == set(place.value)


def _maps(root: Node) -> list[Node]:
    found = [root] if root.is_map else []
    for child in [*(c for _, c in root.items()), *root.elements()]:
        found += _maps(child)
    return found


# --- truncation ----------------------------------------------------------------------------------


def test_a_policy_cut_anywhere_is_loaded_or_refused() -> None:
    """Never an exception; and while the version is not there yet, never a document."""
    text = (Path(__file__).parent / "mistakes.yaml").read_bytes()[:300]
    for data in (text, CHILD.encode(), PARENT.encode(), GOOD.encode()):
        for length in range(len(data)):
            loaded = load({"team/a.yaml": data[:length], "_parent.yaml": PARENT})
            if length < len("version: 1"):
                assert loaded.documents == ()
            assert loaded.documents or loaded.findings
