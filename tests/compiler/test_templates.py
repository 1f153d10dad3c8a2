"""Templates: what they can do, what is said about them, and where."""

from __future__ import annotations

import threading

import pytest

from router.compiler.problems import Refused
from router.compiler.rendering import IncludeError, TemplateError
from router.compiler.sandboxed import SandboxedTemplate
from router.compiler.templates import compile_template

INPUTS = frozenset({"message", "messages", "plan", "items", "order", "note"})


def render(source, **values):
    return compile_template(source, inputs=INPUTS).render(values)


def problems(source, **options):
    with pytest.raises(Refused) as caught:
        compile_template(source, inputs=INPUTS, **options)
    return caught.value.problems


def files(texts):
    """Includes from a mapping; paths as written."""

    def include(path, beside):
        if path not in texts:
            raise IncludeError("missing-file", f"there is no file `{path}`")
        return path, texts[path]

    return include


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% for i in items %}{{ loop.index }}.{{ i|title }} {% endfor %}", "1.Red 2.Blue "),
        ("{% for i in items %}{{ i }}{{ ', ' if not loop.last else '' }}{% endfor %}", "red, blue"),
        ("{% for k, v in order|items %}{{ k }}={{ v }};{% endfor %}", "b=2;a=1;"),
        ("{% for k, v in order|dictsort %}{{ k }}={{ v }};{% endfor %}", "a=1;b=2;"),
        ("{% if plan == 'pro' and items %}yes{% else %}no{% endif %}", "yes"),
        ("{% if note is defined %}{{ note }}{% else %}none{% endif %}", "none"),
        ("{{ note|default('none') }}", "none"),
        ("{{ order.a + order.b * 2 }}", "5"),
        ("{{ items|join(' and ')|upper }}", "RED AND BLUE"),
        ("{{ {'k': items}|tojson }}", '{"k": ["red", "blue"]}'),
        ("{{ items|length }} {{ items|first }} {{ items|last }}", "2 red blue"),
        ("{{ 'abcdefgh'|truncate(5) }}", "abcd…"),
        ("{{ 'a\nb'|indent(2) }}", "a\n  b"),
        ("{{ 3.14159|round(2) }} {{ 2.5|round }} {{ '7'|int + 1 }}", "3.14 2 8"),
        ("{% set n = items|length %}{{ n }}", "2"),
        ("{% with n = 1 %}{{ n }}{% endwith %}", "1"),
        ("{{ items[0] }} {{ items[-1] }} {{ order['a'] }}", "red blue 1"),
        ("{{ range(3)|join }}", "012"),
        ("{{ 'x' if 'red' in items else 'y' }}", "x"),
        ("{{ plan ~ '-' ~ 1 }}", "pro-1"),
        ("{{ '<b>'|e }}", "&lt;b&gt;"),
        ("{% raw %}{{ kept }}{% endraw %}", "{{ kept }}"),
        ("a {# comment #}b", "a b"),
        ("{% if true %}\nline\n{% endif %}\nend\n", "line\nend"),
        ("{{ items|unique|sort(reverse=true)|join(',') }}", "red,blue"),
        ("{{ [1, 2, 3]|sum }} {{ items|min }} {{ [3, 1]|max }}", "6 blue 3"),
        ("{{ 10 // 3 }} {{ 10 % 3 }} {{ -1|abs }} {{ 7 / 2 }}", "3 1 1 3.5"),
    ],
)
def test_what_prompts_need_works(source, expected):
    """Loops, conditions, filters and arithmetic as a Jinja user knows them."""
    values = {"items": ["red", "blue"], "order": {"b": 2, "a": 1}, "plan": "pro"}
    assert render(source, **values) == expected


@pytest.mark.parametrize(
    ("source", "rule", "line", "columns", "help_"),
    [
        ("Hi {{ mesage }}", "undefined-variable", 1, (7, 13), "did you mean `message`?"),
        (
            "a\n{% if mesage %}x{% endif %}",
            "undefined-variable",
            2,
            (7, 13),
            "did you mean `message`?",
        ),
        ("{{ message|uper }}", "template-forbidden", 1, (12, 16), "did you mean `upper`?"),
        ("{{ message.upper() }}", "template-forbidden", 1, (12, 17), "use the filter: `| upper`"),
        ("\n\n{{ message | }}", "template-syntax", 3, (14, 16), None),
        ("{{ 'message' ~ mesage }}", "undefined-variable", 1, (16, 22), "did you mean `message`?"),
        (
            "{%- for i in itms -%}x{% endfor %}",
            "undefined-variable",
            1,
            (14, 18),
            "did you mean `items`?",
        ),
        ("{{ message\n  | center(9) }}", "template-forbidden", 2, (5, 11), None),
        ("{{ message is strng }}", "template-forbidden", 1, (15, 20), "did you mean `string`?"),
        ("{{ message.__class__ }}", "template-forbidden", 1, (12, 21), None),
        ("{{ message ** 2 }}", "template-forbidden", 1, (12, 14), None),
    ],
)
def test_a_problem_points_at_its_word(source, rule, line, columns, help_):
    """Line and columns are exact and the help names what was probably meant."""
    found = problems(source)
    assert len(found) == 1
    problem = found[0]
    assert (problem.rule, problem.line) == (rule, line)
    assert (problem.column, problem.end_column) == columns
    if help_ is not None:
        assert problem.help == help_


def test_all_problems_at_once_and_each_at_its_own_place():
    """Two equal mistakes on one line are two problems at two columns."""
    found = problems("{{ x1 }} {{ x1 }}\n{{ x2|foo }}")
    assert [(p.line, p.column) for p in found] == [(1, 4), (1, 13), (2, 4), (2, 7)]


@pytest.mark.parametrize(
    ("source", "untagged"),
    [
        ("{{ message|tag('m') }}", set()),
        ("{{ message }}", {"message"}),
        ("{{ message|tag('m') }}{{ message }}", {"message"}),
        ("{{ message|upper|tag('m') }}", set()),
        ("{{ message|tag('m')|upper }}", set()),
        ("{{ (message ~ plan)|tag('m') }}", set()),
        ("{{ message|tag('m') ~ plan }}", {"plan"}),
        ("{% set m = message %}{{ m }}", {"message"}),
        ("{% set m = message|tag('m') %}{{ m }}", set()),
        ("{% for i in items %}{{ i|tag('i') }}{% endfor %}", set()),
        ("{% for i in items %}{{ i.name }}{% endfor %}", {"items"}),
        ("{% for i in items %}{{ loop.index }}{% endfor %}", set()),
        ("{% for i in items %}{{ loop.previtem }}{% endfor %}", {"items"}),
        ("{% if message == 'x' %}y{% endif %}", set()),
        ("{{ 'y' if message else plan }}", {"plan"}),
        ("{{ message|length }} {{ plan|int }}", set()),
        ("{{ message|tojson }}", {"message"}),
        ("{% with m = message %}{{ m }}{% endwith %}", {"message"}),
        (
            "{% set m = plan %}{% if plan %}{% set m = message %}{% endif %}{{ m }}",
            {"plan", "message"},
        ),
        ("{{ note|default(message) }}", {"note", "message"}),
        ("{{ [message, plan]|join }}", {"message", "plan"}),
        ("{{ order[message] }}", {"order"}),
        ("{{ items|join(message) }}", {"items", "message"}),
    ],
)
def test_untagged_inputs_are_known(source, untagged):
    """Every input whose text can reach the prompt without `tag` is named, aliases included."""
    assert compile_template(source, inputs=INPUTS).untagged == untagged


@pytest.mark.parametrize(
    ("source", "unguarded"),
    [
        ("{{ note }}", {"note"}),
        ("{% if note is defined %}{{ note }}{% endif %}", set()),
        ("{% if note is not defined %}x{% else %}{{ note }}{% endif %}", set()),
        ("{% if note is defined and note %}{{ note }}{% endif %}", set()),
        ("{% if note is defined or plan %}{{ note }}{% endif %}", {"note", "plan"}),
        ("{{ note|default('x') }}", set()),
        ("{{ note if note is defined else plan }}", {"plan"}),
        ("{% if note is defined %}{% endif %}{{ note }}", {"note"}),
        ("{% if note is undefined or note == 'x' %}{% endif %}", set()),
    ],
)
def test_unguarded_inputs_are_known(source, unguarded):
    """Inputs that must be given, or rendering fails, are named."""
    assert compile_template(source, inputs=INPUTS).unguarded == unguarded


def test_a_name_set_in_one_branch_only_may_be_undefined():
    """What is set under a condition is not there after it, and that is said at load."""
    found = problems("{% if plan %}{% set x = 1 %}{% endif %}{{ x }}")
    assert [p.rule for p in found] == ["undefined-variable"]
    assert (
        render("{% if plan %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}{{ x }}", plan=0)
        == "2"
    )


def test_names_hold_every_input_used():
    """Also those of tests, loops and arguments."""
    template = compile_template(
        "{% if plan %}{{ items|join(note) }}{% endif %}{% for i in order %}{% endfor %}",
        inputs=INPUTS,
    )
    assert template.names == {"plan", "items", "note", "order"}
    assert not template.constant
    assert compile_template("{% if true %}x{% endif %}", inputs=INPUTS).constant


class TestIncludes:
    """Included files: put in place, checked with the rest, found again in messages."""

    def test_the_text_is_put_in_place(self):
        """An include sees the inputs and the local names; its last newline stays."""
        template = compile_template(
            "<\n{% set x = 1 %}\n{% include 'a' %}\n>",
            inputs=INPUTS,
            include=files({"a": "{{ plan }} {{ x }}\n"}),
        )
        assert template.render({"plan": "pro"}) == "<\npro 1\n>"
        assert template.files == ("a",)
        assert template.names == {"plan"}
        assert template.render({"plan": "free"}) == "<\nfree 1\n>"

    def test_problems_name_the_included_file_and_its_line(self):
        """A mistake in an included file is reported there."""
        texts = {"a": "one\n{% include 'b' %}", "b": "\n\n{{ mesage }}"}
        found = problems("{% include 'a' %}", include=files(texts))
        assert [(p.file, p.line, p.column) for p in found] == [("b", 3, 4)]

    def test_render_errors_name_the_included_file(self):
        """So do errors when rendering."""
        template = compile_template(
            "x\n{% include 'a' %}", inputs=INPUTS, include=files({"a": "\n{{ note }}"})
        )
        with pytest.raises(TemplateError) as caught:
            template.render({})
        assert (caught.value.file, caught.value.line) == ("a", 2)

    def test_what_flows_through_an_include_is_known(self):
        """Taint crosses files."""
        template = compile_template(
            "{% include 'a' %}", inputs=INPUTS, include=files({"a": "{{ message }}"})
        )
        assert template.untagged == {"message"}

    @pytest.mark.parametrize(
        ("texts", "rule"),
        [
            ({}, "missing-file"),
            ({"a": "{% include 'a' %}"}, "template-forbidden"),
            ({"a": "{% include 'b' %}", "b": "{% include 'a' %}"}, "template-forbidden"),
            ({"a": "{{ plan.__class__ }}"}, "template-forbidden"),
            ({"a": "{% if %}"}, "template-syntax"),
            ({"a": "{% include 'b' %}" * 70, "b": "x"}, "template-forbidden"),
            ({"a": "{% include 'b' %}" * 9, "b": "x" * 200_000}, "template-forbidden"),
            ({"a": "{% extends 'b' %}", "b": "x"}, "template-forbidden"),
        ],
    )
    def test_circles_floods_and_faults_are_refused(self, texts, rule):
        """Includes cannot run in circles, multiply, or smuggle in what is forbidden."""
        found = problems("{% include 'a' %}", include=files(texts))
        assert found[0].rule == rule

    def test_without_a_reader_nothing_can_be_included(self):
        """Text compiled on its own has no files."""
        assert problems("{% include 'a' %}")[0].rule == "template-forbidden"


def test_many_threads_may_render_first():
    """The first render may come from many threads at once."""
    template = SandboxedTemplate.read("{% for i in items %}{{ i }}{% endfor %}")
    barrier = threading.Barrier(8)
    found = []

    def work():
        barrier.wait()
        found.append(template.render({"items": ["a", "b"]}))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["ab"] * 8


def test_a_render_leaves_its_values_alone():
    """Nothing is added to or taken from what was passed in."""
    values = {"items": ["a"], "order": {"k": 1}}
    render("{% for i in items %}{% set items = 1 %}{% endfor %}{{ order|tojson }}", **values)
    assert values == {"items": ["a"], "order": {"k": 1}}


def test_render_errors_say_what_and_where():
    """The message is about the template, the line is the template's own."""
    with pytest.raises(TemplateError, match="'note' is undefined") as caught:
        render("a\n{% if true %}\n{{ note }}\n{% endif %}")
    assert caught.value.line == 3
    with pytest.raises(TemplateError, match="numbers"):
        render("{{ message * plan }}", message="a", plan=2)
    with pytest.raises(TemplateError, match=r"has no element|undefined"):
        render("{{ items[5] }}", items=[1])
