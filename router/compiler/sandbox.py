"""The one place where a Jinja environment is made, and where templates become code.

Beyond Jinja's own immutable sandbox: attribute access reaches data only (`order.items` is the
field `items`, never a method), nothing can be called, and every loop, filter and operator draws
on the render's budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Undefined, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from router.compiler.allowlist import LOOP_NAMES
from router.compiler.filters import FILTERS, TESTS, Filter, arithmetic, concatenate
from router.compiler.limits import MAX_RANGE, Budget
from router.compiler.syntax import OPEN, constant
from router.compiler.values import to_text

__all__ = ["BUDGET", "Sandbox", "guard", "sandbox"]

BUDGET = "_budget"
"""The render's budget, under a name that no template can write."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Templates see data and nothing else."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext):
            if attribute in LOOP_NAMES:
                return getattr(obj, attribute)
            return self.undefined(obj=obj, name=attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            str(obj)  # raises, naming what is undefined
        if isinstance(obj, Mapping) or (
            isinstance(obj, str | list | tuple) and isinstance(argument, int | slice)
        ):
            try:
                return obj[argument]
            except (TypeError, LookupError):
                pass
        return self.undefined(obj=obj, name=argument)

    def call(__self, *args: Any, **kwargs: Any) -> Any:  # noqa: N805  # as the base class has it
        raise SecurityError("nothing can be called")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        return arithmetic(_budget(context), operator, _needed(left), _needed(right))


@lru_cache(maxsize=1)
def sandbox() -> Sandbox:
    """The environment of every template and condition."""
    environment = Sandbox(
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        finalize=lambda value: to_text(_needed(value)),
        cache_size=0,
        auto_reload=False,
    )
    environment.globals.clear()
    environment.filters.clear()
    environment.tests.clear()
    environment.filters.update({name: _filter(name, spec) for name, spec in FILTERS.items()})
    environment.tests.update({name: _test(name, test) for name, test in TESTS.items()})
    environment.filters.update(
        {"_each": _each, "_weigh": _weigh, "_concat": _concat, "_range": _range, "_build": _build}
    )
    return environment


def _budget(context: Context) -> Budget:
    budget: Budget = context.parent[BUDGET]
    return budget


def _needed(value: Any) -> Any:
    if isinstance(value, Undefined):
        str(value)  # raises, naming what is undefined
    return value


def _filter(name: str, spec: Filter) -> Callable[..., Any]:
    optional = name in ("default", "d")

    @pass_context
    def apply(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, Undefined):
            value = None if optional else _needed(value)
        for argument in args:
            _needed(argument)
        return spec.call(_budget(context), value, *args, **kwargs)

    return apply


def _test(name: str, test: Callable[..., bool]) -> Callable[..., bool]:
    if name in ("defined", "undefined"):
        wanted = name == "defined"
        return lambda value: isinstance(value, Undefined) is not wanted

    @pass_context
    def apply(context: Context, value: Any, *args: Any) -> bool:
        for argument in args:
            _budget(context).weigh(_needed(argument))
        return test(_needed(value), *args)

    return apply


# --- guards: what the tree is rewritten to call ------------------------------------------


@pass_context
def _each(context: Context, value: Any) -> Iterator[Any]:
    budget = _budget(context)
    if not isinstance(_needed(value), str | list | tuple | Mapping):
        raise TypeError(f"cannot loop over {type(value).__name__}")
    return _counted(value, budget)


def _counted(value: Any, budget: Budget) -> Iterator[Any]:
    for item in value:
        budget.take_steps(1)
        yield item


@pass_context
def _weigh(context: Context, value: Any) -> Any:
    _budget(context).weigh(value)
    return value


@pass_context
def _concat(context: Context, values: list[Any]) -> str:
    return concatenate(_budget(context), [_needed(value) for value in values])


@pass_context
def _range(context: Context, values: list[Any]) -> list[int]:
    numbers = range(*(_needed(value) for value in values))
    if len(numbers) > MAX_RANGE:
        raise ValueError(f"`range` gives at most {MAX_RANGE} numbers")
    _budget(context).take_steps(len(numbers))
    return list(numbers)


@pass_context
def _build(context: Context, value: Any) -> Any:
    # A list that holds another list twice doubles with each step: pay for what it would print.
    budget = _budget(context)
    pending = [value]
    while pending:
        item = _needed(pending.pop())
        budget.weigh(item)
        if isinstance(item, Mapping):
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            pending.extend(item)
    return value


def guard(tree: nodes.Template) -> nodes.Template:
    """The same template with loops, joins, comparisons, slices and literals drawing on a budget."""
    guarded: nodes.Template = _Guard().visit(tree)
    return guarded


class _Guard(NodeTransformer):
    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  # Jinja's visitor names
        self.generic_visit(node)
        node.iter = _through("_each", node.iter)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _through("_concat", nodes.List(node.nodes, lineno=node.lineno))

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)  # the allow-list lets no other call than `range` through
        return _through("_range", nodes.List(node.args, lineno=node.lineno))

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.expr = _weighed(node.expr)
        for operand in node.ops:
            operand.expr = _weighed(operand.expr)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _weighed(node.node)
        return node

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802
        return self._literal(node)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802
        return self._literal(node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        return node if node.ctx == "store" else self._literal(node)

    def _literal(self, node: nodes.Expr) -> nodes.Node:
        if constant(node) is not OPEN:
            return node
        self.generic_visit(node)  # changes the node in place
        return _through("_build", node)


def _weighed(node: nodes.Expr) -> nodes.Expr:
    return node if isinstance(node, nodes.Const) else _through("_weigh", node)


def _through(name: str, node: nodes.Node) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
