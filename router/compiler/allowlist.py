"""What templates and conditions may contain, and what flows through them.

One walk over the syntax tree refuses every construct that is not listed here and notes which
names are used, which of them can reach the text without passing `tag`, and which are used where
they may be undefined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from jinja2 import nodes

from router.compiler import limits
from router.compiler.filters import FILTERS, TESTS, Filter
from router.compiler.inspection import NONE, Inspection, Note, Scope, Sources
from router.compiler.syntax import OPEN, access_path, certain, constant
from router.policy.suggest import did_you_mean

__all__ = ["LOOP_NAMES", "inspect"]

LOOP_NAMES = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "depth"}
    | {"previtem", "nextitem"}
)
_RESERVED = frozenset({"loop", "range"})
_REFUSED_STATEMENTS = {
    "Macro": "macros",
    "CallBlock": "call blocks",
    "FilterBlock": "filter blocks",
    "AssignBlock": "set blocks",
    "Block": "blocks",
    "Extends": "extends",
    "Import": "imports",
    "FromImport": "imports",
    "NSRef": "namespaces",
    "ScopedEvalContextModifier": "autoescape blocks",
}
_HELPS = {
    "FilterBlock": "put the filter on each value",
    "AssignBlock": "use `{% set name = ... %}`",
    "Macro": "use `{% include %}` for repeated text",
}


def inspect(tree: nodes.Node) -> Inspection:
    """Walk a template or one expression; refusals are in `notes`."""
    walker = _Walker()
    with suppress(_Stop):
        if isinstance(tree, nodes.Template):
            walker.statements(tree.body, Scope())
        else:
            walker.expression(tree, Scope())
    return walker.found


class _Stop(Exception):  # ends the walk, is no error
    """The tree is too large or too deep to walk on."""


class _Walker:
    def __init__(self) -> None:
        self.found = Inspection()
        self._nodes = 0
        self._depth = 0
        self._loops = 0

    def _note(
        self, node: nodes.Node, message: str, word: str = "", help_: str | None = None
    ) -> None:
        self.found.notes.append(Note("template-forbidden", message, node.lineno, word, help_))

    # --- statements ---

    def statements(self, body: Iterable[nodes.Node], scope: Scope) -> None:
        for node in body:
            self._statement(node, scope)

    def _enter(self, node: nodes.Node) -> None:
        self._nodes += 1
        self._depth += 1
        if self._nodes > limits.MAX_NODES or self._depth > limits.MAX_DEPTH:
            what = "deeply nested" if self._depth > limits.MAX_DEPTH else "large"
            self._note(node, f"this is too {what}")
            raise _Stop

    def _statement(self, node: nodes.Node, scope: Scope) -> None:
        kind = type(node).__name__
        visit = _STATEMENTS.get(kind)
        if visit is None:
            words = _REFUSED_STATEMENTS.get(kind, kind)
            self._note(node, f"{words} are not available in templates", help_=_HELPS.get(kind))
            return
        self._enter(node)
        visit(self, node, scope)
        self._depth -= 1

    def _output(self, node: nodes.Output, scope: Scope) -> None:
        for child in node.nodes:
            if not isinstance(child, nodes.TemplateData):
                self.found.untagged |= self.expression(child, scope)

    def _if(self, node: nodes.If, scope: Scope) -> None:
        branches: list[Scope] = []
        before = scope
        for clause in (node, *node.elif_):
            self.expression(clause.test, before)
            yes, no = certain(clause.test)
            branches.append(before.inner(yes))
            self.statements(clause.body, branches[-1])
            before = before.inner(no)
        self.statements(node.else_, before)
        branches.append(before)
        for name in {name for branch in branches for name in branch.bound}:
            flows = [branch.bound.get(name, frozenset({name})) for branch in branches]
            scope.bound[name] = NONE.union(*flows)
            if any(name not in branch.bound or name in branch.maybe for branch in branches):
                scope.maybe.add(name)

    def _for(self, node: nodes.For, scope: Scope) -> None:
        flows = self.expression(node.iter, scope)
        if node.recursive:
            self._note(node, "recursive loops are not available", "recursive")
        self._loops += 1
        if self._loops > limits.MAX_LOOP_NESTING:
            self._note(node, f"loops are nested more than {limits.MAX_LOOP_NESTING} deep", "for")
        inner = scope.inner()
        self._bind(node.target, flows, inner)
        inner.bound["loop"] = flows
        if node.test is not None:
            self.expression(node.test, inner)
        self.statements(node.body, inner)
        self._loops -= 1
        self.statements(node.else_, scope.inner())

    def _assign(self, node: nodes.Assign, scope: Scope) -> None:
        self._bind(node.target, self.expression(node.node, scope), scope)

    def _with(self, node: nodes.With, scope: Scope) -> None:
        inner = scope.inner()
        for target, value in zip(node.targets, node.values, strict=True):
            self._bind(target, self.expression(value, scope), inner)
        self.statements(node.body, inner)

    def _scope_block(self, node: nodes.Scope, scope: Scope) -> None:
        self.statements(node.body, scope.inner())

    def _bind(self, target: nodes.Node, flows: Sources, scope: Scope) -> None:
        if isinstance(target, nodes.Tuple):
            for item in target.items:
                self._bind(item, flows, scope)
        elif isinstance(target, nodes.Name):
            if target.name.startswith("_") or target.name in _RESERVED:
                self._note(target, f"`{target.name}` cannot be set", target.name)
            scope.bound[target.name] = flows
            scope.maybe.discard(target.name)
        else:
            self._note(target, "only plain names can be set")

    # --- expressions: each returns the inputs whose text flows into its value ---

    def expression(self, node: nodes.Node, scope: Scope) -> Sources:
        visit = _EXPRESSIONS.get(type(node).__name__)
        if visit is None:
            self._note(node, _refusal(node), _word(node))
            return NONE
        self._enter(node)
        flows: Sources = visit(self, node, scope)
        self._depth -= 1
        return flows

    def _all(self, items: Iterable[nodes.Node], scope: Scope) -> Sources:
        flows = NONE
        for item in items:
            flows |= self.expression(item, scope)
        return flows

    def _const(self, node: nodes.Const, scope: Scope) -> Sources:
        return NONE

    def _name(self, node: nodes.Name, scope: Scope) -> Sources:
        name = node.name
        if name in scope.bound and name not in scope.maybe:
            return scope.bound[name]
        if name.startswith("_"):
            self._note(node, f"names that begin with `_` are not available: `{name}`", name)
            return NONE
        self.found.uses.append((name, node.lineno))
        if name not in scope.defined:
            self.found.unguarded.add(name)
        return scope.bound.get(name, frozenset({name}))

    def _getattr(self, node: nodes.Getattr, scope: Scope) -> Sources:
        flows = self.expression(node.node, scope)
        if node.attr.startswith("_"):
            self._note(
                node, f"names that begin with `_` are not available: `{node.attr}`", node.attr
            )
        if isinstance(node.node, nodes.Name) and node.node.name == "loop" and "loop" in scope.bound:
            if node.attr not in LOOP_NAMES:
                hint = did_you_mean(node.attr, LOOP_NAMES)
                self._note(node, f"`loop.{node.attr}` is not available", node.attr, hint)
            return flows if node.attr in ("previtem", "nextitem") else NONE
        self._path(node, scope)
        return flows

    def _getitem(self, node: nodes.Getitem, scope: Scope) -> Sources:
        flows = self.expression(node.node, scope)
        if isinstance(node.arg, nodes.Slice):
            parts = (node.arg.start, node.arg.stop, node.arg.step)
            self._all([part for part in parts if part is not None], scope)
            return flows
        self.expression(node.arg, scope)
        key = constant(node.arg)
        if isinstance(key, str) and key.startswith("_"):
            self._note(node, f"names that begin with `_` are not available: `{key}`", key)
        self._path(node, scope)
        return flows

    def _path(self, node: nodes.Node, scope: Scope) -> None:
        path = access_path(node)
        if path and path[0] not in scope.bound:
            self.found.paths.add(path)
            self.found.paths.discard(path[:-1])

    def _filter(self, node: nodes.Filter, scope: Scope) -> Sources:
        spec = FILTERS.get(node.name)
        if node.node is None:
            return NONE
        if spec is None:
            hint = did_you_mean(node.name, FILTERS)
            self._note(node, f"the filter `{node.name}` is not available", node.name, hint)
            return self.expression(node.node, scope)
        self._arguments(node, spec)
        optional = node.name in ("default", "d") and isinstance(node.node, nodes.Name)
        inner = scope.inner(frozenset({node.node.name})) if optional else scope  # type: ignore[attr-defined]  # a Name
        flows = self.expression(node.node, inner)
        flows |= self._all(node.args, scope)
        flows |= self._all([keyword.value for keyword in node.kwargs], scope)
        return NONE if node.name == "tag" or spec.numeric else flows

    def _arguments(self, node: nodes.Filter, spec: Filter) -> None:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            self._note(node, "`*` and `**` arguments are not available", node.name)
            return
        values = [constant(arg) for arg in node.args]
        named = {str(keyword.key): constant(keyword.value) for keyword in node.kwargs}
        if not spec.open_arguments and OPEN in (*values, *named.values()):
            self._note(node, f"the arguments of `{node.name}` must be constants", node.name)
            return
        try:
            spec.arguments(*values, **named)
        except TypeError:
            called = node.node.name if isinstance(node.node, nodes.Name) else "name"
            hint = f'write `tag("{called}")`' if node.name == "tag" else None
            self._note(node, f"`{node.name}` does not take these arguments", node.name, hint)
        except ValueError as error:
            self._note(node, str(error), node.name)

    def _test(self, node: nodes.Test, scope: Scope) -> Sources:
        if node.name not in TESTS:
            hint = did_you_mean(node.name, TESTS)
            self._note(node, f"the test `{node.name}` is not available", node.name, hint)
        if node.dyn_args is not None or node.dyn_kwargs is not None or node.kwargs:
            self._note(node, f"`{node.name}` does not take these arguments", node.name)
        expected = 1 if node.name in ("divisibleby", "in") else 0
        if node.name in TESTS and len(node.args) != expected:
            self._note(node, f"`{node.name}` takes {expected or 'no'} argument", node.name)
        asked = node.name in ("defined", "undefined") and isinstance(node.node, nodes.Name)
        self.expression(
            node.node,
            scope.inner(frozenset({node.node.name})) if asked else scope,  # type: ignore[attr-defined]  # a Name
        )
        self._all(node.args, scope)
        return NONE

    def _compare(self, node: nodes.Compare, scope: Scope) -> Sources:
        self._all([node.expr, *(operand.expr for operand in node.ops)], scope)
        return NONE

    def _both(self, node: nodes.BinExpr, scope: Scope) -> Sources:
        flows = self.expression(node.left, scope)
        yes, no = certain(node.left)
        known = yes if isinstance(node, nodes.And) else no if isinstance(node, nodes.Or) else NONE
        return flows | self.expression(node.right, scope.inner(known))

    def _arithmetic(self, node: nodes.BinExpr, scope: Scope) -> Sources:
        sides = (constant(node.left), constant(node.right))
        if not isinstance(node, nodes.Add) and any(isinstance(s, str | list) for s in sides):
            message = f"`{node.operator}` works on numbers only"
            self._note(node, message, node.operator, "join text with `~`")
        flows = self.expression(node.left, scope) | self.expression(node.right, scope)
        return flows if isinstance(node, nodes.Add) else NONE

    def _unary(self, node: nodes.UnaryExpr, scope: Scope) -> Sources:
        self.expression(node.node, scope)
        return NONE

    def _concat(self, node: nodes.Concat, scope: Scope) -> Sources:
        return self._all(node.nodes, scope)

    def _list(self, node: nodes.List | nodes.Tuple, scope: Scope) -> Sources:
        return self._all(node.items, scope)

    def _dict(self, node: nodes.Dict, scope: Scope) -> Sources:
        return self._all([half for pair in node.items for half in (pair.key, pair.value)], scope)

    def _choice(self, node: nodes.CondExpr, scope: Scope) -> Sources:
        self.expression(node.test, scope)
        yes, no = certain(node.test)
        flows = self.expression(node.expr1, scope.inner(yes))
        if node.expr2 is None:
            self._note(node, "`a if b` needs an `else`", "if")
            return flows
        return flows | self.expression(node.expr2, scope.inner(no))

    def _call(self, node: nodes.Call, scope: Scope) -> Sources:
        if not (isinstance(node.node, nodes.Name) and node.node.name == "range"):
            self._note(node, "calls are not available", _word(node.node), _call_help(node))
            return NONE
        if node.kwargs or node.dyn_args or node.dyn_kwargs or not 1 <= len(node.args) <= 3:
            self._note(node, "`range` takes one to three numbers", "range")
            return NONE
        values = [constant(arg) for arg in node.args]
        if OPEN not in values:
            try:
                too_many = len(range(*values)) > limits.MAX_RANGE
            except (TypeError, ValueError, OverflowError):  # no integers, step 0, too long
                too_many = True
            if too_many:
                self._note(node, f"`range` takes integers and gives at most {limits.MAX_RANGE}")
        self._all(node.args, scope)
        return NONE


def _refusal(node: nodes.Node) -> str:
    if isinstance(node, nodes.Pow):
        return "`**` is not available"
    return f"{type(node).__name__} is not available in templates"


def _word(node: nodes.Node) -> str:
    if isinstance(node, nodes.Pow):
        return "**"
    name = getattr(node, "name", None) or getattr(node, "attr", None)
    return name if isinstance(name, str) else ""


def _call_help(node: nodes.Call) -> str | None:
    if isinstance(node.node, nodes.Getattr) and node.node.attr in FILTERS:
        return f"use the filter: `| {node.node.attr}`"
    return None


_STATEMENTS: dict[str, Callable[..., None]] = {
    "Output": _Walker._output,
    "If": _Walker._if,
    "For": _Walker._for,
    "Assign": _Walker._assign,
    "With": _Walker._with,
    "Scope": _Walker._scope_block,  # an include, put in place by the reader of includes
}
_EXPRESSIONS: dict[str, Callable[..., Sources]] = {
    "Const": _Walker._const,
    "Name": _Walker._name,
    "Getattr": _Walker._getattr,
    "Getitem": _Walker._getitem,
    "Filter": _Walker._filter,
    "Test": _Walker._test,
    "Compare": _Walker._compare,
    "And": _Walker._both,
    "Or": _Walker._both,
    "Not": _Walker._unary,
    "Neg": _Walker._unary,
    "Pos": _Walker._unary,
    "Add": _Walker._arithmetic,
    "Sub": _Walker._arithmetic,
    "Mul": _Walker._arithmetic,
    "Div": _Walker._arithmetic,
    "FloorDiv": _Walker._arithmetic,
    "Mod": _Walker._arithmetic,
    "Concat": _Walker._concat,
    "List": _Walker._list,
    "Tuple": _Walker._list,
    "Dict": _Walker._dict,
    "CondExpr": _Walker._choice,
    "Call": _Walker._call,
}
