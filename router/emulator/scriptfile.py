"""Scripts in files, for `router emulate --script`: rules in YAML or JSON, or a recording.

    strict: false            # true: what no rule answers is refused instead of made up
    rules:
      - when: {model: claude-haiku-5-5, text: refund}
        replies: [{error: overloaded}, {label: billing, confidence: 0.97}]
      - replies: Hello.      # no `when`: any request

`when` takes `task`, `tier`, `model`, `text`, `system`, `conversation`, `fields` and `nth`;
`replies` is one reply or a list, each as `parse_item` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from router.emulator.recordings import Recordings
from router.emulator.script import Replies, Script
from router.emulator.spec import parse_item

__all__ = ["load_replies", "script_of_rules"]

_WHEN = ("task", "tier", "model", "text", "system", "conversation", "fields", "nth")


def load_replies(path: Path) -> tuple[Script, tuple[Replies, ...]]:
    """A script from `.yaml`, `.yml` or `.json`, or a recording from `.jsonl`.

    Raises:
        ValueError: not a script; the message names the file and the rule.
        OSError: the file cannot be read.
    """
    if path.suffix == ".jsonl":
        return Script(), (Recordings.load(path),)
    text = path.read_text(encoding="utf-8")
    try:
        data = json.loads(text) if path.suffix == ".json" else _yaml(text)
        return script_of_rules(data), ()
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def script_of_rules(data: Any) -> Script:
    """A script from `{strict, rules}` as plain data. Raises ValueError and names the rule."""
    if not isinstance(data, Mapping) or not isinstance(data.get("rules"), list):
        raise ValueError("a script is a map with a list of `rules`")
    if unknown := set(data) - {"strict", "rules"}:
        raise ValueError(f"unknown keys: {', '.join(sorted(map(str, unknown)))}")
    script = Script(strict=bool(data.get("strict", False)))
    for number, rule in enumerate(data["rules"], 1):
        try:
            _add(script, rule)
        except (ValueError, TypeError) as error:
            raise ValueError(f"rule {number}: {error}") from None
    return script


def _add(script: Script, rule: Any) -> None:
    if not isinstance(rule, Mapping) or "replies" not in rule:
        raise ValueError("a rule is a map with `replies` and perhaps `when`")
    when = rule.get("when") or {}
    if not isinstance(when, Mapping):
        raise ValueError("`when` is a map")
    for key in [*set(rule) - {"when", "replies"}, *set(when) - set(_WHEN)]:
        raise ValueError(f"unknown key {key!r}; `when` takes {', '.join(_WHEN)}")
    replies = rule["replies"]
    items = [parse_item(item) for item in (replies if isinstance(replies, list) else [replies])]
    made = script.on(**when)
    for item, times in items:
        made.reply(*[item] * times)


def _yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
