"""bad-case: a policy test that cannot mean what it says."""

from __future__ import annotations

import re

from router.policy.sources import MemorySources
from router.testing.reading import link_suite, read_draft

HEAD = "# file: sort.test.yaml\nversion: 1\ntask: sort\nvalues: {sure: {label: other}}\ncases:\n"
FAILING = {
    "it expects nothing": HEAD + "- {name: a, «expect»: {}}",
    "an unknown fault": HEAD
    + "- {name: a, replies: {haiku: {error: «overlaoded»}}, expect: {attempts: 1}}",
    "an unknown value": HEAD + "- {name: a, replies: {haiku: «$sur»}, expect: {attempts: 1}}",
    "a column that is not used": HEAD
    + "- {name: 'at {c}', each: [{c: 1, «d»: 2}], expect: {attempts: 1}}",
    "a name twice": HEAD + "- {name: a, skip: later}\n- {name: «a», skip: later}",
    "a task that is gone": HEAD + "- {name: a, task: «sorted», expect: {attempts: 1}}",
    "an error that does not exist": HEAD + "- {name: a, expect: {error: «Exausted»}}",
}
PASSING = {
    "a case": HEAD + "- {name: a, replies: {haiku: $sure}, expect: {attempts: 1}}",
    "a table": HEAD + "- {name: 'at {c}', each: [{c: 1}, {c: 2}], expect: {attempts: $c}}",
    "an output with a field called error": HEAD
    + "- {name: a, replies: {haiku: {output: {error: none, label: x}}}, expect: {attempts: 1}}",
}


def said(text, judged, files_of):
    files = files_of(text)
    written = {name: re.sub("[«»]", "", content) for name, content in files.items()}
    tasks = judged(written.pop("policy.yaml")).policy_set.tasks
    draft = read_draft("sort.test.yaml", MemorySources(written))
    found = draft.findings if draft.node is None else link_suite(draft, tasks, 0.0)[1]
    return files["sort.test.yaml"], found


def test_what_breaks_the_rule_is_found_at_its_place(failing, judged, files_of):
    text, (found,) = said(failing, judged, files_of)
    before = text[: text.index("«")]
    place = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert (found.rule, found.span.line, found.span.column) == ("bad-case", *place)


def test_what_keeps_the_rule_is_not_found(passing, judged, files_of):
    assert said(passing, judged, files_of)[1] == ()
