"""yaml-tag: a value carries a YAML tag."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="yaml-tag",
    severity=Severity.ERROR,
    summary="A value carries a YAML tag.",
    avoid="model: !env MODEL",
    prefer="model: haiku",
    why=(
        "Tags make readers build objects or fetch values. Policies are plain data, and hold no "
        "environment."
    ),
    configure="Deployment settings (keys, endpoints) belong to the environment of the process.",
)
