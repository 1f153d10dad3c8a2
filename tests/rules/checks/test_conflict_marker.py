"""conflict-marker: a merge that nobody has finished, in a prompt."""

from __future__ import annotations

FAILING = {
    "in a template": """
prompt:
  user: [{file: a.j2}]
# file: a.j2
«<<<<<<<» HEAD
Sort this:
=======
Put this into a queue:
«>>>>>>>» other
{{ message | tag("message") }}
""",
    "one mark alone, with the name of a branch": """
prompt:
  user: [{file: a.j2}]
# file: a.j2
«<<<<<<<» HEAD
Sort this: {{ message | tag("message") }}
""",
    "the last mark alone, with a commit": """
prompt:
  user: [{file: a.j2}]
# file: a.j2
Sort this: {{ message | tag("message") }}
«>>>>>>>» 1f2e3d4 (Sort mail by what its sender wants)
""",
}
PASSING = {
    "one side alone, and shifts": """
prompt:
  user: [{file: a.j2}]
# file: a.j2
<<<<<<< is how a conflict begins. {{ message | tag("message") }}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
