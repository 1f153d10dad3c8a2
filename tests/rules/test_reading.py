"""Every rule of the reader and the compiler: a policy that breaks it, with the place.

What the reader and the compiler accept and refuse is tested with them; here each page is shown to
belong to a finding that really occurs, whole and without follow-up noise.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from router import compiler, policy
from router.resources import shipped
from router.rules import reading
from router.rules.registry import rule_names

BASE = """version: 1
tasks:
  sort:
    input: {type: object, properties: {message: {type: string, maxLength: 99}}, required: [message]}
    output: {type: object, properties: {sure: {type: number}}, additionalProperties: false}
    prompt: {user: '{{ message | tag("message") }}'}
    tiers: [{model: claude-opus-5-5, max_tokens: 2048}]
"""


def changed(old: str, new: str) -> str:
    assert old in BASE
    return BASE.replace(old, new)


def more(text: str) -> str:
    return BASE + text


def on_tier(text: str) -> str:
    return changed("max_tokens: 2048", f"max_tokens: 2048, {text}")


def user(block: str) -> str:
    return changed("'{{ message | tag(\"message\") }}'", f"[{block}]")


HIGH = "{model: claude-opus-5-5, max_tokens: 4096}"
CIRCLE = "# file: _a.yaml\nversion: 1\nextends: «_a.yaml»\n"


CASES: dict[str, str] = {
    "yaml-syntax": BASE + "    description: Sort«:» mail\n",
    "duplicate-key": more("    owner: a\n    «owner»: b\n"),
    "yaml-tag": more("    owner: «!team a»\n"),
    "merge-key": more("    «<<»: {owner: a}\n"),
    "multi-document": BASE + "«---»\nversion: 1\n",
    "empty-file": "«#» nothing\n",
    "non-string-key": more('    tags: {«2026»: "yes"}\n'),
    "yaml11-ambiguous": more("    owner: «no»\n"),
    "unknown-key": more("    «ownr»: a\n"),
    "missing-key": changed("{model: claude-opus-5-5, max_tokens: 2048}", "«{model: opus}»"),
    "wrong-type": changed("2048", '«"2048"»'),
    "bad-value": on_tier("effort: «highest»"),
    "conflicting-keys": on_tier("escalate: [{below: 0.5, «when»: x}]"),
    "unknown-version": changed("version: 1", "version: «2»"),
    "bad-name": changed("  sort:", "  «Sort»:"),
    "duplicate-task": BASE + "# file: two.yaml\n" + changed("  sort:", "  «sort»:"),
    "extends-cycle": changed("tasks:", "extends: _a.yaml\ntasks:") + CIRCLE,
    "missing-parent": changed("tasks:", "extends: «_a.yaml»\ntasks:"),
    "path-escape": user("{file: «../a.j2»}"),
    "missing-file": user("{file: «a.j2»}"),
    "unknown-model": changed("claude-opus-5-5", "«claude-opus-55»"),
    "template-syntax": changed("{{ message |", "{{ message «|» |"),
    "template-forbidden": changed("{{ message |", "{{ message.«__class__» |"),
    "undefined-variable": changed("{{ message |", "{{ «mesage» |"),
    "unknown-tier": more("    fallback: [«opus»]\n"),
    "duplicate-tier": changed("[{model: claude-opus-5-5", f"[{HIGH}, {{model: «claude-opus-5-5»"),
    "backward-escalation": on_tier("escalate: [{when: output.sure < 1, to: «claude-opus-5-5»}]"),
    "unknown-signal": more("    confidence: {field: «output.certain»}\n"),
    "condition-syntax": on_tier("escalate: [{when: output.sure «=» 1}]"),
    "condition-unknown-name": on_tier("escalate: [{when: «sure» == 1}]"),
    "bad-schema": changed("{type: number}", "{type: «nmber»}"),
    "schema-remote-ref": changed("{type: number}", '{$ref: «"https://example.com/a.json"»}'),
    "schema-pattern": changed("{type: number}", "{type: string, pattern: «'(a)\\1'»}"),
    "bad-tool": more("    tool_choice: «any»\n"),
    "bad-media": user("{image: {file: «a.svg»}}") + "# file: a.svg\n<svg/>\n",
    "bad-exhausted-value": more("    exhausted: {value: «{sure: maybe}»}\n"),
    "threshold-out-of-range": on_tier("escalate: [{below: «82»}]"),
}  # fmt: skip
BYTES: dict[str, tuple[bytes, dict[str, bytes]]] = {
    "yaml-encoding": (BASE.encode("utf-16"), {}),
    "yaml-too-large": (b"#" * (1 << 20) + b"#", {}),
    "yaml-too-deep": (BASE.encode() + b"    tags: " + b"[" * 99 + b"]" * 99 + b"\n", {}),
    "alias-bomb": (BASE.encode() + b"    owner: &a x\n    tags: [" + b"*a, " * 40 + b"]\n", {}),
    "unreadable-file": (
        BASE.replace(
            "{user: '{{ message | tag(\"message\") }}'}", "{user: [{file: a.j2}]}"
        ).encode(),
        {"a.j2": b"\xff\xfe"},
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_the_reader_and_the_compiler_speak_with_the_name_of_a_page(rule, checked):
    judgement = checked(rule, CASES[rule])
    found = [one for one in judgement.findings if one.rule == rule]
    assert found
    assert (judgement.policy_set is None) == any(one.severity == "error" for one in found)


@pytest.mark.parametrize("rule", BYTES)
def test_files_that_are_no_text_to_work_with_have_a_page_too(rule, judged):
    data, files = BYTES[rule]
    judgement = judged(data, files)
    assert {one.rule for one in judgement.findings if one.severity == "error"} == {rule}
    assert judgement.policy_set is None


def test_a_policy_without_faults_is_judged_without_a_word(judged):
    judgement = judged(BASE)
    assert judgement.findings == ()
    assert judgement.policy_set is not None


def test_every_page_of_the_reader_and_the_compiler_has_a_case():
    pages = {path.stem.replace("_", "-") for path in Path(reading.__path__[0]).glob("[a-z]*.py")}
    assert pages == CASES.keys() | BYTES.keys()


NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")


def test_no_finding_has_a_name_without_a_page():
    """Every rule name that the reader or the compiler can say, read from their code and schema."""
    said: set[object] = set()
    for package in (policy, compiler):
        for path in Path(package.__path__[0]).rglob("*.py"):
            tree = ast.walk(ast.parse(path.read_text()))
            said |= {node.value for node in tree if isinstance(node, ast.Constant)}
    names = {name for name in said if isinstance(name, str) and NAME.fullmatch(name)}
    assert len(names) > 30
    schema = (shipped("schemas") / "policy.schema.json").read_text()
    names |= set(re.findall(r'"x-rule": "([a-z0-9-]+)"', schema))
    formats = {"date-time", "idn-email", "idn-hostname", "iri-reference", "json-pointer"}
    formats |= {"relative-json-pointer", "uri-reference", "uri-template"}
    keywords = {"utf-8", "x-refused", "x-beside", "x-rule"}
    assert names - formats - keywords <= set(rule_names())
