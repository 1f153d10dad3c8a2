"""What differs between two states of a task, and that nothing that differs is missed."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from router.diffing.changes import Bounds, Change, ColdCache, Kind, TaskDiff
from router.diffing.formats.words import cache_line, cost_lines
from router.diffing.judging import Judged, judged
from router.diffing.sides import Side
from router.diffing.verdict import verdict
from router.policy.sources import MemorySources

from .conftest import CATALOG, FILES, POLICY, TODAY, Edit, report

OLDER = "claude-haiku-4-5-20251001"

CHANGES = [
    (Kind.MODEL, "haiku: claude-haiku-5-5", "haiku: claude-sonnet-5-5", "model claude-haiku"),
    (Kind.CEILING, "max_tokens: 512", "max_tokens: 513", "max_tokens 512 → 513"),
    (Kind.SETTING, "effort: low", "effort: medium", "effort low → medium"),
    (Kind.SETTING, "timeout: 8s", "timeout: 8s\n        speed: standard", "speed unset → standard"),
    (Kind.DEADLINE, "timeout: 8s", "timeout: 9s", "timeout 8s → 9s"),
    (Kind.DEADLINE, "deadline: 60s", "deadline: 61s", "deadline 60s → 61s"),
    (Kind.THRESHOLD, "below: 0.82", "below: 0.83", "threshold 0.82 → 0.83 (escalates more)"),
    (Kind.THRESHOLD, "below: 0.82", "below: 0.7", "threshold 0.82 → 0.7 (escalates less)"),
    (
        Kind.CONDITION,
        "escalate: [{below: 0.82}]",
        'escalate: [{below: 0.82}, {when: output.label == "card", to: opus}]',
        'rule `when output.label == "card", to opus` added',
    ),
    (Kind.START, 'plan == "pro"', 'plan != "free"', "rule `when plan =="),
    (Kind.LABEL, "reason: paid for", "reason: because", "reasons of its rules reworded"),
    (Kind.BUDGET, "usd: 0.05", "usd: 0.06", "usd 0.05 → 0.06"),
    (Kind.RETRY, "retries: 4", "retries: 5", "retries 4 → 5"),
    (Kind.RETRY, "cap: 15s", "cap: 16s", "cap 15s → 16s"),
    (Kind.INPUT, "trusted: [plan]", "trusted: []", "trusted plan → none"),
    (Kind.INPUT, "maxLength: 8000", "maxLength: 8001", "(compatible for callers)"),
    (Kind.INPUT, "maxLength: 8000", "maxLength: 7000", "(breaks callers)"),
    (Kind.OUTPUT, "[billing, card, other]", "[billing, other]", "(compatible for consumers)"),
    (Kind.OUTPUT, "[billing, card, other]", "[billing, card, x, other]", "(breaks consumers)"),
    (Kind.LABEL, "product: support", "product: sales", "tags product=support → product=sales"),
    (Kind.PROMPT, "Plan: {{ plan }}", "The plan: {{ plan }}", "text changed"),
    (Kind.CACHE, ", cache: 1h}", ", cache: 5m}", "breakpoint 1h → 5m"),
    (
        Kind.LADDER,
        "    confidence: {f",
        "    fallback: []\n    confidence: {f",
        "fallback the next",
    ),
    (
        Kind.LADDER,
        "    confidence: {f",
        "    exhausted: error\n    confidence: {f",
        "exhausted best",
    ),
    (
        Kind.CONFIDENCE,
        "{field: output.confidence}",
        "{agreement: {samples: 3, of: output.label}}",
        "field output.confidence → agreement of 3 on output.label",
    ),
]


@pytest.mark.parametrize(("kind", "old", "new", "said"), CHANGES, ids=lambda value: str(value)[:40])
def test_each_change_is_classed_and_said(
    edited: Edit, kind: Kind, old: str, new: str, said: str
) -> None:
    """One edit, one change of its kind, both values in it."""
    task = edited((old, new))
    assert task.behaves
    changes = [change for change in task.changes if change.kind is kind]
    assert len(changes) == 1
    assert said in changes[0].what


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("description: Sort a message.", "description: Sort it.", "description changed"),
        ("owner: support", "owner: nobody", "owner support → nobody"),
        ("deadline: 60s", "deadline: 1m", "written differently at budget.run.deadline"),
        ("factor: 2", "factor: 2.0", "written differently at retry.factor"),
        ("- model: haiku", "- model: claude-haiku-5-5\n        name: haiku", "written differently"),
        (
            "maxLength: 8000}",
            "maxLength: 8000, description: Words.}",
            "says nothing to a run",
        ),
    ],
)
def test_what_no_run_can_show_is_told_and_changes_nothing(
    edited: Edit, old: str, new: str, said: str
) -> None:
    """Another revision, the same behaviour: exit code 0, and the reason why."""
    task = edited((old, new))
    assert not task.behaves
    assert said in task.verdict


def test_a_run_that_gave_an_answer_and_now_raises_breaks_callers(edited: Edit) -> None:
    """`exhausted: error` is an exception where there was none; the way back breaks nobody."""
    end = "    budget: {run: {usd: 0.05, deadline: 60s}}\n"
    task = edited((end, f"{end}    exhausted: error\n"))
    (change,) = task.changes
    assert change.breaks == "yes"
    assert task.verdict.startswith("breaks callers: exhausted best → error")
    raising = {**FILES, "classify.yaml": f"{POLICY}    exhausted: error\n"}
    assert not report(raising, FILES).tasks[0].breaks


def test_a_cache_that_begins_does_not_go_cold() -> None:
    """What was not cached before cannot be lost; it is written once all the same."""
    bare = {**FILES, "classify.yaml": POLICY.replace(", cache: 1h", "")}
    found = report(bare, FILES).tasks[0]
    assert {cache.first for cache in found.caches} == {True}
    assert "cold" not in found.verdict
    assert "caching begins on 2 tiers" in found.verdict
    assert all("is cached from now on; one write" in cache_line(one) for one in found.caches)


def test_what_only_gets_better_is_a_note_and_no_warning() -> None:
    """A model that caches shorter prompts warns of nothing, the way back does."""
    older = POLICY.replace("        effort: low\n", "").replace("claude-haiku-5-5", OLDER)
    newer = POLICY.replace("        effort: low\n", "")
    up, down = (
        report({**FILES, "classify.yaml": one}, {**FILES, "classify.yaml": other}).tasks[0]
        for one, other in ((older, newer), (newer, older))
    )
    said = "tier haiku: minimum cacheable prefix"
    assert [note for note in up.notes if note.startswith(said)]
    assert not [warning for warning in up.warnings if warning.startswith(said)]
    assert [warning for warning in down.warnings if warning.startswith(said)]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("required: [message]", "required: [message, plan]", "now also requires `plan`"),
        ("enum: [free, pro]", "enum: [free, pro, team]", "plan now also allows `team`"),
        ("[billing, card, other]", "[billing, other]", "label no longer allows `card`"),
        ("message: {type: string,", "message: {type: [string, 'null'],", "message.type"),
    ],
)
def test_lists_of_a_schema_are_told_in_words(edited: Edit, old: str, new: str, said: str) -> None:
    """By what is now asked for and what is now let in."""
    assert said in edited((old, new)).changes[0].what


def test_a_threshold_of_the_last_tier_accepts_and_sends_nobody_on() -> None:
    """Below it an answer is not accepted; there is no tier to go to and nothing more to pay."""
    last = POLICY.replace("max_tokens: 1024", "max_tokens: 1024\n        escalate: [{below: 0.5}]")
    higher = last.replace("below: 0.5", "below: 0.6")
    task = report({**FILES, "classify.yaml": last}, {**FILES, "classify.yaml": higher}).tasks[0]
    (change,) = task.changes
    assert change.what == "threshold 0.5 → 0.6 (accepts less)"
    assert list(cost_lines(task)) == ["the bounds of a run are as before"]


def test_the_order_of_output_properties_is_behaviour(edited: Edit) -> None:
    """The model fills them in as they stand: an explanation before the label, or after it."""
    label = "        label: {enum: [billing, card, other]}\n"
    confidence = "        confidence: {type: number, minimum: 0, maximum: 1}\n"
    task = edited((label + confidence, confidence + label))
    assert task.behaves
    assert [change.kind for change in task.changes] == [Kind.OUTPUT]
    assert "in another order (compatible for consumers)" in task.changes[0].what


def test_comments_and_layout_are_said_to_be_only_that() -> None:
    """Exit code 0, and which files differ."""
    text = "# a comment\n" + POLICY.replace("max_tokens: 512", "max_tokens:   512")
    found = report(FILES, {**FILES, "classify.yaml": text})
    assert (found.exit_code, found.tasks, found.layout) == (0, (), ("classify.yaml",))


def test_a_comment_in_a_template_is_no_text(edited: Edit) -> None:
    """What a constant template renders to is what counts."""
    task = edited(files={"prompts/role.md.j2": "{# said once #}You sort messages.\n"})
    assert not task.behaves


def test_text_that_moves_to_another_file_is_the_same_text() -> None:
    """Renaming a prompt is no change of behaviour."""
    files = {name: text for name, text in FILES.items() if name != "prompts/role.md.j2"}
    moved = {
        **files,
        "classify.yaml": POLICY.replace("prompts/role.md.j2", "prompts/who.md.j2"),
        "prompts/who.md.j2": FILES["prompts/role.md.j2"],
    }
    found = report(FILES, moved)
    assert found.exit_code == 0
    assert (
        "behaves the same: written differently at prompt.system[0].file" in found.tasks[0].verdict
    )


def test_a_changed_include_is_a_changed_prompt() -> None:
    """Wherever the words stand."""
    files = {
        **FILES,
        "prompts/role.md.j2": '{% include "tone.md" %} You sort.\n',
        "prompts/tone.md": "Be kind.",
    }
    found = report(files, {**files, "prompts/tone.md": "Be brief."})
    assert found.exit_code == 1
    assert "Be brief." in found.tasks[0].changes[0].diff[1]


def test_added_removed_and_renamed_tasks() -> None:
    """A task with another name and the same behaviour is renamed; its callers break."""
    other = POLICY.replace("classify:", "sort:")
    found = report(FILES, {**FILES, "classify.yaml": other})
    assert [(task.name, task.status, task.old_name) for task in found.tasks] == [
        ("sort", "renamed", "classify")
    ]
    changed = other.replace("below: 0.82", "below: 0.5")
    found = report(FILES, {**FILES, "classify.yaml": changed})
    assert [(task.name, task.status) for task in found.tasks] == [
        ("classify", "removed"),
        ("sort", "added"),
    ]
    assert found.exit_code == 1


def test_a_tier_that_is_renamed_or_moved_is_the_same_tier(edited: Edit) -> None:
    """Its rules and those that lead to it are not told as new."""
    task = edited(
        ("- model: opus", "- model: opus\n        name: top"), ("tier: opus", "tier: top")
    )
    assert [change.what for change in task.changes] == ["tier `opus` is now called `top`"]


def test_a_verifier_that_changes_changes_who_it_verifies() -> None:
    """The revision says so, and so does the diff."""
    judge = POLICY.replace("classify:", "check:").replace(
        "required: [message]\n", "required: [message, answer]\n"
    )
    judge = judge.replace(
        "        message: {type: string, maxLength: 8000}\n",
        "        message: {type: string, maxLength: 8000}\n"
        "        answer: {type: string, maxLength: 8000}\n",
    ).replace('{{ message | tag("message") }}', '{{ message | tag("m") }} {{ answer | tag("a") }}')
    verified = POLICY.replace("{field: output.confidence}", "{verifier: check}")
    files = {**FILES, "classify.yaml": verified, "check.yaml": judge}
    found = report(files, {**files, "check.yaml": judge.replace("below: 0.82", "below: 0.9")})
    assert [(task.name, task.behaves) for task in found.tasks] == [
        ("check", True),
        ("classify", True),
    ]
    assert "verified by `check`" in found.tasks[1].changes[0].what
    respelt = judge.replace("deadline: 60s", "deadline: 1m")
    found = report(files, {**files, "check.yaml": respelt})
    assert (found.exit_code, len(found.tasks)) == (0, 2)


def test_what_does_not_compile_is_all_that_is_told() -> None:
    """Findings of the side, exit code 2."""
    found = report(FILES, {**FILES, "classify.yaml": POLICY.replace("max_tokens: 512", "max: 5")})
    assert (found.exit_code, found.tasks) == (2, ())
    assert found.broken[0][0] == "new"
    assert {finding.rule for finding in found.broken[0][1]} >= {"unknown-key"}


def test_what_only_lint_refuses_today_can_still_be_left_behind() -> None:
    """A model that has retired since is the usual reason to compare."""
    old = POLICY.replace("haiku: claude-haiku-5-5", "haiku: claude-3-haiku-20240307")
    old = old.replace("        effort: low\n", "")
    found = report({**FILES, "classify.yaml": old}, FILES)
    assert found.exit_code == 1
    assert "would be refused today: " in found.notes[0]
    found = report(FILES, {**FILES, "classify.yaml": old})
    assert found.exit_code == 2


def test_warnings_that_are_new_are_listed() -> None:
    """Those that were there before are not, wherever they have moved."""
    wordy = POLICY.replace("maxLength: 8000", "minLength: 1")
    found = report(FILES, {**FILES, "classify.yaml": wordy})
    assert "unbounded-input" in {finding.rule for finding in found.warnings}
    moved = "# one line more\n" + wordy.replace("deadline: 60s", "deadline: 61s")
    found = report({**FILES, "classify.yaml": wordy}, {**FILES, "classify.yaml": moved})
    assert found.warnings == ()


def test_a_warning_that_somebody_answers_for_is_none() -> None:
    """A comment with a reason takes it out, as for lint."""
    wordy = POLICY.replace("maxLength: 8000", "minLength: 1")
    line = "        message: {type: string, minLength: 1}"
    reason = "        # router: ignore[unbounded-input] the form bounds it"
    answered = wordy.replace(line, f"{reason}\n{line}")
    assert "unbounded-input" in {
        one.rule for one in report(FILES, {**FILES, "classify.yaml": wordy}).warnings
    }
    found = report(FILES, {**FILES, "classify.yaml": answered})
    assert "unbounded-input" not in {one.rule for one in found.warnings}


# --- agreement with the revision ---------------------------------------------------------------


def told(value: Any) -> Any:
    """A task as plain data, field by field, whatever fields there are; labels left out."""
    if hasattr(value, "render"):
        return value.render({}) if value.constant else value.source
    if hasattr(value, "source"):
        return told(value.source)
    names = getattr(value, "_fields", None)
    if names is None and is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value)]
    if names is not None:
        left_out = {"revision", "span", "memo", "description", "owner"}
        return {name: told(getattr(value, name)) for name in names if name not in left_out}
    if isinstance(value, Mapping):
        return [(key, told(item)) for key, item in value.items()]
    if isinstance(value, tuple | list):
        return [told(item) for item in value]
    return sorted(value) if isinstance(value, frozenset) else value


def side(files: Mapping[str, str]) -> Judged:
    return judged(Side("side", MemorySources(files)), CATALOG, TODAY)


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_the_diff_says_something_exactly_when_the_revision_moves(data: st.DataObject) -> None:
    """One character anywhere: told if and only if the revision is another, and exit 1 if and only
    if some field of the compiled task is."""
    file = data.draw(st.sampled_from(sorted(FILES)))
    text = FILES[file]
    where = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from("0123456789abcdehmopsu ._\n#{}\"'-"))
    action = data.draw(st.sampled_from(["replace", "insert", "delete"]))
    rest = text[where:] if action == "insert" else text[where + 1 :]
    changed = {**FILES, file: text[:where] + ("" if action == "delete" else character) + rest}
    before, after = side(FILES), side(changed)
    assume(not after.errors and set(after.tasks) == {"classify"})
    old, new = before.tasks["classify"].task, after.tasks["classify"].task
    found = report(FILES, changed)
    assert bool(found.tasks) is (old.revision != new.revision)
    assert (found.exit_code == 1) is (told(old) != told(new))
    if not found.tasks:
        assert bool(found.layout) is (changed != FILES)


def test_a_set_compared_with_itself_is_empty() -> None:
    """No task, no warning, no file."""
    found = report(FILES, FILES)
    assert (found.exit_code, found.tasks, found.warnings, found.layout) == (0, (), (), ())


def test_no_percentage_of_what_looks_the_same() -> None:
    """A few words more cost a hundredth of a hundredth of a cent: no line may say both."""
    bounds = Bounds(Decimal("0.000531"), Decimal("0.000534"), Decimal("0.12"), Decimal("0.12"))
    diff = TaskDiff("sort", "changed", (Change(Kind.PROMPT, "", "text changed"),), bounds=bounds)
    assert verdict(diff) == "behaves differently: text changed"


def test_what_may_go_cold_is_not_told_as_if_it_did() -> None:
    """Another effort may cost a cache, or not: the line of the task speaks of what is sure."""
    lost = ColdCache(
        "haiku", "m", ("system[0]",), 900, Decimal("0.01"), "another effort", sure=False
    )
    diff = TaskDiff("sort", "changed", (Change(Kind.SETTING, "", "effort changed"),))
    assert verdict(replace(diff, caches=(lost,))) == "behaves differently: effort changed"
    sure = replace(diff, caches=(replace(lost, sure=True),))
    assert verdict(sure).endswith("; the caches of 1 tier go cold once, 0.01 USD")
