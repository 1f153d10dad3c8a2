"""What goes wrong below the SDK, told apart: every exception becomes a TransportFault.

The SDK wraps most of them and lets some pass; both hold the request, and with it the key. Only
strings and flags leave this module.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator

import aiohttp
import anthropic
import httpx2

from router.claude.redact import clean
from router.claude.transport import TransportFault
from router.engine.effects import FaultKind

__all__ = ["fault_of"]

_TLS_FINAL = ("CERTIFICATE", "WRONG_VERSION", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER")
_CREDENTIAL_MODULES = ("google.auth", "botocore", "boto3")


def fault_of(
    error: BaseException, secrets: Iterable[str] = (), *, receiving: bool = False
) -> TransportFault:
    """A fault of our own for an exception out of the SDK, its HTTP client or the network.

    Args:
        error: what was raised; nothing of it is kept but words.
        secrets: values that must not appear in the message.
        receiving: the answer's headers had come, so the request had gone out.
    """
    causes = list(_chain(error))
    for cause in causes:
        if isinstance(cause, TransportFault):
            return TransportFault(cause.kind, cause.message, maybe_billed=cause.maybe_billed)
    for cause in causes:
        if isinstance(cause, ssl.SSLError) and not receiving:
            final = isinstance(cause, ssl.SSLCertVerificationError) or any(
                part in (cause.reason or "") for part in _TLS_FINAL
            )
            kind = FaultKind.TLS if final else FaultKind.CONNECTION
            why = getattr(cause, "verify_message", None) or cause.reason or "handshake failed"
            return _fault(kind, f"no TLS connection: {why}", False, secrets)
    for cause in reversed(causes):  # the innermost knows best
        fault = _network_fault(cause, secrets, receiving)
        if fault is not None:
            return fault
    return _local_fault(causes, secrets, receiving)


def _network_fault(
    error: BaseException, secrets: Iterable[str], receiving: bool
) -> TransportFault | None:
    if isinstance(error, (httpx2.ConnectTimeout, aiohttp.ConnectionTimeoutError)):
        return _fault(FaultKind.CONNECTION, "cannot reach the endpoint: timed out", False, secrets)
    if isinstance(error, httpx2.PoolTimeout):
        return _fault(FaultKind.TIMEOUT, "no free connection in time", False, secrets)
    if isinstance(error, (httpx2.TimeoutException, anthropic.APITimeoutError, TimeoutError)):
        return _fault(FaultKind.TIMEOUT, "the time limit passed", True, secrets)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _fault(FaultKind.CONNECTION, f"cannot reach the endpoint: {error}", False, secrets)
    if isinstance(error, (httpx2.UnsupportedProtocol, httpx2.InvalidURL, aiohttp.InvalidURL)):
        return _fault(FaultKind.CONNECTION, "the base URL is not usable", False, secrets)
    if isinstance(error, httpx2.LocalProtocolError):
        return _fault(FaultKind.INVALID_REQUEST, "the request is not HTTP", False, secrets)
    if isinstance(error, httpx2.DecodingError):
        return _fault(FaultKind.BAD_RESPONSE, "the answer's compression is broken", True, secrets)
    if isinstance(error, aiohttp.ClientPayloadError):
        return _fault(FaultKind.TRUNCATED_BODY, "the answer was cut in the middle", True, secrets)
    if isinstance(error, (httpx2.RemoteProtocolError, aiohttp.http.HttpProcessingError)):
        return _protocol_fault(str(error), secrets, receiving)
    if isinstance(error, aiohttp.ClientResponseError):
        return _protocol_fault(error.message, secrets, receiving)
    if isinstance(error, (httpx2.ProxyError, aiohttp.ClientHttpProxyError)):
        return _fault(FaultKind.CONNECTION, f"the proxy refuses: {error}", False, secrets)
    if isinstance(error, httpx2.ConnectError) and not _answered(error):
        return _fault(FaultKind.CONNECTION, f"cannot reach the endpoint: {error}", False, secrets)
    if isinstance(
        error, (httpx2.NetworkError, aiohttp.ServerDisconnectedError, aiohttp.ClientConnectionError)
    ):
        return _lost(secrets, receiving)
    return None


def _answered(error: BaseException) -> bool:
    """aiohttp's lost connections arrive as ConnectError, although the request had gone out."""
    return isinstance(
        error.__cause__, (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
    ) and not isinstance(error.__cause__, aiohttp.ClientConnectorError)


def _protocol_fault(said: str, secrets: Iterable[str], receiving: bool) -> TransportFault:
    if "without sending a response" in said:
        return _lost(secrets, receiving)
    if "without sending complete" in said or "incomplete" in said:
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
        return _fault(FaultKind.CONNECTION, why, True, secrets)
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
