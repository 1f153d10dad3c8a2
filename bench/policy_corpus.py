"""Any number of policies, no two alike, each with two templates of its own.

A policy has about eighty lines: one task with inputs, an output schema, a ladder of three tiers, a
start rule and a budget. One template is constant and cached, the other wraps an input. Nothing is
wrong with any of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

__all__ = ["corpus", "policy", "templates"]

_TEXT = """
account address answer billing bundle cancel change claim contract courier credit customer
damage date delay delivery detail device discount document exchange fault fee form fraud
gift help hour invoice item label language leave letter limit line loan login loss member
message meter month network number offer office order outage package payment period phone
plan point policy portal price product profile promise proof quality question quote rate
reason receipt record refund region report request return review room sale service session
setting shipment shop signature size source stock store survey team term ticket time title
total trade transfer travel update upgrade user value vendor visit voucher warranty week
"""
_WORDS = _TEXT.split()

_POLICY = """\
# yaml-language-server: $schema=../schemas/policy.schema.json
# Written for the benchmark: task {number}.
version: 1

models:
  haiku: claude-haiku-5-5
  sonnet: claude-sonnet-5-5
  opus: claude-opus-5-5

tasks:
  {name}:
    description: Put a {topic} message into one of our queues, number {number}.
    owner: team-{owner}
    tags:
      product: {topic}
      area: {area}
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties:
        message:
          type: string
          minLength: 1
          maxLength: {longest}
        plan:
          enum: [free, pro, enterprise]
          default: free
    trusted: [plan]
    output:
      type: object
      required: [label, confidence, explanation]
      additionalProperties: false
      properties:
        label:
          enum: [{labels}]
        confidence:
          type: number
          minimum: 0
          maximum: 1
        explanation:
          type: string
          maxLength: 300
    prompt:
      system:
        - file: prompts/{name}/role.md.j2
          cache: 1h
      user:
        - file: prompts/{name}/user.md.j2
    start:
      - when: plan == "enterprise"
        tier: sonnet
        reason: contracted response time
    tiers:
      - model: haiku
        max_tokens: {ceiling}
        thinking: disabled
        effort: low
        timeout: 8s
        escalate:
          - below: 0.{below}
          - when: output.label == "{label}"
            to: opus
            reason: money at risk
      - model: sonnet
        max_tokens: 2048
        effort: low
        timeout: 20s
        escalate:
          - below: 0.65
      - model: opus
        max_tokens: 3072
        effort: medium
        timeout: 30s
    confidence:
      field: output.confidence
    exhausted: best
    retry:
      retries: 3
      base: 1s
      cap: 15s
    budget:
      run:
        usd: 0.5
        deadline: 90s
"""

_LINES = 40  # of the constant template: long enough for every model's cache


def corpus(count: int) -> dict[str, str]:
    """Text by path, relative to the policy root: `count` policies and their templates."""
    files: dict[str, str] = {}
    for number in range(count):
        files[f"{_name(number)}.yaml"] = policy(number)
        files |= templates(number)
    return files


def policy(number: int, *, below: int | None = None) -> str:
    """One policy; `below` changes a threshold in it, in hundredths."""
    random = Random(number)
    labels = random.sample(_WORDS, 6)
    return _POLICY.format(
        name=_name(number),
        number=number,
        topic=random.choice(_WORDS),
        owner=random.choice(_WORDS),
        area=random.choice(_WORDS),
        longest=random.randrange(1000, 9000),
        labels=", ".join(labels),
        label=labels[0],
        ceiling=random.randrange(400, 1000),
        below=random.randrange(70, 95) if below is None else below,
    )


def templates(number: int) -> dict[str, str]:
    """The two templates of a policy by path."""
    random, name = Random(f"templates {number}"), _name(number)
    role = "\n".join(("You sort messages.", "", *_sentences(random, _LINES), ""))
    user = f'Message number {number}, plan {{{{ plan }}}}:\n{{{{ message | tag("message") }}}}\n'
    return {f"prompts/{name}/role.md.j2": role, f"prompts/{name}/user.md.j2": user}


def _name(number: int) -> str:
    return f"sort_{number:05}"


def _sentences(random: Random, count: int) -> Iterator[str]:
    for _ in range(count):
        words = random.sample(_WORDS, 14)
        yield f"- {words[0].capitalize()}: {' '.join(words[1:])}."
