"""SDK clients by deployment settings: the one place that names the SDK's client classes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import anthropic

from router.claude.direct import DirectClient
from router.claude.faults import error_fault
from router.claude.redact import clean
from router.claude.sdk import client_secrets
from router.claude.upstream import fault_of
from router.errors import RouterError, SettingsError

__all__ = ["build", "build_async", "listed_models"]

_CLASSES = {
    "api": ("Anthropic", "AsyncAnthropic"),
    "aws": ("AnthropicAWS", "AsyncAnthropicAWS"),
    "bedrock": ("AnthropicBedrock", "AsyncAnthropicBedrock"),
    "bedrock_mantle": ("AnthropicBedrockMantle", "AsyncAnthropicBedrockMantle"),
    "google_cloud": ("AnthropicGoogleCloud", "AsyncAnthropicGoogleCloud"),
    "vertex": ("AnthropicVertex", "AsyncAnthropicVertex"),
    "foundry": ("AnthropicFoundry", "AsyncAnthropicFoundry"),
}
# What signs requests where the SDK brings it in only by an extra: module, our extra, and the
# client's attributes that make it needless.
_SIGNERS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "aws": ("botocore", "aws", ("api_key",)),
    "bedrock": ("botocore", "bedrock", ("api_key",)),
    "bedrock_mantle": ("botocore", "bedrock", ("api_key",)),
    "google_cloud": ("google.auth", "google-cloud", ("_token_provider",)),
    "vertex": ("google.auth", "google-cloud", ("access_token",)),
}
# What is sent as it is, by platform; what only signs is not checked here.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "api": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    "aws": ("ANTHROPIC_AWS_API_KEY",),
    "bedrock": ("AWS_BEARER_TOKEN_BEDROCK",),
    "bedrock_mantle": ("AWS_BEARER_TOKEN_BEDROCK",),
    "foundry": ("ANTHROPIC_FOUNDRY_API_KEY",),
}
_KEY = re.compile(r"[!-~]+")
_NO_KEY = (
    "no API key: set ANTHROPIC_API_KEY (or ANTHROPIC_AUTH_TOKEN, or ANTHROPIC_PROFILE for a "
    "profile of the SDK); ROUTER_OFFLINE=1 runs on emulated replies without one"
)


def build(
    platform: str, options: Mapping[str, Any], http_client: Any = None, client: Any = None
) -> tuple[Any, bool]:
    """A blocking SDK client, and whether its connections are ours.

    Ours obey the attempt's deadline, are not touched by a child process after a fork, and are
    closed by us. A ready client that has the SDK's own HTTP client is copied with ours in its
    place; the client itself is left as it is.

    Raises:
        SettingsError: something the platform needs is missing; the message names the variable.
    """
    if client is not None:
        if type(getattr(client, "_client", None)).__name__ != "SyncHttpxClientWrapper":
            return client, False
        return client.with_options(http_client=DirectClient()), True
    ours = http_client is None
    return _construct(platform, 0, options, DirectClient() if ours else http_client), ours


def build_async(
    platform: str, options: Mapping[str, Any], http_client: Any = None, client: Any = None
) -> Any:
    """An awaiting SDK client, to be made in the event loop that uses it.

    Raises:
        SettingsError: as `build`.
    """
    from router.claude.direct_async import AsyncDirectClient

    if client is not None:
        return client
    return _construct(platform, 1, options, http_client or AsyncDirectClient())


def listed_models(client: Any) -> tuple[Mapping[str, Any], ...]:
    """The API's own list of models, retired ones included, as JSON-like mappings.

    Raises:
        RouterError: the list cannot be read; the message says why.
    """
    if client.models is None:
        raise SettingsError("this platform has no list of models")
    secrets = client_secrets(client)
    try:
        pages = client.models.list(lifecycle=["active", "deprecated", "retired"], limit=1000)
        return tuple(model.to_dict(mode="json") for model in pages)
    except anthropic.APIStatusError as error:
        said = error_fault(error.status_code, {}, error.response.content, secrets=secrets).message
    except Exception as error:  # noqa: BLE001 - nothing of the SDK may leave untyped
        said = fault_of(error, secrets).message
    raise RouterError(f"the API's list of models cannot be read: {said}")


def _construct(platform: str, index: int, options: Mapping[str, Any], http_client: Any) -> Any:
    _check_keys(platform, os.environ)
    kind = getattr(anthropic, _CLASSES[platform][index])
    problem: str
    try:
        client = kind(http_client=http_client, max_retries=0, **options)
    except (anthropic.AnthropicError, ValueError, TypeError, ImportError) as error:
        problem = clean(str(error))
    else:
        missing = _missing(platform, client)
        if missing is None:
            return client
        problem = missing
    raise SettingsError(problem)


def _check_keys(platform: str, env: Mapping[str, str]) -> None:
    """Raises SettingsError for a key that no header can carry; no part of it is shown."""
    for name in _KEYS.get(platform, ()):
        value = env.get(name, "")
        if value and not _KEY.fullmatch(value):
            raise SettingsError(f"{name} contains a line break, a blank or what is no ASCII text")


def _missing(platform: str, client: Any) -> str | None:
    """What the client would only miss at its first request, in a worse moment."""
    if platform == "api":
        sends = {name.lower() for name in client.default_headers}
        if client.credentials is None and not sends & {"authorization", "x-api-key"}:
            return _NO_KEY
        return None
    if platform not in _SIGNERS:
        return None
    module, extra, instead = _SIGNERS[platform]
    if any(getattr(client, name, None) for name in instead) or _installed(module):
        return None
    return (
        f"platform {platform} signs its requests with {module}, which is not installed: "
        f"pip install 'policy-router[{extra}]'"
    )


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
