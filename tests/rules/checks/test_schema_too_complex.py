"""schema-too-complex: more choices than the API compiles into one grammar."""

from __future__ import annotations

import re

import pytest

from router.emulator.schemas import schema_problems

MARKS = re.compile("[«»]")

FAILING = {
    "too many optional": """
«output»:
  type: object
  required: []
  additionalProperties: false
  properties:
    p0: {type: string}
    p1: {type: string}
    p2: {type: string}
    p3: {type: string}
    p4: {type: string}
    p5: {type: string}
    p6: {type: string}
    p7: {type: string}
    p8: {type: string}
    p9: {type: string}
    p10: {type: string}
    p11: {type: string}
    p12: {type: string}
    p13: {type: string}
    p14: {type: string}
    p15: {type: string}
    p16: {type: string}
    p17: {type: string}
    p18: {type: string}
    p19: {type: string}
    p20: {type: string}
    p21: {type: string}
    p22: {type: string}
    p23: {type: string}
    p24: {type: string}
tiers: [{model: opus, max_tokens: 4096}]
""",
    "too many of several types": """
«output»:
  type: object
  required: [p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15, p16]
  additionalProperties: false
  properties:
    p0: {type: [string, "null"]}
    p1: {type: [string, "null"]}
    p2: {type: [string, "null"]}
    p3: {type: [string, "null"]}
    p4: {type: [string, "null"]}
    p5: {type: [string, "null"]}
    p6: {type: [string, "null"]}
    p7: {type: [string, "null"]}
    p8: {type: [string, "null"]}
    p9: {type: [string, "null"]}
    p10: {type: [string, "null"]}
    p11: {type: [string, "null"]}
    p12: {type: [string, "null"]}
    p13: {type: [string, "null"]}
    p14: {type: [string, "null"]}
    p15: {type: [string, "null"]}
    p16: {type: [string, "null"]}
tiers: [{model: opus, max_tokens: 4096}]
""",
}
PASSING = {
    "as many as the API takes": """
output:
  type: object
  required: [p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15]
  additionalProperties: false
  properties:
    p0: {type: [string, "null"]}
    p1: {type: [string, "null"]}
    p2: {type: [string, "null"]}
    p3: {type: [string, "null"]}
    p4: {type: [string, "null"]}
    p5: {type: [string, "null"]}
    p6: {type: [string, "null"]}
    p7: {type: [string, "null"]}
    p8: {type: [string, "null"]}
    p9: {type: [string, "null"]}
    p10: {type: [string, "null"]}
    p11: {type: [string, "null"]}
    p12: {type: [string, "null"]}
    p13: {type: [string, "null"]}
    p14: {type: [string, "null"]}
    p15: {type: [string, "null"]}
    q0: {type: string}
    q1: {type: string}
    q2: {type: string}
    q3: {type: string}
    q4: {type: string}
    q5: {type: string}
    q6: {type: string}
    q7: {type: string}
    q8: {type: string}
    q9: {type: string}
    q10: {type: string}
    q11: {type: string}
    q12: {type: string}
    q13: {type: string}
    q14: {type: string}
    q15: {type: string}
    q16: {type: string}
    q17: {type: string}
    q18: {type: string}
    q19: {type: string}
    q20: {type: string}
    q21: {type: string}
    q22: {type: string}
    q23: {type: string}
tiers: [{model: opus, max_tokens: 4096}]
""",
    "a schema that is not sent": """
output:
  type: object
  required: []
  additionalProperties: false
  properties:
    p0: {type: string}
    p1: {type: string}
    p2: {type: string}
    p3: {type: string}
    p4: {type: string}
    p5: {type: string}
    p6: {type: string}
    p7: {type: string}
    p8: {type: string}
    p9: {type: string}
    p10: {type: string}
    p11: {type: string}
    p12: {type: string}
    p13: {type: string}
    p14: {type: string}
    p15: {type: string}
    p16: {type: string}
    p17: {type: string}
    p18: {type: string}
    p19: {type: string}
    p20: {type: string}
    p21: {type: string}
    p22: {type: string}
    p23: {type: string}
    p24: {type: string}
tiers: [{model: "local:small", max_tokens: 99}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None


@pytest.mark.parametrize("case", [*FAILING, *PASSING])
def test_the_emulator_refuses_the_same_schemas(case, judged, files_of):
    text = {**FAILING, **PASSING}[case].replace("local:small", "claude-haiku-5-5")
    text = files_of(MARKS.sub("", text))["policy.yaml"]
    refused = any(one.rule == "schema-too-complex" for one in judged(text).findings)
    (compiled,) = judged(text).tasks
    wire = compiled.task.output.wire
    assert any("too complex" in one for one in schema_problems(wire, "schema")) == refused
