"""empty-block: a part of the prompt without any text."""

from __future__ import annotations

FAILING = {
    "nothing to ask": """
input: {type: object, properties: {}}
prompt:
  user: «'{# to be written #}'»
""",
    "an empty file beside a block": """
prompt:
  system: [«{file: role.md.j2}»]
  user: '{{ message | tag("message") }}'
# file: role.md.j2
""",
}
PASSING = {
    "every block has text": """
prompt:
  system: [{file: role.md.j2}]
  user: '{{ message | tag("message") }}'
# file: role.md.j2
{# for the model #}
You sort mail.
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
