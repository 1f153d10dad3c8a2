"""Whether a policy has the shape that schemas/policy.schema.json describes.

The schema is the only description of the shape: it is compiled once into functions over nodes, so
that the published contract and the loader cannot drift. A general validator would do for yes and
no; what is added here is places, did-you-mean and one finding for one mistake.
"""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from typing import Any

from router.policy.nodes import Node
from router.policy.shape_compiler import Check, compile_schema
from router.policy.shape_report import Enough, Report
from router.resources import shipped
from router.types import Finding

__all__ = ["apply_check", "check_shape", "check_version"]

_SCHEMA = "policy.schema.json"


def check_shape(root: Node, *, partial: bool = False) -> tuple[Finding, ...]:
    """Everything that keeps a document, `extends` merged in, from being a policy; often nothing.

    `partial` is for what only others extend: tasks need not be whole, null may stand anywhere.

    A number that is whole but written as a float (`512.0`, `1e3`) is made an int where the schema
    asks for an integer, because JSON Schema counts it as one.
    """
    return apply_check(_partial() if partial else _policy(), root)


def check_version(root: Node) -> tuple[Finding, ...]:
    """Whether a file names a version of the format that this program reads.

    A file of another version may have any shape; only files that pass are worth a closer look.
    """
    version = root.get("version")
    if version is None:
        return ()  # said by check_shape, together with everything else
    return apply_check(_version(), version, root, "version")


def apply_check(
    check: Check,
    node: Node,
    parent: Node | None = None,
    key: str | None = None,
    *,
    whole: str = "the policy",
) -> tuple[Finding, ...]:
    """What a compiled schema finds wrong with a node.

    Args:
        parent, key: where the node hangs, for the place of what is missing.
        whole: what the root is called in messages.
    """
    report = Report(whole)
    with suppress(Enough):
        check(node, parent, key, report)
    return tuple(report.findings)


@cache
def _policy() -> Check:
    return compile_schema(_schema())


@cache
def _partial() -> Check:
    relaxed = {key: part for key, part in _schema().items() if key not in ("if", "else")}
    return compile_schema(relaxed)


@cache
def _version() -> Check:
    return compile_schema(_schema()["properties"]["version"])


@cache
def _schema() -> dict[str, Any]:
    # the program's own part, as its code is: read once, from where it is installed
    loaded: dict[str, Any] = json.loads(shipped("schemas").joinpath(_SCHEMA).read_bytes())
    return loaded
