"""read_prompt: blocks, templates, images and documents."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any, cast

from router.compiler.hints import name_hint
from router.compiler.model import Block, Conversation, Prompt, Template, Ttl
from router.compiler.passes.work import Work, source_fault
from router.compiler.places_in_policy import finding_in_file, finding_in_node
from router.compiler.problems import Refused
from router.compiler.rendering import IncludeError
from router.compiler.templates import compile_template
from router.policy.findings import quoted
from router.policy.nodes import Node
from router.policy.paths import PathEscape, resolve_path
from router.policy.sources import SourceError

__all__ = ["read_prompt"]

_IMAGES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
_SIGNATURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
    "application/pdf": (b"%PDF-",),
}
_TEXTS = frozenset({"txt", "md"})


def read_prompt(work: Work) -> None:
    """System and user blocks, and where the conversation comes from."""
    prompt = work.node.get("prompt")
    if prompt is None:
        return
    system = _blocks(work, prompt.get("system"))
    user = _blocks(work, prompt.get("user"))
    work.prompt = Prompt(system, user, _conversation(work, prompt.get("messages")))


def _conversation(work: Work, node: Node | None) -> Conversation | None:
    if node is None:
        return None
    name = node.get("input") if node.is_map else node
    if name is None:
        return None
    _check_input(work, name)
    return Conversation(str(name.value), _ttl(node))


def _blocks(work: Work, node: Node | None) -> tuple[Block, ...]:
    if node is None:
        return ()
    if not node.is_list:
        template = _inline(work, node)
        return (Block("text", template=template),) if template is not None else ()
    blocks = [_block(work, child) for child in node.elements()]
    return tuple(block for block in blocks if block is not None)


def _block(work: Work, node: Node) -> Block | None:
    cache = _ttl(node)
    text, file = node.get("text"), node.get("file")
    if text is not None or file is not None:
        template = _inline(work, text) if text is not None else _from_file(work, cast("Node", file))
        return Block("text", template=template, cache=cache) if template is not None else None
    image = node.get("image")
    if image is not None:
        found = _media(work, image, "image")
        return Block("image", cache=cache, **found) if found is not None else None
    document = node.get("document")
    if document is None:
        return None
    found = _media(work, document, "document")
    if found is None:
        return None
    citations = node.get("citations")
    return Block(
        "document",
        cache=cache,
        title=_string(node, "title"),
        context=_string(node, "context"),
        citations=citations is not None and citations.value is True,
        **found,
    )


def _string(node: Node, key: str) -> str | None:
    child = node.get(key)
    return None if child is None else str(child.value)


def _ttl(node: Node) -> Ttl | None:
    child = node.get("cache")
    return cast("Ttl", child.value) if child is not None else None


def _check_input(work: Work, node: Node) -> None:
    inputs = work.inputs
    if inputs is not None and node.value not in inputs:
        message = f"`{node.value}` is not an input of this task"
        hint = name_hint(str(node.value), inputs, "inputs") or "declare it under `input`"
        work.say("undefined-variable", message, node, hint)


# --- templates ---------------------------------------------------------------------------


def _inline(work: Work, node: Node) -> Template | None:
    return _compile(work, str(node.value), node, None)


def _from_file(work: Work, node: Node) -> Template | None:
    found = work.fetch(node)
    if found is None:
        return None
    text = _decode(work, node, *found)
    return None if text is None else _compile(work, text, node, found[0])


def _decode(work: Work, node: Node, path: str, data: bytes) -> str | None:
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        work.say("unreadable-file", f"{quoted(path)} is not UTF-8 at byte {error.start}", node)
        return None


def _compile(work: Work, text: str, node: Node, file: str | None) -> Template | None:
    texts: dict[str, str] = {}

    def include(written: str, beside: str | None) -> tuple[str, str]:
        try:
            path = resolve_path(written, beside or node.source.file)
            data = work.desk.read(path)
            texts[path] = data.decode("utf-8").removeprefix("\ufeff")
        except PathEscape as error:
            raise IncludeError("path-escape", f"{quoted(written)} is {error}") from None
        except SourceError as error:
            raise IncludeError(*source_fault(path, error)) from None
        except UnicodeDecodeError:
            raise IncludeError("unreadable-file", f"{quoted(path)} is not UTF-8") from None
        work.needs[path] = data
        return path, texts[path]

    try:
        template: Template = compile_template(text, inputs=work.inputs, file=file, include=include)
    except Refused as refused:
        for problem in refused.problems:
            place = problem.file or file
            if place is None:
                work.findings.append(finding_in_node(node, problem))
            else:
                work.findings.append(finding_in_file(place, texts.get(place, text), problem))
        return None
    return template


# --- images and documents ----------------------------------------------------------------


def _media(work: Work, node: Node, kind: str) -> dict[str, Any] | None:
    """The block's source: `input`, `static` or, for a document's text, `template`."""
    name, text, file = node.get("input"), node.get("text"), node.get("file")
    if name is not None:
        _check_input(work, name)
        return {"input": str(name.value)}
    if text is not None:
        template = _inline(work, text)
        return None if template is None else {"template": template}
    if file is None:
        return None
    found = work.fetch(file)
    static = None if found is None else _static(work, file, kind, *found)
    return None if static is None else {"static": static}


def _static(work: Work, node: Node, kind: str, path: str, data: bytes) -> Mapping[str, Any] | None:
    ending = posixpath.splitext(path)[1].removeprefix(".").lower()
    if kind == "document" and ending in _TEXTS:
        text = _decode(work, node, path, data)
        return None if text is None else {"type": "text", "media_type": "text/plain", "data": text}
    known = _IMAGES if kind == "image" else {"pdf": "application/pdf"}
    media_type = known.get(ending)
    if media_type is None:
        endings = ", ".join(sorted({*known, *(_TEXTS if kind == "document" else ())}))
        work.say(
            "bad-media", f"{quoted(path)} is no {kind} by its ending", node, f"one of {endings}"
        )
        return None
    if not data.startswith(_SIGNATURES[media_type]):
        work.say("bad-media", f"{quoted(path)} does not hold what its ending says", node)
        return None
    import base64  # only for those who send images

    encoded = base64.b64encode(data).decode("ascii")
    return {"type": "base64", "media_type": media_type, "data": encoded}
