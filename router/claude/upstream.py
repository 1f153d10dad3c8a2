"""What goes wrong below the SDK, told apart: every exception becomes a TransportFault.

The SDK wraps most of them and lets some pass; both hold the request, and with it the key. Only
strings and flags leave this module.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator

import aiohttp
import anthropic
import httpcore2
import httpx2

from router.claude.redact import clean
from router.claude.transport import TransportFault
from router.engine.effects import FaultKind

__all__ = ["fault_of"]

_CREDENTIAL_MODULES = ("google.auth", "botocore", "boto3")
# What OpenSSL says when the peer is no TLS server or none we may talk to; these do not heal.
_TLS_FINAL = (
    "CERTIFICATE",
    "WRONG_VERSION",
    "UNKNOWN_PROTOCOL",
    "HTTP_REQUEST",
    "PROTOCOL_VERSION",
)


def fault_of(
    error: BaseException,
    secrets: Iterable[str] = (),
    *,
    receiving: bool = False,
    endpoint: str = "the endpoint",
) -> TransportFault:
    """A fault of our own for an exception out of the SDK, its HTTP client or the network.

    Args:
        error: what was raised; nothing of it is kept but words.
        secrets: values that must not appear in the message.
        receiving: the answer's headers had come, so the request had gone out.
        endpoint: host and port it was sent to, as messages name it.
    """
    causes = list(_chain(error))
    for cause in causes:
        if isinstance(cause, TransportFault):
            return TransportFault(cause.kind, cause.message, maybe_billed=cause.maybe_billed)
    if not receiving and not any(isinstance(cause, _AFTER_HANDSHAKE) for cause in causes):
        tls = _tls_fault(causes, secrets)
        if tls is not None:
            return tls
    for kinds, kind, message, maybe_billed in _RULES:
        for cause in causes:
            if isinstance(cause, kinds):
                if not message:
                    return _lost(secrets, receiving)
                return _fault(
                    kind, message.format(error=cause, endpoint=endpoint), maybe_billed, secrets
                )
    for cause in causes:
        if isinstance(cause, _NOT_HTTP):
            return _protocol_fault(str(cause), secrets, receiving)
        if isinstance(cause, _NETWORK):
            return _lost(secrets, receiving)
    return _local_fault(causes, secrets, receiving)


# The first rule that fits any exception of the chain: from what says most to what says least.
# Lost connections of aiohttp's are ConnectErrors to httpx2, so they stand before these.
_RULES: tuple[tuple[tuple[type[BaseException], ...], FaultKind, str, bool], ...] = (
    (
        (httpx2.ConnectTimeout, httpcore2.ConnectTimeout, aiohttp.ConnectionTimeoutError),
        FaultKind.CONNECTION,
        "cannot reach {endpoint}: timed out",
        False,
    ),
    (
        (httpx2.PoolTimeout, httpcore2.PoolTimeout),
        FaultKind.TIMEOUT,
        "no free connection in time",
        False,
    ),
    (
        (
            httpx2.ProxyError,
            httpcore2.ProxyError,
            aiohttp.ClientHttpProxyError,
            aiohttp.ClientProxyConnectionError,
        ),
        FaultKind.CONNECTION,
        "the proxy refuses: {error}",
        False,
    ),
    (
        (aiohttp.ClientConnectorError, ConnectionRefusedError, socket.gaierror),
        FaultKind.CONNECTION,
        "cannot reach {endpoint}: {error}",
        False,
    ),
    (
        (httpcore2.WriteError,),
        FaultKind.RESET,
        "the connection broke while the request was sent",
        False,
    ),
    (
        (httpcore2.WriteTimeout,),
        FaultKind.TIMEOUT,
        "the time limit passed while sending the request",
        False,
    ),
    (
        (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError),
        FaultKind.RESET,
        "",
        True,
    ),
    (
        (httpx2.ConnectError, httpcore2.ConnectError),
        FaultKind.CONNECTION,
        "cannot reach {endpoint}: {error}",
        False,
    ),
    (
        (
            httpx2.UnsupportedProtocol,
            httpcore2.UnsupportedProtocol,
            httpx2.InvalidURL,
            aiohttp.InvalidURL,
        ),
        FaultKind.CONNECTION,
        "the base URL is not usable",
        False,
    ),
    (
        (httpx2.LocalProtocolError, httpcore2.LocalProtocolError),
        FaultKind.INVALID_REQUEST,
        "the request cannot be sent over HTTP",
        False,
    ),
    (
        (httpx2.DecodingError,),
        FaultKind.BAD_RESPONSE,
        "the answer's compression is broken",
        True,
    ),
    (
        (aiohttp.ClientPayloadError,),
        FaultKind.TRUNCATED_BODY,
        "the answer was cut in the middle",
        True,
    ),
    (
        (aiohttp.ClientResponseError,),
        FaultKind.BAD_RESPONSE,
        "the answer is not HTTP",
        True,
    ),
    (
        (
            httpx2.TimeoutException,
            httpcore2.TimeoutException,
            anthropic.APITimeoutError,
            TimeoutError,
        ),
        FaultKind.TIMEOUT,
        "the time limit passed",
        True,
    ),
)

_NOT_HTTP = (
    httpx2.RemoteProtocolError,
    httpcore2.RemoteProtocolError,
    aiohttp.http.HttpProcessingError,
)
_AFTER_HANDSHAKE = (httpx2.ReadError, httpcore2.ReadError, httpcore2.WriteError)
_NETWORK = (httpx2.NetworkError, httpcore2.NetworkError, aiohttp.ClientConnectionError, OSError)


def _tls_fault(causes: list[BaseException], secrets: Iterable[str]) -> TransportFault | None:
    for cause in reversed(causes):  # the innermost is OpenSSL's own
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "reason", None) or ""
            final = isinstance(cause, ssl.SSLCertVerificationError) or any(
                part in reason for part in _TLS_FINAL
            )
            kind = FaultKind.TLS if final else FaultKind.CONNECTION
            why = getattr(cause, "verify_message", None) or reason or "the handshake failed"
            return _fault(kind, f"no TLS connection: {why}", False, secrets)
    return None


def _protocol_fault(said: str, secrets: Iterable[str], receiving: bool) -> TransportFault:
    if "without sending a response" in said:
        return _lost(secrets, receiving)
    if "without sending complete" in said:
        return _fault(FaultKind.TRUNCATED_BODY, "the answer was cut in the middle", True, secrets)
    return _fault(FaultKind.BAD_RESPONSE, "the answer is not HTTP", True, secrets)


def _lost(secrets: Iterable[str], receiving: bool) -> TransportFault:
    if receiving:
        return _fault(FaultKind.TRUNCATED_BODY, "the answer was cut in the middle", True, secrets)
    return _fault(FaultKind.RESET, "the server hung up without an answer", True, secrets)


def _local_fault(
    causes: list[BaseException], secrets: Iterable[str], receiving: bool
) -> TransportFault:
    """For what never reached the network: credentials, bodies that are no JSON, bugs."""
    error = causes[0]
    name = type(error).__name__
    for cause in causes:
        module = type(cause).__module__
        if isinstance(cause, anthropic.CredentialsError) or module.startswith(_CREDENTIAL_MODULES):
            return _fault(
                FaultKind.AUTH, f"no credentials ({type(cause).__name__})", False, secrets
            )
    if receiving:
        return _fault(FaultKind.BAD_RESPONSE, f"the answer cannot be read ({name})", True, secrets)
    if isinstance(error, anthropic.APIConnectionError):
        cause = causes[1] if len(causes) > 1 else error
        why = f"the connection failed ({type(cause).__name__})"
        return _fault(FaultKind.RESET, why, True, secrets)
    if "authentication method" in str(error):
        return _fault(FaultKind.AUTH, "the client has no API key", False, secrets)
    return _fault(
        FaultKind.INVALID_REQUEST,
        f"the client refuses the request: {name}: {error}",
        False,
        secrets,
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _fault(
    kind: FaultKind, message: str, maybe_billed: bool, secrets: Iterable[str]
) -> TransportFault:
    return TransportFault(kind, clean(message, secrets, limit=300), maybe_billed=maybe_billed)
