"""refused-parameter: the model, or the API, answers 400 to what the tier asks for."""

from __future__ import annotations

FAILING = {
    "thinking cannot be switched off": """
tiers:
  - {model: sonnet, max_tokens: 4096, thinking: «disabled»}
""",
    "thinking cannot be switched off at this effort": """
tiers:
  - {model: haiku, max_tokens: 9, effort: max, thinking: «disabled»}
""",
    "an effort that the model lacks": """
tiers:
  - {model: claude-opus-4-6, max_tokens: 4096, effort: «xhigh»}
""",
    "any effort on a model without": """
tiers:
  - {model: claude-haiku-4-5-20251001, max_tokens: 9, effort: «low»}
""",
    "fast mode on a model without": """
tiers:
  - {model: haiku, max_tokens: 4096, speed: «fast»}
""",
    "a geography on a model without": """
tiers:
  - {model: claude-haiku-4-5-20251001, max_tokens: 512, geography: «us»}
""",
    "a forced tool on a model that may not be forced": """
tools: [{name: look_up, description: Finds, input_schema: {type: object}}]
tool_choice: «any»
""",
    "citations beside an output schema": """
prompt:
  user:
    - {document: {text: Rules}, «citations»: true}
    - {text: '{{ message | tag("message") }}'}
""",
}
PASSING = {
    "thinking can be reduced": """
tiers:
  - {model: sonnet, max_tokens: 4096, thinking: between_tools}
""",
    "thinking off at an effort that allows it": """
tiers:
  - {model: haiku, max_tokens: 9, effort: high, thinking: disabled}
""",
    "an effort that it has": """
tiers:
  - {model: claude-opus-4-6, max_tokens: 4096, effort: max}
""",
    "no effort on a model without": """
tiers:
  - {model: claude-haiku-4-5-20251001, max_tokens: 512}
""",
    "fast mode where it exists": """
tiers:
  - {model: opus, max_tokens: 4096, speed: fast}
""",
    "a geography where it is taken": """
tiers:
  - {model: haiku, max_tokens: 4096, geography: us}
""",
    "a tool that may be called": """
tools: [{name: look_up, description: Finds, input_schema: {type: object}}]
tool_choice: auto
""",
    "citations of plain text": """
# without: output
prompt:
  user:
    - {document: {text: Rules}, citations: true}
    - {text: '{{ message | tag("message") }}'}
tiers:
  - {model: haiku, max_tokens: 4096}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
