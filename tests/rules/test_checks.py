"""Each rule with a check: a policy that breaks it, with the place, and one that does not."""

from __future__ import annotations

import pytest

from router.rules import checks
from router.rules.registry import all_rules, checking_rules

HEAD = """version: 1
models: {haiku: claude-haiku-5-5, sonnet: claude-sonnet-5-5, opus: claude-opus-5-5}
tasks:
  sort:
"""
INPUT = """
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties:
        message: {type: string, maxLength: 2000}
"""
OUTPUT = """
    output:
      type: object
      required: [label, confidence]
      additionalProperties: false
      properties:
        label: {enum: [billing, abuse, other]}
        confidence: {type: number, minimum: 0, maximum: 1}
"""
PROMPT = """
    prompt:
      user: '{{ message | tag("message") }}'
"""
TIERS = """
    tiers:
      - {model: haiku, max_tokens: 2048, escalate: [{below: 0.8}]}
      - {model: opus, max_tokens: 4096}
    confidence: {field: output.confidence}
"""


def policy(*, head=HEAD, input_=INPUT, output=OUTPUT, prompt=PROMPT, tiers=TIERS, more="") -> str:
    parts = (head, input_, output, prompt, tiers, more)
    return "".join(part.removeprefix("\n") for part in parts)


def tier(text: str) -> str:
    return f"\n    tiers:\n      - {text}\n"


def prompt(text: str) -> str:
    return f"\n    prompt:\n{text.removeprefix(chr(10))}"


LONG = "All mail is sorted by what its sender wants. " * 60
CASES: dict[str, list[tuple[str, str]]] = {
    "alias-model": [
        (
            policy(head=HEAD.replace("claude-haiku-5-5", "«claude-haiku-4-5»")),
            policy(head=HEAD.replace("claude-haiku-5-5", "claude-haiku-4-5-20251001")),
        ),
        (
            policy(tiers=tier("{model: «claude-haiku-4-5», max_tokens: 512}")),
            policy(tiers=tier("{model: claude-opus-4-6, max_tokens: 512}")),  # dateless, a pin
        ),
    ],
    "retired-model": [
        (
            policy(tiers=tier("{model: «claude-opus-4-1-20250805», max_tokens: 512}")),
            policy(tiers=tier("{model: claude-opus-4-8, max_tokens: 512}")),
        ),
        (
            policy(tiers=tier("{model: «claude-3-7-sonnet-latest», max_tokens: 512}")),
            policy(),
        ),
    ],
    "retiring-model": [
        (
            policy(tiers=tier("{model: «claude-sonnet-4-5-20250929», max_tokens: 512}")),
            policy(tiers=tier("{model: claude-sonnet-4-6, max_tokens: 512}")),
        ),
    ],
    "ceiling-over-model-max": [
        (
            policy(tiers=tier("{model: haiku, max_tokens: «128001»}")),
            policy(tiers=tier("{model: haiku, max_tokens: 128000}")),
        ),
    ],
    "ceiling-under-thinking": [
        (
            policy(tiers=tier("{model: haiku, max_tokens: «512»}")),
            policy(tiers=tier("{model: haiku, max_tokens: 512, thinking: disabled}")),
        ),
        (
            policy(tiers=tier("{model: opus, max_tokens: «4096», effort: max}")),
            policy(tiers=tier("{model: opus, max_tokens: 1024, effort: low}")),
        ),
        (
            policy(tiers=tier("{model: claude-opus-4-8, max_tokens: «512», thinking: adaptive}")),
            policy(tiers=tier("{model: claude-opus-4-8, max_tokens: 512}")),
        ),
    ],
    "refused-parameter": [
        (
            policy(tiers=tier("{model: sonnet, max_tokens: 4096, thinking: «disabled»}")),
            policy(tiers=tier("{model: sonnet, max_tokens: 4096, thinking: between_tools}")),
        ),
        (
            policy(tiers=tier("{model: haiku, max_tokens: 9, effort: max, thinking: «disabled»}")),
            policy(tiers=tier("{model: haiku, max_tokens: 9, effort: high, thinking: disabled}")),
        ),
        (
            policy(tiers=tier("{model: claude-opus-4-6, max_tokens: 4096, effort: «xhigh»}")),
            policy(tiers=tier("{model: claude-opus-4-6, max_tokens: 4096, effort: max}")),
        ),
        (
            policy(tiers=tier("{model: claude-haiku-4-5-20251001, max_tokens: 9, effort: «low»}")),
            policy(tiers=tier("{model: claude-haiku-4-5-20251001, max_tokens: 512}")),
        ),
        (
            policy(tiers=tier("{model: haiku, max_tokens: 4096, speed: «fast»}")),
            policy(tiers=tier("{model: opus, max_tokens: 4096, speed: fast}")),
        ),
        (
            policy(
                tiers=tier("{model: claude-haiku-4-5-20251001, max_tokens: 512, geography: «us»}")
            ),
            policy(tiers=tier("{model: haiku, max_tokens: 4096, geography: us}")),
        ),
        (
            policy(
                more="""
    tools: [{name: look_up, description: Finds, input_schema: {type: object}}]
    tool_choice: «any»
"""
            ),
            policy(
                more="""
    tools: [{name: look_up, description: Finds, input_schema: {type: object}}]
    tool_choice: auto
"""
            ),
        ),
        (
            policy(
                prompt=prompt("""
      user:
        - {document: {text: Rules}, «citations»: true}
        - {text: '{{ message | tag("message") }}'}
""")
            ),
            policy(
                output="",
                tiers=tier("{model: haiku, max_tokens: 4096}"),
                prompt=prompt("""
      user:
        - {document: {text: Rules}, citations: true}
        - {text: '{{ message | tag("message") }}'}
"""),
            ),
        ),
    ],
    "too-many-breakpoints": [
        (
            policy(
                prompt=prompt(f"""
      system:
        - {{text: "{LONG}", cache: 1h}}
        - {{text: b, cache: 1h}}
        - {{text: c, cache: 1h}}
        - {{text: d, cache: 5m}}
        - {{text: e, «cache»: 5m}}
      user: '{{{{ message | tag("message") }}}}'
""")
            ),
            policy(
                prompt=prompt(f"""
      system:
        - {{text: "{LONG}", cache: 1h}}
        - {{text: b, cache: 1h}}
        - {{text: c, cache: 1h}}
        - {{text: d, cache: 5m}}
        - {{text: e}}
      user: '{{{{ message | tag("message") }}}}'
""")
            ),
        ),
    ],
    "ttl-order": [
        (
            policy(
                prompt=prompt(f"""
      system:
        - {{text: "{LONG}", cache: 5m}}
        - {{text: b, «cache»: 1h}}
      user: '{{{{ message | tag("message") }}}}'
""")
            ),
            policy(
                prompt=prompt(f"""
      system:
        - {{text: "{LONG}", cache: 1h}}
        - {{text: b, cache: 5m}}
      user: '{{{{ message | tag("message") }}}}'
""")
            ),
        ),
        (
            policy(
                more=f"""
    tools:
      - name: look_up
        description: "{LONG}"
        input_schema: {{type: object}}
        cache: 5m
""",
                prompt=prompt("""
      system: [{text: a, «cache»: 1h}]
      user: '{{ message | tag("message") }}'
"""),
            ),
            policy(),
        ),
    ],
    "cache-below-minimum": [
        (
            policy(
                prompt=prompt("""
      system: [{text: You sort mail., «cache»: 1h}]
      user: '{{ message | tag("message") }}'
""")
            ),
            policy(
                prompt=prompt(f"""
      system: [{{text: "{LONG}"}}, {{text: You sort mail., cache: 1h}}]
      user: '{{{{ message | tag("message") }}}}'
""")
            ),
        ),
        (  # enough for one tier's model, not for the other's
            policy(
                prompt=prompt(f"""
      system:
        - text: "{LONG}"
          «cache»: 1h
      user: '{{{{ message | tag("message") }}}}'
"""),
                tiers="""
    tiers:
      - {model: haiku, max_tokens: 2048}
      - {model: claude-opus-4-6, max_tokens: 2048}
""",
            ),
            policy(),
        ),
    ],
    "cache-buster": [
        (
            policy(
                input_=INPUT + "        plan: {enum: [free, paid], default: free}\n",
                prompt=prompt(f"""
      system:
        - text: |
            Plan: {{{{ «plan» }}}}
            {LONG}
          cache: 1h
      user: '{{{{ message | tag("message") }}}}'
"""),
            ),
            policy(
                input_=INPUT + "        plan: {enum: [free, paid], default: free}\n",
                prompt=prompt(f"""
      system:
        - text: |
            {LONG}
          cache: 1h
      user: '{{{{ plan }}}} {{{{ message | tag("message") }}}}'
"""),
            ),
        ),
        (  # in a file, in a block before the breakpoint
            policy(
                input_=INPUT + "        plan: {enum: [free, paid], default: free}\n",
                prompt=prompt(f"""
      system: [{{file: p/role.md.j2}}, {{text: "{LONG}", cache: 1h}}]
      user: '{{{{ message | tag("message") }}}}'
"""),
            )
            + "# file: p/role.md.j2\nYou sort mail.\nPlan: {{ «plan» }}\n",
            policy(
                prompt=prompt(f"""
      system: [{{file: p/role.md.j2}}, {{text: "{LONG}", cache: 1h}}]
      user: '{{{{ message | tag("message") }}}}'
"""),
            )
            + "# file: p/role.md.j2\nYou sort mail.\n",
        ),
        (  # a document that an input gives may be cached on purpose
            policy(
                prompt=prompt("""
      user:
        - {text: '{{ «message» | tag("message") }}'}
        - {text: Sort it., cache: 5m}
""")
            ),
            policy(
                input_=INPUT + "        contract: {type: string}\n",
                prompt=prompt("""
      user:
        - {document: {input: contract}, cache: 5m}
        - {text: '{{ message | tag("message") }}'}
"""),
            ),
        ),
    ],
    "unused-input": [
        (
            policy(input_=INPUT + "        «plan»: {enum: [free, paid]}\n"),
            policy(
                input_=INPUT + "        plan: {enum: [free, paid]}\n",
                more='    start: [{when: plan == "paid", tier: opus}]\n',
            ),
        ),
        (
            policy(
                input_=INPUT
                + "        «photo»: {type: string}\n        contract: {type: string}\n",
                prompt=prompt("""
      user: [{document: {input: contract}}, {text: '{{ message | tag("message") }}'}]
"""),
            ),
            policy(
                input_=INPUT + "        photo: {type: string}\n",
                prompt=prompt("""
      user: [{image: {input: photo}}, {text: '{{ message | tag("message") }}'}]
"""),
            ),
        ),
    ],
    "optional-without-default": [
        (
            policy(
                input_=INPUT + "        tone: {enum: [plain, warm]}\n",
                prompt=prompt("""
      user: 'Be {{ «tone» }}. {{ message | tag("message") }}'
"""),
            ),
            policy(
                input_=INPUT + "        tone: {enum: [plain, warm], default: plain}\n",
                prompt=prompt("""
      user: 'Be {{ tone }}. {{ message | tag("message") }}'
"""),
            ),
        ),
        (
            policy(
                input_=INPUT + "        tone: {enum: [plain, warm]}\n",
                prompt=prompt("""
      user: '{% if «tone» %}Be {{ tone }}.{% endif %} {{ message | tag("message") }}'
"""),
            ),
            policy(
                input_=INPUT + "        tone: {enum: [plain, warm]}\n",
                prompt=prompt("""
      user: '{% if tone is defined %}Be {{ tone }}.{% endif %} {{ message | tag("message") }}'
"""),
            ),
        ),
    ],
    "untrusted-in-system": [
        (
            policy(
                prompt=prompt("""
      system: |
        You sort mail.
        This one: {{ «message» | tag("message") }}
      user: Sort it.
""")
            ),
            policy(
                prompt=prompt("""
      system: |
        You sort mail.
        This one: {{ message }}
      user: Sort it.
"""),
                more="    trusted: [message]\n",
            ),
        ),
    ],
    "untagged-untrusted": [
        (
            policy(
                prompt=prompt("""
      user: "Sort: {{ «message» }}"
""")
            ),
            policy(
                prompt=prompt("""
      user: "Sort {{ count }}: {{ message | tag('message') }}"
"""),
                input_=INPUT + "        count: {type: integer, default: 1}\n",
            ),
        ),
        (
            policy(
                prompt=prompt("""
      user:
        - {text: Sort.}
        - {file: mail.j2}
""")
            )
            + "# file: mail.j2\n{# the mail #}\n{% set text = «message» | upper %}{{ text }}\n",
            policy(
                prompt=prompt("""
      user:
        - {text: Sort.}
        - {file: mail.j2}
""")
            )
            + '# file: mail.j2\n{% set text = message | upper %}{{ text | tag("mail") }}\n',
        ),
    ],
    "unreachable-tier": [
        (
            policy(
                tiers="""
    tiers:
      - {model: haiku, max_tokens: 2048}
      - {model: «opus», max_tokens: 4096}
    escalate_on: []
    fallback: []
"""
            ),
            policy(
                tiers="""
    tiers:
      - {model: haiku, max_tokens: 2048}
      - {model: opus, max_tokens: 4096}
    escalate_on: []
    fallback: [opus]
"""
            ),
        ),
    ],
    "no-exit": [
        (
            policy(
                tiers="""
    tiers: [{model: haiku, max_tokens: 2048, «escalate»: [{below: 0.5}]}]
    confidence: {field: output.confidence}
"""
            ),
            policy(
                tiers="""
    tiers: [{model: haiku, max_tokens: 2048, escalate: [{below: 0.5}]}]
    confidence: {field: output.confidence}
    exhausted: error
"""
            ),
        ),
    ],
    "type-mismatch": [
        (
            policy(
                tiers="""
    tiers:
      - {model: haiku, max_tokens: 2048, escalate: [{when: output.label == «"abusive"»}]}
      - {model: opus, max_tokens: 4096}
"""
            ),
            policy(
                tiers="""
    tiers:
      - {model: haiku, max_tokens: 2048, escalate: [{when: output.label == "abuse"}]}
      - {model: opus, max_tokens: 4096}
"""
            ),
        ),
        (
            policy(
                tiers="""
    tiers:
      - model: haiku
        max_tokens: 2048
        escalate:
          - when: |
              confidence > 0.2 and
              output.label in [«"fraud"», "abuse"]
      - {model: opus, max_tokens: 4096}
    confidence: {field: output.confidence}
"""
            ),
            policy(
                tiers="""
    tiers:
      - model: haiku
        max_tokens: 2048
        escalate:
          - when: |
              confidence > 0.2 and
              output.label in ["billing", "abuse"]
      - {model: opus, max_tokens: 4096}
    confidence: {field: output.confidence}
"""
            ),
        ),
        (
            policy(
                tiers="""
    tiers:
      - {model: haiku, max_tokens: 2048, escalate: [{when: output.confidence == «"low"»}]}
      - {model: opus, max_tokens: 4096}
"""
            ),
            policy(
                tiers="""
    tiers:
      - {model: haiku, max_tokens: 2048, escalate: [{when: output.confidence < 0.5}]}
      - {model: opus, max_tokens: 4096}
"""
            ),
        ),
    ],
    "constant-condition": [
        (
            policy(
                tiers="""
    tiers:
      - {model: haiku, max_tokens: 2048, escalate: [{when: «output.confidence» < 2}]}
      - {model: opus, max_tokens: 4096}
"""
            ),
            policy(
                tiers="""
    tiers:
      - {model: haiku, max_tokens: 2048, escalate: [{when: output.confidence < 0.2}]}
      - {model: opus, max_tokens: 4096}
"""
            ),
        ),
        (
            policy(
                tiers="""
    tiers:
      - {model: haiku, max_tokens: 2048, escalate: [{when: «1 == 1»}]}
      - {model: opus, max_tokens: 4096}
"""
            ),
            policy(),
        ),
        (
            policy(tiers=TIERS.replace("0.8", "«0»")),
            policy(tiers=TIERS.replace("0.8", "1")),
        ),
    ],
    "shadowed-rule": [
        (
            policy(tiers=TIERS.replace("{below: 0.8}", "{below: 0.8}, {below: «0.5», to: opus}")),
            policy(tiers=TIERS.replace("{below: 0.8}", "{below: 0.5, to: opus}, {below: 0.8}")),
        ),
        (
            policy(
                input_=INPUT + "        plan: {enum: [free, paid], default: free}\n",
                more="""
    start:
      - {when: plan == "paid", tier: opus}
      - {when: «plan  ==  "paid"», tier: haiku}
""",
            ),
            policy(
                input_=INPUT + "        plan: {enum: [free, paid], default: free}\n",
                more="""
    start:
      - {when: plan == "paid", tier: opus}
      - {when: plan == "free", tier: haiku}
""",
            ),
        ),
    ],
    "path-over-budget": [
        (
            policy(more="    budget: {run: {usd: «0.0001»}}\n"),
            policy(more="    budget: {run: {usd: 0.5}}\n"),
        ),
        (
            policy(more="    budget: {run: {usd: «0.02»}}\n"),
            policy(),
        ),
    ],
    "deadline-below-path": [
        (
            policy(
                tiers="""
    tiers:
      - {model: haiku, max_tokens: 2048, timeout: 20s}
      - {model: opus, max_tokens: 4096, timeout: 20s}
    budget: {run: {deadline: «39s»}}
"""
            ),
            policy(
                tiers="""
    tiers:
      - {model: haiku, max_tokens: 2048, timeout: 20s}
      - {model: opus, max_tokens: 4096, timeout: 20s}
    budget: {run: {deadline: 40s}}
"""
            ),
        ),
        (
            policy(
                tiers="""
    tiers:
      - {model: haiku, max_tokens: 2048, timeout: «90s»}
    budget: {run: {deadline: 1m}}
"""
            ),
            policy(),
        ),
    ],
    "retry-exceeds-deadline": [
        (
            policy(
                more="""
    «retry»: {retries: 10, base: 2s, factor: 3, cap: 1m}
    budget: {run: {deadline: 30s}}
"""
            ),
            policy(
                more="""
    retry: {retries: 3, base: 1s, cap: 5s}
    budget: {run: {deadline: 30s}}
"""
            ),
        ),
        (
            policy(more="    budget: {run: {deadline: «10s»}}\n"),
            policy(more="    budget: {run: {deadline: 30s}}\n"),
        ),
    ],
    "unbounded-input": [
        (
            policy(
                input_=INPUT.replace(", maxLength: 2000", "").replace("message: {", "«message»: {")
            ),
            policy(),
        ),
        (
            policy(
                input_=INPUT
                + "        «rows»: {type: array, items: {type: string, maxLength: 10}}\n",
                prompt=prompt("""
      user: '{{ rows | default([]) | tag("rows") }} {{ message | tag("message") }}'
"""),
            ),
            policy(
                input_=INPUT
                + "        rows: {type: array, maxItems: 9, items: {type: string, maxLength: 9}}\n",
                prompt=prompt("""
      user: '{{ rows | default([]) | tag("rows") }} {{ message | tag("message") }}'
"""),
            ),
        ),
    ],
    "open-object": [
        (
            policy(
                output=OUTPUT.replace("      additionalProperties: false\n", "").replace(
                    "output:", "«output»:"
                )
            ),
            policy(),
        ),
        (
            policy(
                output=OUTPUT
                + "        «who»: {type: object, properties: {name: {type: string}}}\n"
            ),
            policy(),
        ),
    ],
    "unsupported-schema-keyword": [
        (
            policy(output=OUTPUT.replace("output:", "«output»:")),
            policy(output=OUTPUT.replace(", minimum: 0, maximum: 1", "")),
        ),
        (
            policy(
                output=OUTPUT.replace("output:", "«output»:")
                + "        parts: {type: array, items: {$ref: '#'}}\n"
            ),
            policy(output=OUTPUT.replace(", minimum: 0, maximum: 1", "")),
        ),
    ],
    "undeclared-required": [
        (
            policy(
                output=OUTPUT.replace("[label, confidence]", "[label, «confidnce»]").replace(
                    "additionalProperties: false", "additionalProperties: true"
                )
            ),
            policy(output=OUTPUT.replace("      additionalProperties: false\n", "")),
        ),
        (
            policy(
                input_=INPUT.replace("[message]", "[message, «mesage»]").replace(
                    "      additionalProperties: false\n", ""
                )
            ),
            policy(
                input_=INPUT.replace("      additionalProperties: false\n", "")
                + "      anyOf: [{required: [message]}, {required: [other]}]\n"
            ),
        ),
    ],
    "confidence-range": [
        (
            policy(
                output=OUTPUT.replace("maximum: 1}", "maximum: 100}"),
                tiers=TIERS.replace("confidence: {", "«confidence»: {"),
            ),
            policy(),
        ),
        (
            policy(
                output=OUTPUT.replace("{type: number, minimum: 0, maximum: 1}", "{enum: [0, 50]}"),
                tiers=TIERS.replace("confidence: {", "«confidence»: {"),
            ),
            policy(output=OUTPUT.replace(", minimum: 0, maximum: 1", "")),
        ),
    ],
    "reasoning-field": [
        (
            policy(output=OUTPUT + "        «reasoning»: {type: string}\n"),
            policy(output=OUTPUT + "        explanation: {type: string}\n"),
        ),
        (
            policy(
                more="""
    tools:
      - name: look_up
        description: Finds
        input_schema: {type: object, properties: {«thinking»: {type: string}}}
"""
            ),
            policy(
                output=OUTPUT + "        trace_id: {type: string}\n"
            ),
        ),
    ],
    "secret-in-policy": [
        (
            policy(more="    description: with «sk-ant-api03-Zk3mQ8vN1xT7rB5pL2wY» in it\n"),
            policy(more="    description: with sk-ant-xxxxxxxxxxxxxxxxxxxxxxxxx in it\n"),
        ),
        (
            policy(
                prompt=prompt("""
      user: [{file: a.j2}, {text: '{{ message | tag("message") }}'}]
""")
            )
            + "# file: a.j2\nUse this:\napi_key = \"«q9Xw2Lr7Vb4Tn8Kp1Zs6Yd3M»\"\n",
            policy(
                prompt=prompt("""
      user: [{file: a.j2}, {text: '{{ message | tag("message") }}'}]
""")
            )
            + "# file: a.j2\napi_key = AKIAIOSFODNN7EXAMPLE\npassword: correct-horse-battery\n",
        ),
        (
            "# aws: «AKIAZ3MQ8VN1XT7RB5PL»\n" + policy(),
            policy(),
        ),
    ],
}  # fmt: skip

FAILING = [
    (rule, index, case[0]) for rule, some in CASES.items() for index, case in enumerate(some)
]
PASSING = [
    (rule, index, case[1]) for rule, some in CASES.items() for index, case in enumerate(some)
]


@pytest.mark.parametrize(("rule", "index", "text"), FAILING)
def test_a_policy_that_breaks_a_rule_is_found_at_the_place(rule, index, text, checked):
    judgement = checked(rule, text)
    found = [one for one in judgement.findings if one.rule == rule]
    assert found, "a failing case has a mark"
    for finding in found:
        assert finding.source_line, finding
        assert finding.message
    if any(finding.severity == "error" for finding in judgement.findings):
        assert judgement.policy_set is None
    else:
        assert judgement.policy_set is not None


def test_a_schema_of_which_nothing_is_sent_is_a_warning_with_the_reason(judged):
    """A recursive schema: the author learns that the API enforces nothing, and why."""
    text = policy(output=OUTPUT + "        parts: {type: array, items: {$ref: '#'}}\n")
    found = [one for one in judged(text).findings if one.rule == "unsupported-schema-keyword"]
    assert [one.severity for one in found] == ["warning"]
    assert "no schema is sent" in found[0].message
    assert "recursive" in found[0].message


@pytest.mark.parametrize("part", ["input", "output"])
def test_a_misspelt_required_property_of_a_closed_schema_is_an_error(part, checked):
    """Nothing could ever be valid: lint refuses it and names the property that was meant."""
    text = policy(
        input_=INPUT.replace("[message]", "[«mesage»]") if part == "input" else INPUT,
        output=OUTPUT.replace("[label, confidence]", "[label, «confidnce»]")
        if part == "output"
        else OUTPUT,
    )
    (found,) = [one for one in checked("bad-schema", text).findings if one.rule == "bad-schema"]
    assert found.help in ("did you mean `message`?", "did you mean `confidence`?")


@pytest.mark.parametrize(("rule", "index", "text"), PASSING)
def test_a_policy_that_keeps_a_rule_is_not_found(rule, index, text, checked):
    judgement = checked(rule, text)
    assert judgement.policy_set is not None
    assert judgement.policy_set.findings == judgement.findings


def test_every_rule_with_a_check_has_a_failing_and_a_passing_policy():
    assert set(CASES) == {rule.name for rule in checking_rules()}
    assert set(CASES) == {n for n, r in all_rules().items() if r.check or r.check_text}
    assert checks.__doc__


def test_findings_carry_help_where_there_is_something_to_do(checked):
    """Each rule's first failing case ends with advice, except where the message is the advice."""
    silent = {"constant-condition"}
    for rule, cases in CASES.items():
        judgement = checked(rule, cases[0][0])
        help_lines = [one.help for one in judgement.findings if one.rule == rule]
        assert all(help_lines) or rule in silent, rule
