"""Deployment settings: paths and switches from the environment, never from a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from router.claude.settings import ClientSettings
from router.errors import SettingsError

__all__ = ["Settings"]

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment decides.

    Environment:
        ROUTER_POLICIES: directory or file; default `policies`.
        ROUTER_LEDGER: SQLite file; default `router.ledger.db`; `off` keeps no ledger.
        ROUTER_LEDGER_MODE: `required` (default): no call that cannot be recorded;
            `best_effort`: answer all the same and count what was dropped.
        ROUTER_LEDGER_TEXT: keep prompts and answers in the ledger too; off by default.
        ROUTER_WATCH: reload policies when files change.
        ROUTER_OFFLINE: answer from the embedded emulator, with no key and no network.
        ROUTER_PLATFORM and the SDK's own variables: see `ClientSettings`.
    """

    policies: Path
    ledger: Path | None
    ledger_mode: Literal["required", "best_effort"]
    ledger_text: bool
    watch: bool
    offline: bool
    client: ClientSettings

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Settings:
        """Raises SettingsError for a value that means nothing."""
        ledger = env.get("ROUTER_LEDGER") or "router.ledger.db"
        mode = env.get("ROUTER_LEDGER_MODE") or "required"
        if mode not in ("required", "best_effort"):
            raise SettingsError(f"ROUTER_LEDGER_MODE is required or best_effort, not {mode!r}")
        return cls(
            policies=Path(env.get("ROUTER_POLICIES") or "policies"),
            ledger=None if ledger == "off" else Path(ledger),
            ledger_mode=cast("Literal['required', 'best_effort']", mode),
            ledger_text=_switch(env, "ROUTER_LEDGER_TEXT"),
            watch=_switch(env, "ROUTER_WATCH"),
            offline=_switch(env, "ROUTER_OFFLINE"),
            client=ClientSettings.from_environment(env),
        )


def _switch(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "").strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise SettingsError(f"{name} is a switch: 1 or 0, not {value!r}")
