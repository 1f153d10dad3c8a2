"""Text from outside, made fit for an error message: no secrets, no markup, nothing unprintable."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

__all__ = ["MESSAGE_LIMIT", "PREVIEW_LIMIT", "clean", "preview", "redact", "token"]

MESSAGE_LIMIT = 500
"""Characters of a message of the API's own that are kept."""
PREVIEW_LIMIT = 200
"""Characters of a body that is no API error (a proxy's page) that are kept."""

_LOOKED_AT = 8_192  # characters; a message is never cut so that a key slips past its pattern
_HIDDEN = "[redacted]"

_SECRETS = re.compile(
    r"""
      sk-ant-[A-Za-z0-9_\-]{4,}                               # Claude API and OAuth keys
    | \b(?:sk|pk|rk)-[A-Za-z0-9_\-]{20,}                      # keys of the same make
    | \b(?:AKIA|ASIA)[A-Z0-9]{12,}                            # AWS access key ids
    | \bABSK[A-Za-z0-9+/=_\-]{16,}                            # Bedrock API keys
    | \bya29\.[A-Za-z0-9_\-.]{8,}                             # Google access tokens
    | \beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]*)?   # JSON web tokens
    | (?<=://)[^/\s:@]+:[^/\s@]+(?=@)                         # user:password in a URL
    | (?i:\b(?:bearer|basic)\s+[A-Za-z0-9+/=_\-.~]{8,})
    | (?i:(?:x-api-key|api[-_]?key|auth[-_]?token|authorization|password|secret)
        ["']?\s*[:=]\s*["']?(?:(?:bearer|basic)\s+)?(?!\[redacted\])[^\s"',;]{6,})
    """,
    re.VERBOSE,
)
_MARKUP = re.compile(
    r"<(?:script|style)\b.*?</(?:script|style)\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE
)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.DOTALL | re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9_.:\-]{1,128}")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without these very secrets and without anything that looks like one."""
    for secret in secrets:
        if len(secret) >= 6:
            text = text.replace(secret, _HIDDEN)
    return _SECRETS.sub(_HIDDEN, text)


def clean(text: str, secrets: Iterable[str] = (), *, limit: int = MESSAGE_LIMIT) -> str:
    """One line of printable, redacted text of at most `limit` characters."""
    text = text[:_LOOKED_AT]
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    text = redact(text, secrets)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def preview(body: bytes, secrets: Iterable[str] = ()) -> str:
    """What can be shown of a body that is not the API's: its title or text, never its markup."""
    text = body[:_LOOKED_AT].decode("utf-8", "replace")
    if "<" in text:
        title = _TITLE.search(text)
        text = html.unescape(title.group(1) if title else _MARKUP.sub(" ", text))
        text = text.replace("<", " ").replace(">", " ")
    return clean(text, secrets, limit=PREVIEW_LIMIT)


def token(value: object, secrets: Iterable[str] = ()) -> str | None:
    """`value` if it is a short name (an error type, a request id) and no secret, else None."""
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        return None
    if value.startswith("req_") and value not in secrets:
        return value
    return value if redact(value, secrets) == value else None
