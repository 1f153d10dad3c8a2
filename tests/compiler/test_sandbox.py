"""What templates must not be able to do: reach Python, mutate, load, or eat time and memory."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.compiler import limits
from router.compiler.problems import Refused
from router.compiler.rendering import TemplateError
from router.compiler.sandbox import Sandbox, sandbox
from router.compiler.templates import compile_template

INPUTS = {"a", "b", "s", "n", "xs", "d", "items"}
VALUES = {
    "a": "alpha",
    "b": "{0.__class__.__mro__}",
    "s": "secret%s{}",
    "n": 7,
    "xs": ["p", "q", "r"],
    "d": {"k": "v", "items": "mine", "__class__": "data"},
    "items": [{"name": "x"}],
}

ATTACKS = [
    # attributes and what hangs on them
    "{{ a.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ a['__class__'] }}",
    "{{ a['__cla' ~ 'ss__'] }}",
    "{{ (a|string)['__class__'] }}",
    "{{ a.__init__.__globals__ }}",
    "{{ ().__class__.__bases__ }}",
    "{{ [].__class__ }}",
    "{{ {}.__class__ }}",
    "{{ d.__class__.__name__ }}",
    "{{ xs.__len__() }}",
    "{{ a._private }}",
    "{{ d['_private'] }}",
    "{{ range.__self__ }}",
    "{{ a.upper.__func__ }}",
    # filters that reach attributes or code
    "{{ a|attr('__class__') }}",
    "{{ a|attr('format')|attr('__globals__') }}",
    "{{ items|map(attribute='__class__')|list }}",
    "{{ items|map('attr', '__class__')|list }}",
    "{{ items|groupby('__class__') }}",
    "{{ items|selectattr('__class__')|list }}",
    "{{ items|sort(attribute='__class__') }}",
    "{{ items|sum(attribute='__class__') }}",
    "{{ items|unique(attribute='__class__')|list }}",
    "{{ items|join(',', attribute='__class__') }}",
    "{{ items|max(attribute='__class__') }}",
    "{{ d|xmlattr }}",
    "{{ a|pprint }}",
    "{{ a|safe }}",
    "{{ a|urlize }}",
    "{{ a|format(1) }}",
    "{{ '%s'|format(a) }}",
    # formatting
    "{{ b.format(a) }}",
    "{{ '{0.__class__}'.format(a) }}",
    "{{ '{0.__class__}'.format_map({'a': a}) }}",
    "{{ ('%(a)' ~ 's') % d }}",
    "{{ '%s' % a }}",
    "{{ s % 10000000 }}",
    "{% set f = b.format %}{{ f(a) }}",
    "{{ b['format'](a) }}",
    "{{ [b]|map('format', a)|list }}",
    # what Jinja puts into every template
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{{ config }}",
    "{{ request }}",
    "{{ cycler('a').__init__ }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ joiner }}",
    "{{ namespace() }}",
    "{{ namespace.__init__ }}",
    "{{ lipsum(n=100) }}",
    "{{ lipsum.__globals__ }}",
    "{{ dict(a=1) }}",
    "{{ dict.__base__ }}",
    "{{ caller() }}",
    "{{ varargs }}",
    "{{ super() }}",
    "{{ environment }}",
    "{{ context }}",
    "{{ _budget }}",
    "{{ a|_concat }}",
    "{{ a|_each }}",
    "{{ loop }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__ }}",
    # loading
    "{% include '/etc/passwd' %}",
    "{% include a %}",
    "{% include ['x', 'y'] %}",
    "{% include 'x' ignore missing %}",
    "{% import 'os' as os %}",
    "{% from 'os' import system %}",
    "{% extends 'x' %}",
    # mutation and calls
    "{{ xs.append('x') }}",
    "{{ xs.clear() }}",
    "{{ d.update({'k': 1}) }}",
    "{{ d.pop('k') }}",
    "{{ d.items() }}",
    "{{ a.upper() }}",
    "{% do xs.append(1) %}",
    "{% set d.k = 1 %}",
    "{% set ns = namespace(x=1) %}",
    # structure
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% call(x) m() %}{% endcall %}",
    "{% block b %}{% endblock %}",
    "{% filter upper %}x{% endfilter %}",
    "{% set x %}{{ a }}{% endset %}",
    "{% autoescape true %}{{ a }}{% endautoescape %}",
    "{% raw %}{{ a }}",
    "{% for x in xs recursive %}{{ loop(xs) }}{% endfor %}",
    "{{ loop.__class__ }}",
    "{% for x in xs %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in xs %}{{ loop.cycle('a') }}{% endfor %}",
    "{% for x in xs %}{{ loop._iterator }}{% endfor %}",
    "{% for loop in xs %}{% endfor %}",
    "{% for _budget in xs %}{% endfor %}",
    "{% set _budget = 1 %}",
    "{% break %}",
    "{% debug %}",
    "{% trans %}x{% endtrans %}",
    # eaters of time and memory
    "{{ 'a' * 1000000000 }}",
    "{{ 1000000000 * 'a' }}",
    "{{ [0] * 1000000000 }}",
    "{{ a * 1000000000 }}",
    "{{ xs * 1000000000 }}",
    "{{ 10 ** 10 ** 8 }}",
    "{{ 2 ** 999999999 }}",
    "{{ range(1000000000)|list }}",
    "{{ range(100001)|join }}",
    "{{ range(n * 100000000)|list }}",
    "{{ a|center(1000000000) }}",
    "{{ a|ljust(1000000000) }}",
    "{{ a|indent(1000000000) }}",
    "{{ a|indent(n) }}",
    "{{ a|wordwrap(1) }}",
    "{{ xs|batch(1000000000, 'x')|list }}",
    "{{ xs|slice(1000000000)|list }}",
    "{{ a|replace('', 'x') }}",
    "{{ a|replace('a', b) }}",
    "{{ a|truncate(10, end=s) }}",
    "{{ 3|round(1000000000) }}",
    "{{ d|tojson(indent=1000000000) }}",
    "{{ a|tag(b) }}",
    "{{ a|tag('x y') }}",
    "{{ a|tag('x><y') }}",
    "{{ a|default(*xs) }}",
    "{{ a|default(**d) }}",
    "{% for i in range(10000) %}{% for j in range(10000) %}x{% endfor %}{% endfor %}",
    "{% for i in range(9999) %}{% for j in range(9999) %}{% set k = i %}{% endfor %}{% endfor %}",
]


def outcome(source: str) -> str:
    """What becomes of a template: its text, or the error in place of one."""
    try:
        template = compile_template(source, inputs=INPUTS)
    except Refused:
        return "refused"
    try:
        return template.render(VALUES)
    except TemplateError:
        return "failed"


@pytest.mark.parametrize("source", ATTACKS)
def test_no_known_attack_gets_anywhere(source):
    """Each is refused, fails, or comes out as harmless text; none is slow, none shows Python."""
    begin = time.process_time()
    text = outcome(source)
    assert time.process_time() - begin < 2.0
    for trace in (
        "class '",
        "object at",
        "function",
        "built-in",
        "module",
        "mro",
        "root:",
        "<Template",
    ):
        assert trace not in text
    assert len(text) <= limits.MAX_OUTPUT
    assert VALUES["xs"] == ["p", "q", "r"]
    assert VALUES["d"]["k"] == "v"


BOMBS = {
    "doubling by ~": "{% set x = a %}" + "{% set x = x ~ x %}" * 60 + "{{ x|length }}",
    "doubling by +": "{% set x = a %}" + "{% set x = x + x %}" * 60 + "{{ x|length }}",
    "doubling by join": "{% set x = a %}" + "{% set x = [x, x]|join %}" * 60 + "{{ x|length }}",
    "doubling lists": "{% set x = xs %}" + "{% set x = [x, x] %}" * 60 + "{{ x|tojson|length }}",
    "doubling maps": "{% set x = d %}" + "{% set x = {'a': x, 'b': x} %}" * 60 + "{{ x }}",
    "doubling by + on lists": "{% set x = xs %}" + "{% set x = x + x %}" * 60 + "{{ x|length }}",
    "replace": "{% set x = a %}"
    + "{% set x = x|replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaa') %}" * 30
    + "{{ x|length }}",
    "indent": "{% set x = '\\n' %}" + "{% set x = (x ~ x)|indent(16) %}" * 40 + "{{ x|length }}",
    "escape": "{% set x = '&' %}" + "{% set x = x|escape %}" * 39 + "{% set x = x ~ x|e %}" * 40,
    "join between": "{% set x = xs|join(a) %}"
    + "{% set x = (x|list)|join(x) %}" * 9
    + "{{ x|length }}",
    "big numbers": "{% set x = n %}" + "{% set x = x * x %}" * 60 + "{{ x }}",
    "output in loops": "{% for i in range(9000) %}{% for j in range(9) %}"
    + "x" * 3000
    + "{% endfor %}{% endfor %}",
    "nested loops": "{% for i in range(999) %}{% for j in range(999) %}{% for k in range(999) %}"
    "{% if i > 2 %}{% endif %}{% endfor %}{% endfor %}{% endfor %}",
    "search in loops": "{% set x = 'ab' ~ a %}"
    + "{% set x = x ~ x %}" * 19
    + "{% for i in range(9000) %}{% if 'zz' in x %}{% endif %}{% endfor %}",
    "sort in loops": "{% set x = range(9999) %}{% for i in x %}{% set y = x|sort %}{% endfor %}",
    "slices in loops": "{% set x = range(9999) %}{% for i in x %}{% set y = x[::2] %}{% endfor %}",
    "length of nested": "{% for i in range(9999) %}{{ range(9999)|length }}{% endfor %}",
    "deep parentheses": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "deep lists": "{{ " + "[" * 5000 + "]" * 5000 + " }}",
    "long sums": "{{ " + "1 + " * 20000 + "1 }}",
    "long ands": "{{ " + "a and " * 20000 + "a }}",
    "deep ifs": "{% if a %}" * 500 + "x" + "{% endif %}" * 500,
    "deep fors": "{% for x in xs %}" * 30 + "x" + "{% endfor %}" * 30,
    "deep accesses": "{{ a" + ".b" * 5000 + " }}",
    "long number": "{{ " + "9" * 5000 + " }}",
    "many filters": "{{ a" + "|upper" * 5000 + " }}",
    "many nodes": "{{ a|upper }}" * 30_000,
    "long text": "x" * (2 * 1024 * 1024),
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_small_template_eats_time_or_memory(name):
    """Each is refused at load or ends at a ceiling, in little time."""
    begin = time.process_time()
    text = outcome(BOMBS[name])
    assert time.process_time() - begin < 6.0
    assert text in ("refused", "failed") or len(text) < 1000


def test_one_environment_and_no_other():
    """All templates share one sandbox that knows no globals."""
    assert sandbox() is sandbox()
    assert isinstance(sandbox(), Sandbox)
    assert sandbox().globals == {}


def test_fields_are_data_and_never_methods():
    """`d.items` is the field of that name, not the method of dict."""
    assert compile_template("{{ d.items }}", inputs=INPUTS).render(VALUES) == "mine"
    with pytest.raises(TemplateError, match="keys"):
        compile_template("{{ d.keys|upper }}", inputs=INPUTS).render(VALUES)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_input_text_is_never_evaluated(text):
    """Template syntax in a value comes out as that very text."""
    template = compile_template("{% if a %}{% endif %}[{{ a }}]", inputs=INPUTS)
    assert template.render({"a": text}) == f"[{text}]"


@pytest.mark.parametrize(
    "text", ["{{ b }}", "{% for x in xs %}", "{# c #}", "{{ 7 * 7 }}", "$${b}"]
)
def test_template_syntax_in_values_is_text(text):
    """The usual probes for template injection are echoed."""
    for source in ("{{ a }}", "{% if a %}{{ a }}{% endif %}", "{{ a ~ '' }}", "{{ [a]|join }}"):
        assert compile_template(source, inputs=INPUTS).render({"a": text, "b": "no"}) == text


PIECES = [
    "{{ a }}",
    "{{ xs|join(', ') }}",
    "{% for x in xs %}",
    "{% endfor %}",
    "{% if n > 3 %}",
    "{% else %}",
    "{% endif %}",
    "{{ x|upper }}",
    "{{ n * 2 }}",
    "text\n",
    "{{ loop.index }}",
    "{% set y = a ~ n %}",
    "{{ y }}",
    "{{ d.k|default('z') }}",
    "{{ xs[0] }}",
    "{{ xs[1:] }}",
]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(PIECES),
        max_size=12,
    ).map("".join)
)
def test_what_loads_also_compiles(source):
    """The code that the first render makes never fails to be made."""
    try:
        template = compile_template(source, inputs=INPUTS)
    except Refused:
        return
    message = ""
    try:
        template.render(VALUES)
    except TemplateError as error:
        message = error.message
    assert "cannot be compiled" not in message
