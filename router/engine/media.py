"""Images and documents given as inputs: to Messages-API sources, or refused by name.

Accepted are a source object as the Messages API knows it, a `data:` URL, an https address, and
for documents plain text. Nothing is fetched here; an https address is fetched by the API.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from router.errors import InputInvalid

__all__ = ["IMAGE_TYPES", "MAX_IMAGE", "MAX_REQUEST", "document_source", "image_source"]

# anthropic 2.12: types/base64_image_source_param.py, types/base64_pdf_source_param.py
IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_DOCUMENT_TYPES = frozenset({"application/pdf"})
_TEXT_TYPES = frozenset({"text/plain", "text/markdown"})

MAX_REQUEST = 32_000_000  # bytes of a Messages request; api/overview, request size limits
MAX_IMAGE = 10_000_000  # base64 characters of one image: nothing larger was ever accepted

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[\w.+-]+)*)(;base64)?,", re.ASCII)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,30}://\S|(?:data|file|blob|javascript):\S", re.IGNORECASE)
_SIGNATURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
    "application/pdf": (b"%PDF-",),
}


def image_source(value: Any, name: str) -> dict[str, Any]:
    """The Messages-API source for an image input.

    Raises:
        InputInvalid: no image, another scheme than https and data, bad base64, an unknown media
            type, too large.
    """
    if isinstance(value, str):
        if _is_address(value):
            return _from_address(value, name, IMAGE_TYPES)
        raise _fault(name, "is no image: give a data: URL, an https address or a source object")
    if isinstance(value, Mapping):
        return _from_source(value, name, IMAGE_TYPES, document=False)
    raise _fault(name, "is no image: give a data: URL, an https address or a source object")


def document_source(value: Any, name: str) -> dict[str, Any]:
    """The Messages-API source for a document input; a string that is no address is its text.

    Raises:
        InputInvalid: as for `image_source`.
    """
    if isinstance(value, str):
        if _is_address(value):
            return _from_address(value, name, _DOCUMENT_TYPES)
        return _text(value, name)
    if isinstance(value, Mapping):
        return _from_source(value, name, _DOCUMENT_TYPES, document=True)
    raise _fault(
        name, "is no document: give text, a data: URL, an https address or a source object"
    )


def _is_address(value: str) -> bool:
    # One word with a scheme. Text that merely begins with an address has blanks in it.
    return _SCHEME.match(value) is not None and value.split(None, 1) == [value]


def _from_address(value: str, name: str, types: frozenset[str]) -> dict[str, Any]:
    scheme = value[: value.index(":")].lower()
    if scheme == "https":
        return {"type": "url", "url": value}
    if scheme != "data":
        raise _fault(name, f"has the scheme {scheme[:12]!r}; only https and data are accepted")
    return _from_data_url(value, name, types)


def _from_data_url(value: str, name: str, types: frozenset[str]) -> dict[str, Any]:
    match = _DATA_URL.match(value)
    if match is None:
        raise _fault(name, "is a malformed data: URL")
    media = (match[1] or "text/plain").lower()
    payload = value[match.end() :]
    if media in types:
        if match[3] is None:
            raise _fault(name, "is a data: URL of binary data without ;base64")
        return _binary(media, payload, name)
    if media in _TEXT_TYPES and types is _DOCUMENT_TYPES:
        raw = _decode(payload, name) if match[3] else unquote_to_bytes(payload)
        try:
            return _text(raw.decode(), name)
        except UnicodeDecodeError:
            raise _fault(name, "is text that is not UTF-8") from None
    raise _unknown_type(name, media, types)


def _from_source(
    value: Mapping[str, Any], name: str, types: frozenset[str], *, document: bool
) -> dict[str, Any]:
    kind = value.get("type")
    if kind == "base64":
        _only(value, ("type", "media_type", "data"), name)
        media, data = value.get("media_type"), value.get("data")
        if not isinstance(media, str) or media not in types:
            raise _unknown_type(name, media, types)
        if not isinstance(data, str):
            raise _fault(name, "has no base64 text in `data`")
        return _binary(media, data, name)
    if kind == "url":
        _only(value, ("type", "url"), name)
        url = value.get("url")
        if not isinstance(url, str) or not url.lower().startswith("https://") or " " in url:
            raise _fault(name, "has a `url` that is no https address")
        return {"type": "url", "url": url}
    if kind == "file":
        _only(value, ("type", "file_id"), name)
        if not isinstance(value.get("file_id"), str):
            raise _fault(name, "has no `file_id`")
        return {"type": "file", "file_id": value["file_id"]}
    if kind == "text" and document:
        _only(value, ("type", "media_type", "data"), name)
        if value.get("media_type", "text/plain") != "text/plain":
            raise _unknown_type(name, value.get("media_type"), frozenset({"text/plain"}))
        if not isinstance(value.get("data"), str):
            raise _fault(name, "has no text in `data`")
        return _text(value["data"], name)
    if kind == "content" and document:
        _only(value, ("type", "content"), name)
        return {"type": "content", "content": _parts(value.get("content"), name)}
    known = "base64, url, file, text, content" if document else "base64, url, file"
    raise _fault(name, f"is a source of an unknown type; known: {known}")


def _parts(content: Any, name: str) -> str | list[dict[str, Any]]:
    """The text and image blocks of a document given in pieces."""
    if isinstance(content, str):
        return _text(content, name)["data"]  # type: ignore[no-any-return]  # a str, by _text
    if not isinstance(content, list | tuple) or not content:
        raise _fault(name, "has no `content`")
    parts: list[dict[str, Any]] = []
    for part in content:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind == "text" and isinstance(part.get("text"), str):
            _only(part, ("type", "text"), name)
            if part["text"].strip():
                parts.append({"type": "text", "text": part["text"]})
        elif kind == "image":
            _only(part, ("type", "source"), name)
            parts.append({"type": "image", "source": image_source(part.get("source"), name)})
        else:
            raise _fault(name, "has a part that is neither a text nor an image block")
    return parts


def _text(text: str, name: str) -> dict[str, Any]:
    if not text or text.isspace():
        raise _fault(name, "is an empty document")
    return {"type": "text", "media_type": "text/plain", "data": text}


def _binary(media: str, data: str, name: str) -> dict[str, Any]:
    limit = MAX_IMAGE if media in IMAGE_TYPES else MAX_REQUEST
    if len(data) > limit:
        raise _fault(name, f"is too large: {len(data):,} characters of base64, at most {limit:,}")
    raw = _decode(data, name)
    if not raw.startswith(_SIGNATURES[media]):
        raise _fault(name, f"is declared {media} but does not begin like one")
    return {"type": "base64", "media_type": media, "data": data}


def _decode(data: str, name: str) -> bytes:
    try:
        return binascii.a2b_base64(data, strict_mode=True)
    except ValueError:  # binascii.Error, and plain ValueError for characters outside ASCII
        raise _fault(name, "is not valid base64 (no line breaks, padded)") from None


def _only(value: Mapping[str, Any], known: tuple[str, ...], name: str) -> None:
    for key in value:
        if key not in known:
            raise _fault(name, f"has an unknown field {str(key)[:40]!r}")


def _unknown_type(name: str, media: Any, types: frozenset[str]) -> InputInvalid:
    return _fault(
        name, f"has the media type {str(media)[:40]!r}; known: {', '.join(sorted(types))}"
    )


def _fault(name: str, why: str) -> InputInvalid:
    return InputInvalid(f"input `{name}` {why}", [f"{name}: {why}"])
