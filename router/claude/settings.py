"""Deployment settings of the Claude client: where requests go. Keys are the SDK's to find.

Nothing here imports the SDK; that happens at the first call.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import urlsplit

from router.claude.transport import (
    AsyncTransport,
    AsyncWireStream,
    Transport,
    WireReply,
    WireRequest,
    WireStream,
)
from router.errors import SettingsError

if TYPE_CHECKING:
    from router.claude.sdk import SdkTransport
    from router.claude.sdk_async import AsyncSdkTransport

__all__ = [
    "PLATFORMS",
    "ClientPlatform",
    "ClientSettings",
    "async_transport",
    "list_models",
    "transport",
]

ClientPlatform = Literal[
    "api", "aws", "bedrock", "bedrock_mantle", "google_cloud", "vertex", "foundry"
]
PLATFORMS: tuple[ClientPlatform, ...] = get_args(ClientPlatform)

# Under which of the catalog's platforms a client's model names are listed.
_NAMED_AS = {"bedrock_mantle": "bedrock", "vertex": "google_cloud"}
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Which SDK client is built, and how.

    Args:
        platform: `api`, or the platform Claude is bought from.
        base_url: instead of the platform's own; any Claude-compatible endpoint.
        bedrock_profile: prefix of a Bedrock inference profile, e.g. `us` or `global`.
        telemetry: leave the SDK's OpenTelemetry spans on.
        http_client: an `httpx2.Client` or `httpx2.AsyncClient` of the caller's.
        client: a ready SDK client, blocking or awaiting; the settings above are then its own.
    """

    platform: ClientPlatform = "api"
    base_url: str | None = None
    bedrock_profile: str | None = None
    telemetry: bool = False
    http_client: Any = None
    client: Any = None

    def __post_init__(self) -> None:
        if self.platform not in PLATFORMS:
            raise SettingsError(
                f"unknown platform {self.platform!r}; known: {', '.join(PLATFORMS)}"
            )
        if self.base_url is not None:
            _check_url(self.base_url, "base_url")
        if self.client is not None and (self.http_client is not None or self.base_url is not None):
            raise SettingsError(
                "a ready SDK client brings its own http_client and base_url; pass one or the others"
            )

    @classmethod
    def from_environment(cls, env: Mapping[str, str], **overrides: Any) -> ClientSettings:
        """Settings from `ROUTER_PLATFORM`, `ROUTER_BASE_URL`, `ROUTER_BEDROCK_PROFILE` and
        `ROUTER_TELEMETRY`; keys, regions and projects stay with the SDK's own variables.

        Raises:
            SettingsError: a variable whose value cannot be used; it is named.
        """
        values: dict[str, Any] = {}
        platform = env.get("ROUTER_PLATFORM", "").strip().lower()
        if platform:
            if platform not in PLATFORMS:
                raise SettingsError(
                    f"ROUTER_PLATFORM is {platform!r}; it may be {', '.join(PLATFORMS)}"
                )
            values["platform"] = platform
        if env.get("ROUTER_BASE_URL"):
            _check_url(env["ROUTER_BASE_URL"], "ROUTER_BASE_URL")
            values["base_url"] = env["ROUTER_BASE_URL"]
        if env.get("ROUTER_BEDROCK_PROFILE"):
            values["bedrock_profile"] = env["ROUTER_BEDROCK_PROFILE"]
        told = env.get("ROUTER_TELEMETRY", "").strip().lower()
        if told not in _YES | _NO:
            raise SettingsError(f"ROUTER_TELEMETRY is {told!r}; it may be 1 or 0")
        values["telemetry"] = told in _YES
        return cls(**{**values, **overrides})

    def model_name(self, model: str) -> str:
        """What a pinned model is called on this platform.

        Raises:
            SettingsError: the platform does not offer the model.
        """
        if self.platform == "api" and self.bedrock_profile is None:
            return model
        from router.catalog import load_catalog, platform_id

        known = load_catalog().get(model)
        if known is None:
            return model  # a name of the deployment's own
        place = _NAMED_AS.get(self.platform, self.platform)
        name = platform_id(known, place, profile=self.bedrock_profile)
        if name is None:
            raise SettingsError(f"{model} is not offered on {self.platform}")
        return name

    def client_options(self) -> Mapping[str, Any]:
        """Keywords for the SDK's client class."""
        options: dict[str, Any] = {}
        if self.base_url is not None:
            options["base_url"] = self.base_url
        if not self.telemetry:
            options["open_telemetry"] = False
        return options

    def open_client(self) -> tuple[Any, bool]:
        """A blocking SDK client, and whether its connections are ours. Imports the SDK.

        Raises:
            SettingsError: a setting or a key is missing.
        """
        from router.claude.clients import build

        return build(self.platform, self.client_options(), self.http_client, self.client)


def _check_url(url: object, name: str) -> None:
    """Raises SettingsError. The value is not shown: it may hold a password."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        usable = (
            parts is not None
            and parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and not re.search(r"[\s\x00-\x1f]", parts.geturl())
        )
    except ValueError:  # a port that is no number, a bracket that stays open
        usable = False
    if not usable:
        raise SettingsError(
            f"{name} is no URL of an endpoint; write https://HOST or http://HOST:PORT"
        )


def transport(settings: ClientSettings) -> Transport:
    """A blocking transport. The SDK is imported and the client built at the first call."""
    return _Deferred(settings)


def async_transport(settings: ClientSettings) -> AsyncTransport:
    """An awaiting transport, one client for each event loop, built at its first call there."""
    return _AsyncDeferred(settings)


def list_models(settings: ClientSettings) -> tuple[Mapping[str, Any], ...]:
    """The models the API lists, as it describes them. Imports the SDK and asks at once.

    Raises:
        RouterError: no key, or the list cannot be read.
    """
    from router.claude.clients import listed_models

    client, ours = settings.open_client()
    try:
        return listed_models(client)
    finally:
        if ours:
            client.close()


class _Deferred:
    """A Transport that becomes an SdkTransport when it is first needed."""

    emulated = False
    _real: SdkTransport | None = None

    def __init__(self, settings: ClientSettings) -> None:
        self.model_name = settings.model_name
        self._settings = settings

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must not appear in any message."""
        return () if self._real is None else self._real.secrets

    def prepare(self) -> None:
        """Build the client now. Raises SettingsError where a setting or a key is missing."""
        self._ready()

    def send(self, request: WireRequest) -> WireReply:
        return self._ready().send(request)

    def stream(self, request: WireRequest) -> AbstractContextManager[WireStream]:
        return self._ready().stream(request)

    def close(self) -> None:
        if self._real is not None:
            self._real.close()

    def _ready(self) -> SdkTransport:
        if self._real is not None:
            return self._real
        from router.claude.sdk import SdkTransport

        client, ours = self._settings.open_client()
        # Threads that come here at once each make one, and all go on with the first. A lock
        # could be held by another thread during a fork, and never be released in the child.
        first: SdkTransport = vars(self).setdefault("_real", SdkTransport(client, ours=ours))
        return first


class _AsyncDeferred:
    """An AsyncTransport that becomes an AsyncSdkTransport when it is first needed."""

    emulated = False

    def __init__(self, settings: ClientSettings) -> None:
        self.model_name = settings.model_name
        self._settings = settings
        self._real: AsyncSdkTransport | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must not appear in any message."""
        return () if self._real is None else self._real.secrets

    async def prepare(self) -> None:
        """Build this loop's client now. Raises SettingsError as a blocking transport does."""
        await (self._real or await self._ready()).prepare()

    async def send(self, request: WireRequest) -> WireReply:
        return await (self._real or await self._ready()).send(request)

    @asynccontextmanager
    async def stream(self, request: WireRequest) -> AsyncIterator[AsyncWireStream]:
        async with (self._real or await self._ready()).stream(request) as opened:
            yield opened

    async def close(self) -> None:
        if self._real is not None:
            await self._real.close()

    async def _ready(self) -> AsyncSdkTransport:
        # Importing the SDK takes over a second, which the event loop has better uses for.
        await asyncio.to_thread(_import_sdk)
        if self._real is None:
            from router.claude.sdk_async import AsyncSdkTransport

            settings = self._settings
            given = settings.client is not None or settings.http_client is not None
            self._real = AsyncSdkTransport(self._make, ours=not given)
        return self._real

    def _make(self) -> Any:
        from router.claude.clients import build_async

        settings = self._settings
        options = settings.client_options()
        return build_async(settings.platform, options, settings.http_client, settings.client)


def _import_sdk() -> None:
    import router.claude.clients
    import router.claude.sdk_async  # noqa: F401
