"""From a task and its inputs to a Messages-API body, in two steps.

`render_prompt` turns inputs into blocks, once a run; `build_body` adds what one tier asks for.
What cannot change between runs is made once for the life of the task, and shared by all bodies:
bodies are read, never changed. Inputs reach nothing but the values of text and source fields, so
no input can move a block, a parameter or a breakpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from router.catalog.models import Model
from router.compiler.model import Block, Conversation, Task, Tier, Ttl
from router.compiler.rendering import TemplateError
from router.engine.bounds import Body, content_bound, settings_bound
from router.engine.media import MAX_REQUEST, document_source, image_source
from router.errors import InputInvalid

__all__ = [
    "RenderedPrompt",
    "betas",
    "build_body",
    "has_cached_prefix",
    "render_prompt",
    "sends_schema",
]

_Values = Mapping[str, Any]
_Content = dict[str, Any]
# A block that is the same on every run, or what makes it; None where a run has nothing for it.
_Step = _Content | Callable[[_Values], _Content | None]


class RenderedPrompt(Struct, frozen=True):
    """The prompt of one run, the same for all tiers."""

    system: list[_Content]
    messages: list[dict[str, Any]]
    bound: int  # tokens at most


@dataclass(frozen=True, slots=True)
class _Program:
    """A prompt, compiled: what is constant is there, what is not is a function of the inputs."""

    system: tuple[_Step, ...]
    constant_system: list[_Content] | None  # all of it, where no block depends on inputs
    user: tuple[_Step, ...]
    conversation: Conversation | None
    bound: int  # tokens at most of all constant blocks
    ttl: Ttl | None  # the dearest breakpoint of tools, system and messages
    measured: bool  # media or turns: their size says nothing about tokens, and is checked apart


@dataclass(frozen=True, slots=True)
class _Settings:
    """What a tier adds to a prompt; `head` goes before it, `tail` after it."""

    tier: Tier
    model: Model | None
    head: dict[str, Any]
    tail: dict[str, Any]
    bound: int


def render_prompt(task: Task, inputs: _Values) -> RenderedPrompt:
    """Render every block once. `inputs` have passed `prepare_inputs`.

    Blocks without any text are left out, as the API refuses them; a breakpoint on one moves to
    the block before it. So are images and documents whose optional input is not given.

    Raises:
        InputInvalid: nothing is left to send, a media input is no such thing, or the request is
            over 32 MB.
        UsageError: a template needs an input that was not given, or gives too much text
            (TemplateError).
    """
    try:
        return _render(task, inputs)
    except TemplateError as error:
        message = f"task `{task.name}`: {error.message}"
        raise TemplateError(message, error.file, error.line) from None


def _render(task: Task, inputs: _Values) -> RenderedPrompt:
    program = _program(task)
    system = program.constant_system
    bound = program.bound
    if system is None:
        system, fresh = _run(program.system, inputs)
        bound += fresh
    user, fresh = _run(program.user, inputs)
    bound += fresh
    messages: list[dict[str, Any]]
    if program.conversation is None:
        if not user:
            raise InputInvalid(
                f"task `{task.name}`: with these inputs nothing is left of the user prompt",
                ["prompt.user: empty"],
            )
        messages = [{"role": "user", "content": user}]
    else:
        messages = _conversation(program.conversation, inputs)
        bound += sum(content_bound(turn["content"]) for turn in messages)
        if user:
            messages.append({"role": "user", "content": user})
        if not messages or messages[-1]["role"] == "assistant":
            raise InputInvalid(
                f"task `{task.name}`: the conversation does not end with a user turn, and with "
                "these inputs nothing is left of the user prompt",
                [f"{program.conversation.input}: must end with a user turn"],
            )
    if program.measured or bound > MAX_REQUEST // 2:
        _refuse_oversize(task, messages)
    return RenderedPrompt(system, messages, bound)


def build_body(
    task: Task, tier: Tier, rendered: RenderedPrompt, *, model: Model | None
) -> dict[str, Any]:
    """The Messages-API body of one attempt, without `stream`. Not to be changed.

    Args:
        model: the catalog's entry of the tier's model; None where it has none.
    """
    key = "request:" + tier.name
    settings = task.memo.get(key)
    if settings is None or settings.tier is not tier or settings.model is not model:
        settings = task.memo[key] = _settings(task, tier, model)
    body = Body(settings.head)
    if rendered.system:
        body["system"] = rendered.system
    body["messages"] = rendered.messages
    body.update(settings.tail)
    body.bound = settings.bound + rendered.bound
    body.ttl = _program(task).ttl
    return body


def betas(tier: Tier, model: Model | None) -> tuple[str, ...]:
    """Values of the `anthropic-beta` header that the tier's request needs."""
    if tier.speed != "fast" or model is None or model.capabilities is None:
        return ()
    beta = model.capabilities.fast_beta
    return () if beta is None else (beta,)


def sends_schema(task: Task, tier: Tier, model: Model | None) -> bool:
    """Whether the output schema goes along; where not, it is enforced on the reply alone."""
    if task.output is None or task.output.wire is None or tier.local:
        return False
    return model is None or model.capabilities is None or model.capabilities.structured_outputs


def has_cached_prefix(task: Task) -> bool:
    """Whether the prompt asks for caching: side-by-side calls then better let one go ahead."""
    return _program(task).ttl is not None


# --- what is made once ---------------------------------------------------------------------


def _program(task: Task) -> _Program:
    program = task.memo.get("prompt")
    if program is None:
        program = task.memo["prompt"] = _compile(task)
    return program


def _compile(task: Task) -> _Program:
    prompt = task.prompt
    system = tuple(_step(block) for block in prompt.system)
    constant = None
    if all(isinstance(step, dict) for step in system):
        constant, _ = _run(system, {})
    lives: set[Any] = {block.cache for block in (*prompt.system, *prompt.user)}
    if prompt.messages is not None:
        lives.add(prompt.messages.cache)
    for tool in task.tools:
        if tool.get("cache_control"):
            lives.add(tool["cache_control"].get("ttl", "5m"))
    user = tuple(_step(block) for block in prompt.user)
    return _Program(
        system=system,
        constant_system=constant,
        user=user,
        conversation=prompt.messages,
        bound=content_bound(step for step in (*system, *user) if isinstance(step, dict)),
        ttl="1h" if "1h" in lives else "5m" if "5m" in lives else None,
        measured=prompt.messages is not None or any(b.kind != "text" for b in prompt.user),
    )


def _settings(task: Task, tier: Tier, model: Model | None) -> _Settings:
    head: dict[str, Any] = {"model": tier.model, "max_tokens": tier.max_tokens}
    if task.tools:
        head["tools"] = list(task.tools)
    tail: dict[str, Any] = {}
    if task.tools and task.tool_choice is not None:
        tail["tool_choice"] = task.tool_choice
    output: dict[str, Any] = {}
    if task.output is not None and sends_schema(task, tier, model):
        output["format"] = {"type": "json_schema", "schema": task.output.wire}
    if tier.effort is not None:
        output["effort"] = tier.effort
    if output:
        tail["output_config"] = output
    if tier.thinking is not None:
        tail["thinking"] = {"type": tier.thinking}
    if tier.service_tier is not None:
        tail["service_tier"] = tier.service_tier
    if tier.speed == "fast":  # standard is the default, and some models want a beta for any value
        tail["speed"] = tier.speed
    if tier.geography is not None:
        tail["inference_geo"] = tier.geography
    if tier.stop_sequences:
        tail["stop_sequences"] = list(tier.stop_sequences)
    return _Settings(tier, model, head, tail, settings_bound(task.tools, output))


# --- blocks --------------------------------------------------------------------------------


def _run(steps: tuple[_Step, ...], inputs: _Values) -> tuple[list[_Content], int]:
    """The blocks, and at most how many tokens those have that are not constant."""
    blocks: list[_Content] = []
    bound = 0
    for step in steps:
        if isinstance(step, dict):
            block = step
        else:
            made = step(inputs)
            if made is None:
                continue
            block = made
            bound += content_bound((block,))
        if "text" in block and (not block["text"] or block["text"].isspace()):
            if "cache_control" in block and blocks and "cache_control" not in blocks[-1]:
                blocks[-1] = {**blocks[-1], "cache_control": block["cache_control"]}
            continue
        blocks.append(block)
    return blocks, bound


def _step(block: Block) -> _Step:
    cache = _cache_control(block.cache)
    if block.kind == "text":
        return _text_step(block, cache)
    extras = _extras(block, cache)
    if block.static is not None:
        return {"type": block.kind, "source": block.static, **extras}
    if block.template is not None:
        return _text_document_step(block, extras)
    return _media_step(block, extras)


def _text_step(block: Block, cache: dict[str, Any]) -> _Step:
    template = block.template
    if template is None:
        raise ValueError("a text block without a template")
    if template.constant:
        return {"type": "text", "text": template.render({}), **cache}
    render = template.render
    if not cache:
        return lambda inputs: {"type": "text", "text": render(inputs)}
    return lambda inputs: {"type": "text", "text": render(inputs), **cache}


def _text_document_step(block: Block, extras: dict[str, Any]) -> _Step:
    template = block.template
    if template is None:
        raise ValueError("a text document without a template")

    def document(inputs: _Values) -> _Content | None:
        text = template.render(inputs)
        if not text or text.isspace():
            return None
        source = {"type": "text", "media_type": "text/plain", "data": text}
        return {"type": "document", "source": source, **extras}

    if template.constant:
        return document({}) or (lambda _: None)
    return document


def _media_step(block: Block, extras: dict[str, Any]) -> _Step:
    name, kind = block.input, block.kind
    if name is None:
        raise ValueError(f"a block of kind {kind} without a source")
    to_source = image_source if kind == "image" else document_source

    def media(inputs: _Values) -> _Content | None:
        value = inputs.get(name)
        if value is None:
            return None
        return {"type": kind, "source": to_source(value, name), **extras}

    return media


def _extras(block: Block, cache: dict[str, Any]) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if block.title is not None:
        extras["title"] = block.title
    if block.context is not None:
        extras["context"] = block.context
    if block.citations:
        extras["citations"] = {"enabled": True}
    return {**extras, **cache}


def _cache_control(ttl: Ttl | None) -> dict[str, Any]:
    return {} if ttl is None else {"cache_control": {"type": "ephemeral", "ttl": ttl}}


def _conversation(conversation: Conversation, inputs: _Values) -> list[dict[str, Any]]:
    """The turns, with a breakpoint after the last one where the policy asks for it."""
    turns = list(inputs.get(conversation.input) or ())
    if turns and conversation.cache is not None:
        last = turns[-1]
        content = last["content"]
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        final = {**content[-1], **_cache_control(conversation.cache)}
        turns[-1] = {**last, "content": [*content[:-1], final]}
    return turns


def _refuse_oversize(task: Task, messages: list[dict[str, Any]]) -> None:
    size = sum(_size(turn["content"]) for turn in messages)
    if size > MAX_REQUEST:
        raise InputInvalid(
            f"task `{task.name}`: the request is over {MAX_REQUEST:,} bytes, the API's limit",
            [f"inputs: {size:,} characters, at most {MAX_REQUEST:,} bytes"],
        )


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_size(item) for item in value.values())
    if isinstance(value, list):
        return sum(_size(item) for item in value)
    return 0
