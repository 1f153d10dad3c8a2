"""How many tokens a request has, asked of the API's own counter. Free; it has limits of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from router.claude.faults import error_fault
from router.claude.transport import Transport, TransportFault, WireRequest
from router.errors import RouterError

__all__ = ["count_tokens"]

_PATH = "/v1/messages/count_tokens"
_SECONDS = 30.0


def count_tokens(transport: Transport, body: Mapping[str, Any]) -> int:
    """The prompt tokens of a Messages-API body on its model.

    Raises:
        SettingsError: a setting or a key is missing; nothing was sent.
        RouterError: the API does not count; the message says why.
    """
    prepare = getattr(transport, "prepare", None)
    if prepare is not None:
        prepare()
    named = getattr(transport, "model_name", None)
    model = body["model"] if named is None else named(body["model"])
    secrets: tuple[str, ...] = getattr(transport, "secrets", ())
    try:
        reply = transport.send(WireRequest({**body, "model": model}, _SECONDS, _PATH))
    except TransportFault as fault:
        raise RouterError(f"the API counts no tokens: {fault.message}") from None
    if not 200 <= reply.status < 300:
        said = error_fault(reply.status, reply.headers, reply.body, secrets=secrets).message
        raise RouterError(f"the API counts no tokens: {said}")
    try:
        tokens = json.loads(reply.body)["input_tokens"]
    except (ValueError, TypeError, KeyError, RecursionError):
        tokens = None
    if type(tokens) is not int or tokens < 0:
        raise RouterError("the API counts no tokens: its answer holds no number of them")
    return tokens
