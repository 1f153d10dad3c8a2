"""From documents to a policy set: what links, what is said where it does not, what is redone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from router.catalog import load_catalog
from router.compiler.compile import CompileCache, compile_documents
from router.compiler.model import (
    AgreementSignal,
    Conversation,
    Event,
    Exhausted,
    FieldSignal,
    Retry,
    RunBudget,
    VerifierSignal,
)
from router.policy.loader import DocumentCache, load_documents
from router.policy.sources import MemorySources

TODAY = date(2026, 11, 22)

POLICY = """\
version: 1
models:
  haiku: claude-haiku-5-5
  sonnet: claude-sonnet-5-5
  opus: claude-opus-5-5
tasks:
  classify:
    description: Put a message into a queue.
    owner: support
    tags: {product: support}
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties:
        message: {type: string, maxLength: 8000}
        plan: {enum: [free, pro, enterprise], default: free}
    trusted: [plan]
    output:
      type: object
      required: [label, confidence]
      additionalProperties: false
      properties:
        label: {enum: [billing, card, fraud, other]}
        confidence: {type: number, minimum: 0, maximum: 1}
    prompt:
      system:
        - {file: prompts/role.md.j2, cache: 1h}
        - text: |
            Answer in JSON.
      user: |
        {{ message | tag("message") }}
    start:
      - {when: plan == "enterprise", tier: sonnet, reason: they pay}
    tiers:
      - model: haiku
        max_tokens: 512
        effort: low
        timeout: 8s
        escalate:
          - {below: 82%}
          - {when: output.label == "fraud", to: opus, reason: money at risk}
      - model: sonnet
        max_tokens: 1024
        escalate: [{below: 0.65}]
      - model: opus
        max_tokens: 2048
        escalate: [{below: 0.5}]
    confidence: {field: output.confidence}
    exhausted: {value: {label: other, confidence: 0}}
    fallback: [sonnet]
    escalate_on: [refusal]
    retry: {retries: 2, base: 500ms, cap: 10s}
    budget: {run: {usd: 0.05, deadline: 30s, attempts: 7}}
    stream: eager
    strict_model: true
"""
FILES = {"p.yaml": POLICY, "prompts/role.md.j2": "You sort messages.\n"}


def compile_(files, cache=None, documents=None):
    sources = MemorySources(files)
    loaded = load_documents(sources, documents)
    return compile_documents(
        loaded.documents,
        sources,
        load_catalog(),
        today=TODAY,
        findings_before=loaded.findings,
        cache=cache,
    )


def edited(old, new, **more):
    """The sample policy with one thing changed, compiled."""
    assert POLICY.count(old) >= 1
    return compile_({**FILES, "p.yaml": POLICY.replace(old, new, 1), **more})


def test_everything_a_policy_says_is_in_its_task():
    """Each key of the format arrives, resolved and typed."""
    compilation = compile_(FILES)
    assert compilation.findings == ()
    task = compilation.policy_set.tasks["classify"]
    assert [t.name for t in task.tiers] == ["haiku", "sonnet", "opus"]
    assert [t.model for t in task.tiers] == [
        "claude-haiku-5-5",
        "claude-sonnet-5-5",
        "claude-opus-5-5",
    ]
    haiku, sonnet, opus = task.tiers
    assert (haiku.max_tokens, haiku.effort, haiku.timeout, haiku.local) == (512, "low", 8.0, False)
    assert [(r.below, r.to) for r in haiku.escalate] == [(0.82, "sonnet"), (None, "opus")]
    assert haiku.escalate[1].when.holds({"output": {"label": "fraud"}})
    assert haiku.escalate[1].reason == "money at risk"
    assert [(r.below, r.to) for r in sonnet.escalate] == [(0.65, "opus")]
    assert [(r.below, r.to) for r in opus.escalate] == [(0.5, None)]
    assert task.start[0].tier == "sonnet"
    assert task.start[0].when.holds({"plan": "enterprise"})
    assert task.confidence.signals == (FieldSignal(("confidence",)),)
    assert task.exhausted == Exhausted("value", {"label": "other", "confidence": 0})
    assert task.fallback == ("sonnet",)
    assert task.escalate_on == {Event.REFUSAL}
    assert task.retry == Retry(2, 0.5, 2.0, 10.0)
    assert task.budget == RunBudget(Decimal("0.05"), 30.0, 7)
    assert (task.stream, task.strict_model) == ("eager", True)
    assert (task.description, task.owner) == ("Put a message into a queue.", "support")
    assert task.tags == {"product": "support"}
    assert task.trusted == {"plan"}
    system, user = task.prompt.system, task.prompt.user
    assert [block.cache for block in system] == ["1h", None]
    assert [block.template.render({}) for block in system] == [
        "You sort messages.",
        "Answer in JSON.",
    ]
    assert user[0].template.render({"message": "hi"}) == "<message>hi</message>"
    assert task.input.with_defaults({"message": "x"}) == {"message": "x", "plan": "free"}
    assert task.output.removed == ("confidence: minimum", "confidence: maximum")
    assert str(task.span) == "p.yaml:7:3"
    assert compilation.policy_set.files == ("p.yaml", "prompts/role.md.j2")


FAULTS = [
    ("haiku: claude-haiku-5-5", "haiku: ¦claude-haiku-55", "unknown-model", "claude-haiku-5-5"),
    ("model: sonnet", "model: ¦sonet", "unknown-model", "did you mean `sonnet`?"),
    # `claude-3-opus-latest` looks more like it, and is retired
    ("haiku: claude-haiku-5-5", "haiku: ¦claude-opus-latest", "unknown-model", "`claude-opus-5`"),
    ("prompts/role.md.j2", "¦prompts/rol.md.j2", "missing-file", "p.yaml"),
    ("prompts/role.md.j2", "¦../role.md.j2", "path-escape", None),
    ("prompts/role.md.j2", "¦/etc/passwd", "path-escape", None),
    ("{{ message |", "{{ ¦mesage |", "undefined-variable", "did you mean `message`?"),
    ("| tag(", "| ¦tagg(", "template-forbidden", "did you mean `tag`?"),
    ('{{ message | tag("message") }}', "x ¦{{ message", "template-syntax", None),
    ("tier: sonnet,", "tier: ¦sonet,", "unknown-tier", "did you mean `sonnet`?"),
    ("to: opus", "to: ¦opsu", "unknown-tier", "did you mean `opus`?"),
    ("to: opus", "to: ¦haiku", "backward-escalation", "sonnet, opus"),
    ("fallback: [sonnet]", "fallback: [¦sonet]", "unknown-tier", "did you mean `sonnet`?"),
    ("output.confidence}", "¦output.confidnce}", "unknown-signal", "did you mean `confidence`?"),
    ("field: output.confidence", "field: ¦output.label", "unknown-signal", None),
    ("output.label ==", "¦output.lable ==", "unknown-signal", "did you mean `label`?"),
    ("when: plan ==", "when: ¦plann ==", "condition-unknown-name", "did you mean `plan`?"),
    ("when: plan ==", "when: ¦output.label ==", "condition-unknown-name", None),
    ('when: plan == "enterprise"', "when: plan ¦= 3", "condition-syntax", "write `==`"),
    ('"enterprise"', "3 ¦&& plan", "condition-syntax", "write `and`"),
    ('"enterprise"', "3 ¦|| plan", "condition-syntax", "write `or`"),
    ('"enterprise"', "¦“free”", "condition-syntax", "straight quotes"),
    ('tag("message")', "¦tag", "template-forbidden", 'write `tag("message")`'),
    ("maxLength: 8000", "¦maxLenght: 8000", "bad-schema", "did you mean `maxLength`?"),
    ("type: number,", "type: ¦nmber,", "bad-schema", "did you mean `number`?"),
    ("maxLength: 8000", "$ref: ¦'http://x/y'", "schema-remote-ref", None),
    ("maxLength: 8000", "pattern: ¦'(?=x)'", "schema-pattern", None),
    ("default: free", "default: ¦gold", "bad-schema", None),
    ("input:\n      type: object", "input:\n      ¦type: array", "bad-schema", None),
    ("trusted: [plan]", "trusted: [¦pln]", "undefined-variable", "did you mean `plan`?"),
    ("value: {label: other, ", "value: ¦{label: none, ", "bad-exhausted-value", None),
    ("    confidence: {field: output.confidence}\n", "", "unknown-signal", "confidence"),
]


@pytest.mark.parametrize(("old", "new", "rule", "help_"), FAULTS)
def test_a_fault_has_its_rule_place_and_help(old, new, rule, help_):
    """One mistake is one finding, at the very word, with what was probably meant."""
    before, mark, after = POLICY.replace(old, new, 1).partition("¦")
    compilation = compile_({**FILES, "p.yaml": before + after})
    assert compilation.policy_set is None
    assert [f.rule for f in compilation.findings] == [rule]
    finding = compilation.findings[0]
    if mark:
        place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
        assert (finding.span.line, finding.span.column) == place, finding.source_line
    assert finding.source_line == (before + after).split("\n")[finding.span.line - 1]
    assert (
        finding.span.end_column > finding.span.column or finding.span.end_line > finding.span.line
    )
    if help_ is not None:
        assert help_ in finding.help


def test_two_tiers_of_one_name_are_refused():
    """A rule could not say which of them it means."""
    compilation = edited("model: opus", "name: sonnet\n        model: opus")
    assert "duplicate-tier" in {f.rule for f in compilation.findings}


def test_a_fault_in_a_template_file_is_reported_in_that_file():
    """Template files have their own lines."""
    compilation = edited("Answer", "Answer", **{"prompts/role.md.j2": "one\n\n  {{ mesage }}\n"})
    finding = compilation.findings[0]
    assert (
        str(finding)
        == "prompts/role.md.j2:3:6: error[undefined-variable] `mesage` is not an input of this task"
    )
    assert finding.source_line == "  {{ mesage }}"


def test_includes_are_relative_to_the_file_that_has_them_and_stay_within_the_root():
    """An include is found beside its template, and cannot lead out."""
    files = {"prompts/role.md.j2": "{% include 'parts/a.j2' %}", "prompts/parts/a.j2": "part"}
    compilation = edited("Answer", "Answer", **files)
    assert compilation.policy_set.tasks["classify"].prompt.system[0].template.render({}) == "part"
    assert "prompts/parts/a.j2" in compilation.policy_set.files
    for path, rule in (
        ("../../x", "path-escape"),
        ("nope", "missing-file"),
        ("/etc/passwd", "path-escape"),
    ):
        bad = edited("Answer", "Answer", **{"prompts/role.md.j2": "\n{% include '" + path + "' %}"})
        assert [(f.rule, f.span.file, f.span.line) for f in bad.findings] == [
            (rule, "prompts/role.md.j2", 2)
        ]


def test_all_faults_at_once_and_no_noise():
    """Faults in different parts are all reported; what follows from a broken schema is not."""
    text = POLICY.replace("maxLength: 8000", "maxLenght: 8000").replace("to: opus", "to: opsu")
    text = text.replace("type: number,", "type: nmber,").replace("opus-5-5", "opus-55")
    compilation = compile_({**FILES, "p.yaml": text})
    assert sorted(f.rule for f in compilation.findings) == [
        "bad-schema",
        "bad-schema",
        "unknown-model",
        "unknown-tier",
    ]
    assert compilation.tasks == ()


def test_one_broken_task_leaves_the_others_to_the_rules():
    """A task that links is there although another does not; the set as a whole is not."""
    other = POLICY.replace("classify:", "other:").replace("to: opus", "to: opsu")
    compilation = compile_({**FILES, "q.yaml": other})
    assert [c.task.name for c in compilation.tasks] == ["classify"]
    assert compilation.policy_set is None


def test_a_parents_fault_is_said_once():
    """Two children of one parent do not double its findings."""
    child = "version: 1\nextends: _base.yaml\ntasks:\n  {0}:\n    extends: _it\n    owner: x\n"
    parent = POLICY.replace("  classify:", "  _it:").replace("claude-opus-5-5", "claude-opus-55")
    files = {
        "_base.yaml": parent,
        "prompts/role.md.j2": "x",
        "a.yaml": child.format("a"),
        "b.yaml": child.format("b"),
    }
    compilation = compile_(files)
    assert [(f.rule, f.span.file) for f in compilation.findings] == [
        ("unknown-model", "_base.yaml")
    ]


class TestModels:
    """Names, pins, aliases and machines of one's own."""

    def test_a_local_model_has_no_price_and_no_catalog_entry(self):
        """`local:` names an endpoint's own model, under `models` or on a tier."""
        for text in (
            POLICY.replace("haiku: claude-haiku-5-5", "haiku: local:smollm2"),
            POLICY.replace("- model: haiku", "- model: local:smollm2\n        name: haiku"),
        ):
            tier = compile_({**FILES, "p.yaml": text}).policy_set.tasks["classify"].tiers[0]
            assert (tier.name, tier.model, tier.local) == ("haiku", "smollm2", True)

    def test_an_empty_local_name_is_unknown(self):
        """`local:` alone names nothing."""
        assert (
            edited("haiku: claude-haiku-5-5", "haiku: 'local:'").findings[0].rule == "unknown-model"
        )

    def test_an_unused_model_must_exist_too(self):
        """A wrong entry is wrong before a tier uses it."""
        compilation = edited("  opus:", "  spare: claude-nope\n  opus:")
        assert [f.rule for f in compilation.findings] == ["unknown-model"]

    def test_an_alias_links_and_is_left_to_the_rules(self):
        """The catalog knows it; that it is no pin is for a rule to say."""
        alias = next(iter(load_catalog().aliases))
        compilation = edited("haiku: claude-haiku-5-5", f"haiku: {alias}")
        assert compilation.tasks[0].task.tiers[0].model == alias


JUDGE = """\
version: 1
tasks:
  judge:
    input:
      type: object
      required: [message, answer]
      properties: {message: {type: string}, answer: {type: string}}
    output:
      type: object
      required: [confidence]
      properties: {confidence: {type: number}}
    prompt: {user: "{{ message | tag('m') }} {{ answer | tag('a') }}"}
    tiers: [{model: claude-haiku-5-5, max_tokens: 100}]
"""


class TestSignals:
    """Confidence comes from what is really produced."""

    def verified(self, judge=JUDGE):
        return edited("{field: output.confidence}", "{verifier: judge}", **{"judge.yaml": judge})

    def test_signals_are_read(self):
        """Agreement, verifiers and several together."""
        compilation = edited(
            "{field: output.confidence}",
            "{all: [{agreement: {samples: 3, of: output.label}}, {verifier: judge}],"
            " combine: mean}",
            **{"judge.yaml": JUDGE},
        )
        confidence = compilation.policy_set.tasks["classify"].confidence
        assert confidence.combine == "mean"
        assert confidence.signals == (AgreementSignal(3, ("label",)), VerifierSignal("judge"))

    @pytest.mark.parametrize(
        ("old", "new", "word"),
        [
            ("  judge:", "  jugde:", "no task"),
            ("{confidence: {type: number}}", "{confidence: {type: string}}", "numeric"),
            (
                "required: [confidence]\n      properties: {confidence: {type: number}}",
                "properties: {x: {type: number}}",
                "numeric",
            ),
            ("required: [message, answer]", "required: [message, answer, plan, other]", "`other`"),
            (
                "    tiers:",
                "    confidence: {verifier: classify}\n    tiers:",
                "circle",
            ),
        ],
    )
    def test_a_verifier_that_cannot_judge_is_refused(self, old, new, word):
        """It must exist, give a number, get its inputs, and not be judged by whom it judges."""
        judge = JUDGE.replace(old, new).replace("plan, other]", "other]")
        judge = judge.replace("answer: {type: string}}", "answer: {type: string}, other: {}}")
        if word == "circle":
            judge = judge.replace("required: [message, answer]", "required: [message]")
        compilation = self.verified(judge)
        assert {f.rule for f in compilation.findings} == {"unknown-signal"}
        assert any(word in f.message for f in compilation.findings)

    def test_a_verifier_of_itself_is_a_circle(self):
        """A task cannot judge its own answers."""
        compilation = edited("{field: output.confidence}", "{verifier: classify}")
        assert [f.rule for f in compilation.findings] == ["unknown-signal"]

    def test_a_broken_verifier_is_not_called_missing(self):
        """Where the verifier does not link, its own fault is said and nothing else."""
        compilation = self.verified(JUDGE.replace("claude-haiku-5-5", "claude-nope"))
        assert [f.rule for f in compilation.findings] == ["unknown-model"]

    def test_an_ambiguous_name_is_refused(self):
        """An input called `tier` could mean the run's own name in an escalation rule."""
        text = POLICY.replace("        plan:", "        tier: {type: string}\n        plan:")
        text = text.replace('when: output.label == "fraud"', 'when: tier == "x"')
        compilation = compile_({**FILES, "p.yaml": text})
        assert [f.rule for f in compilation.findings] == ["condition-unknown-name"]


class TestBlocks:
    """Images, documents, conversations, tools."""

    PNG = b"\x89PNG\r\n\x1a\n....."

    def blocks(self, user, **files):
        text = POLICY.replace('      user: |\n        {{ message | tag("message") }}\n', user)
        assert text != POLICY
        return compile_({**FILES, "p.yaml": text, **files})

    def test_files_are_read_at_load(self):
        """Images and PDFs become base64 sources, text documents stay text."""
        compilation = self.blocks(
            "      user:\n"
            "        - {image: {file: a.png}, cache: 5m}\n"
            "        - {document: {file: b.pdf}, title: B, citations: true}\n"
            "        - {document: {file: c.md}, context: see}\n"
            "        - {document: {text: 'x {{ message }}'}}\n"
            "        - {image: {input: message}}\n",
            **{"a.png": self.PNG, "b.pdf": b"%PDF-1.7", "c.md": "# é"},
        )
        assert compilation.findings == ()
        image, pdf, text, inline, given = compilation.policy_set.tasks["classify"].prompt.user
        assert image.static == {
            "type": "base64",
            "media_type": "image/png",
            "data": "iVBORw0KGgouLi4uLg==",
        }
        assert (image.cache, pdf.static["media_type"], pdf.title, pdf.citations) == (
            "5m",
            "application/pdf",
            "B",
            True,
        )
        assert text.static == {"type": "text", "media_type": "text/plain", "data": "# é"}
        assert text.context == "see"
        assert inline.template.render({"message": "y"}) == "x y"
        assert (given.kind, given.input) == ("image", "message")

    @pytest.mark.parametrize(
        ("source", "rule"),
        [
            ("{image: {file: a.txt}}", "bad-media"),
            ("{image: {file: fake.png}}", "bad-media"),
            ("{image: {file: none.png}}", "missing-file"),
            ("{image: {file: ../a.png}}", "path-escape"),
            ("{document: {file: bad.md}}", "unreadable-file"),
            ("{image: {input: mesage}}", "undefined-variable"),
        ],
    )
    def test_what_is_no_such_file_is_refused(self, source, rule):
        """The ending and the first bytes must both say so."""
        compilation = self.blocks(
            f"      user: [{source}]\n",
            **{"a.txt": "x", "fake.png": b"GIF89a", "bad.md": b"\xff\xfe"},
        )
        assert [f.rule for f in compilation.findings] == [rule]

    def test_a_conversation_is_an_input(self):
        """`messages` names an input, with or without a breakpoint."""
        compilation = self.blocks("      messages: {input: message, cache: 5m}\n")
        assert compilation.policy_set.tasks["classify"].prompt.messages == Conversation(
            "message", "5m"
        )
        assert self.blocks("      messages: mesage\n").findings[0].rule == "undefined-variable"

    TOOLS = """\
    tools:
      - name: look_up
        description: d
        strict: true
        input_schema: {type: object, properties: {id: {type: string, maxLength: 5}}}
      - {name: stop, description: d, input_schema: {type: object}, cache: 1h}
    tool_choice: {tool: look_up}
"""

    def test_tools_have_the_form_of_the_api(self):
        """A strict tool's schema is reduced; cache control is in place."""
        compilation = edited("    trusted:", self.TOOLS + "    trusted:")
        task = compilation.policy_set.tasks["classify"]
        assert task.tools[0] == {
            "name": "look_up",
            "description": "d",
            "strict": True,
            "input_schema": {
                "type": "object",
                "properties": {"id": {"type": "string"}},
                "additionalProperties": False,
            },
        }
        assert task.tools[1]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
        assert task.tool_choice == {"type": "tool", "name": "look_up"}

    @pytest.mark.parametrize(
        ("old", "new", "rule"),
        [
            ("name: stop", "name: look_up", "bad-tool"),
            ("tool: look_up", "tool: lookup", "bad-tool"),
            (
                "input_schema: {type: object}",
                "input_schema: {type: object}, strict: true",
                "bad-tool",
            ),
            ("input_schema: {type: object}", "input_schema: {type: array}", "bad-schema"),
            ("maxLength: 5", "maxLenth: 5", "bad-schema"),
        ],
    )
    def test_a_tool_that_the_api_would_refuse_is_refused(self, old, new, rule):
        """Names, choice and schemas are checked at load."""
        compilation = edited("    trusted:", self.TOOLS.replace(old, new) + "    trusted:")
        assert [f.rule for f in compilation.findings] == [rule]

    def test_tool_choice_needs_tools(self):
        """A choice among nothing is a mistake."""
        assert (
            edited("    trusted:", "    tool_choice: any\n    trusted:").findings[0].rule
            == "bad-tool"
        )


class TestSchemaFiles:
    """Schemas in files of their own, JSON or YAML."""

    INLINE = POLICY[POLICY.index("    output:\n") : POLICY.index("    prompt:\n")]

    def with_file(self, name, text):
        policy = POLICY.replace(self.INLINE, f"    output: {{file: schemas/{name}}}\n")
        return compile_({**FILES, "p.yaml": policy, f"schemas/{name}": text})

    SCHEMA = (
        '{"type": "object", "properties": {\n\t"label": {"type": "string"},'
        '\n\t"confidence": {"type": "number"}}}'
    )

    @pytest.mark.parametrize("name", ["s.json", "_s.yaml"])
    def test_a_file_is_read(self, name):
        """The file is part of what is watched and of the revision."""
        compilation = self.with_file(name, self.SCHEMA.replace("\t", "  "))
        assert compilation.policy_set.tasks["classify"].output.names == ("label", "confidence")
        assert f"schemas/{name}" in compilation.policy_set.files

    def test_json_with_tabs_is_json(self):
        """What is JSON is read, whatever YAML thinks of it."""
        assert self.with_file("s.json", self.SCHEMA).policy_set is not None

    def test_a_fault_is_reported_in_the_file(self):
        """With the line of the schema file."""
        found = self.with_file(
            "s.json", self.SCHEMA.replace("\t", "  ").replace('"string"', '"strng"')
        ).findings
        assert [(f.rule, f.span.file, f.span.line) for f in found] == [
            ("bad-schema", "schemas/s.json", 2)
        ]

    @pytest.mark.parametrize(
        "text", ["", "{", "[1]", '{"a": 1, "a": 2}', "\t{", b"\xff", "- x: *y"]
    )
    def test_what_is_no_schema_file_is_a_finding(self, text):
        """Empty, cut, doubled or undecodable files never raise."""
        compilation = self.with_file("s.json", text)
        assert compilation.policy_set is None
        assert {f.span.file for f in compilation.findings} <= {"schemas/s.json", "p.yaml"}


class TestRevisions:
    """A revision names behaviour: it moves with every change to it, and with nothing else."""

    def revision(self, files):
        return compile_(files).policy_set.revision

    def test_the_same_files_have_the_same_revision(self):
        """However the root is read."""
        assert self.revision(FILES) == self.revision(dict(reversed(FILES.items())))
        assert len(self.revision(FILES)) == 32

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("max_tokens: 512", "max_tokens: 513"),
            ("claude-opus-5-5", "claude-opus-5"),
            ("0.65", "0.66"),
            ("Answer in JSON.", "Answer in JSON!"),
            ("usd: 0.05", "usd: 0.06"),
            ("maxLength: 8000", "maxLength: 8001"),
            ("product: support", "product: sales"),
            ('"enterprise"', '"pro"'),
        ],
    )
    def test_every_change_of_behaviour_moves_it(self, old, new):
        """Ceilings, models, thresholds, words, budgets, schemas, tags, conditions."""
        assert POLICY.count(old)
        assert self.revision(FILES) != self.revision({**FILES, "p.yaml": POLICY.replace(old, new)})

    def test_one_byte_of_a_file_moves_it(self):
        """Templates and what they include count."""
        assert self.revision(FILES) != self.revision(
            {**FILES, "prompts/role.md.j2": "You sort messages!\n"}
        )

    def test_comments_and_layout_do_not_move_it(self):
        """What cannot change behaviour does not."""
        text = "# a comment\n" + POLICY.replace("max_tokens: 512", "max_tokens:   512")
        assert self.revision(FILES) == self.revision({**FILES, "p.yaml": text})

    def test_the_order_of_output_properties_moves_it(self):
        """The model fills them in as they stand; that of inputs is nobody's business."""
        output = POLICY.index("    output:")
        label = POLICY.index("        label:", output)
        following = POLICY.index("        confidence:", label)
        end = POLICY.index("\n", following) + 1
        turned = POLICY[:label] + POLICY[following:end] + POLICY[label:following] + POLICY[end:]
        assert self.revision(FILES) != self.revision({**FILES, "p.yaml": turned})

    def test_a_verifier_counts(self):
        """A task judged by another changes when the judge does."""
        policy = POLICY.replace("{field: output.confidence}", "{verifier: judge}")
        one = compile_({**FILES, "p.yaml": policy, "j.yaml": JUDGE})
        two = compile_({**FILES, "p.yaml": policy, "j.yaml": JUDGE.replace("100", "101")})
        first, second = (c.policy_set.tasks["classify"].revision for c in (one, two))
        assert first != second


class TestCache:
    """One changed file among many is one document's work."""

    def many(self, count=12):
        files = {"prompts/role.md.j2": "x", "prompts/own.md.j2": "own"}
        for index in range(count):
            files[f"p{index:02}.yaml"] = POLICY.replace("  classify:", f"  task{index:02}:")
        own = f"p{min(3, count - 1):02}.yaml"
        files[own] = files[own].replace("role.md", "own.md")
        return files

    def test_unchanged_tasks_are_the_same_objects(self):
        """Only what a changed file is part of is made again."""
        cache, documents = CompileCache(), DocumentCache()
        files = self.many()
        first = compile_(files, cache, documents).policy_set
        again = compile_(files, cache, documents).policy_set
        assert again == first
        assert all(again.tasks[name] is first.tasks[name] for name in first.tasks)
        files["p05.yaml"] = files["p05.yaml"].replace("512", "600")
        third = compile_(files, cache, documents).policy_set
        assert [n for n in first.tasks if third.tasks[n] is not first.tasks[n]] == ["task05"]
        assert third.revision != first.revision
        files["prompts/own.md.j2"] = "changed"
        fourth = compile_(files, cache, documents).policy_set
        assert [n for n in first.tasks if fourth.tasks[n] is not third.tasks[n]] == ["task03"]

    def test_with_and_without_cache_the_same_comes_out(self):
        """A cache changes how long it takes and nothing else."""
        cache, documents = CompileCache(), DocumentCache()
        files = self.many(4)
        for change in (
            {},
            {"prompts/own.md.j2": "{{ nope }}"},
            {"prompts/own.md.j2": "fine"},
            {"p01.yaml": files["p01.yaml"].replace("claude-opus-5-5", "claude-nope")},
            {"p01.yaml": files["p01.yaml"]},
        ):
            files |= change
            cached, fresh = compile_(files, cache, documents), compile_(files)
            assert cached.findings == fresh.findings
            assert [c.task.revision for c in cached.tasks] == [c.task.revision for c in fresh.tasks]
            assert (cached.policy_set is None) == (fresh.policy_set is None)

    def test_a_file_that_appears_is_noticed(self):
        """A document that lacked a file is looked at again when it is there."""
        cache, documents = CompileCache(), DocumentCache()
        files = self.many(2)
        role = files.pop("prompts/role.md.j2")
        assert compile_(files, cache, documents).policy_set is None
        files["prompts/role.md.j2"] = role
        assert compile_(files, cache, documents).policy_set is not None
        del files["prompts/role.md.j2"]
        assert compile_(files, cache, documents).policy_set is None

    def test_the_cache_forgets_what_is_gone(self):
        """It holds the documents of the last compilation and no others."""
        cache, documents = CompileCache(), DocumentCache()
        compile_(self.many(5), cache, documents)
        compile_(self.many(4), cache, documents)
        assert sorted(cache.documents) == ["p00.yaml", "p01.yaml", "p02.yaml", "p03.yaml"]


def test_errors_of_the_loader_mean_no_set():
    """A set exists only where nothing is wrong anywhere."""
    compilation = compile_({**FILES, "bad.yaml": "version: 1\ntasks: {x: {nope: 1}}\n"})
    assert compilation.policy_set is None
    assert [c.task.name for c in compilation.tasks] == ["classify"]


def test_an_empty_root_is_an_empty_set():
    """Nothing to serve is not a fault of any file."""
    assert compile_({}).policy_set.tasks == {}
