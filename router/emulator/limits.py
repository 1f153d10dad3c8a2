"""Rate limits: the headers that every answer carries, and their enforcement where asked for.

Buckets refill continuously, as the API's do. Facts: the rate-limits page as of 2026-10-08; the
default figures are those of the Start tier.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from router.catalog.models import Model

__all__ = ["RateLimiter", "RateLimits"]


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Per minute and class of models. Cache reads do not count towards `input_tokens`."""

    requests: int = 1_000
    input_tokens: int = 2_000_000
    output_tokens: int = 400_000
    enforced: bool = False


@dataclass(slots=True)
class _Bucket:
    capacity: int
    level: float
    at: float

    def refill(self, now: float) -> None:
        grown = self.level + (now - self.at) * self.capacity / 60
        self.level = min(float(self.capacity), grown)
        self.at = now

    def seconds_until(self, amount: float) -> float:
        return max(0.0, (amount - self.level) * 60 / self.capacity)


class RateLimiter:
    """The buckets of all classes. Not locked: the emulator calls it under its own lock."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def wait(self, model: Model, input_tokens: int, now: float) -> float | None:
        """Seconds until this request would be let through; None when it is now.

        Takes the request out of its bucket when it is let through.
        """
        wanted = {"requests": 1.0, "input-tokens": float(input_tokens), "output-tokens": 1.0}
        if self._limits.enforced:
            waits = [self._at(model, k, now).seconds_until(n) for k, n in wanted.items()]
            if max(waits) > 0:
                return max(waits)
        self._at(model, "requests", now).level -= 1
        return None

    def spend(self, model: Model, input_tokens: int, output_tokens: int, now: float) -> None:
        """Takes what a request used; the level may fall below nothing."""
        self._at(model, "input-tokens", now).level -= input_tokens
        self._at(model, "output-tokens", now).level -= output_tokens

    def headers(self, model: Model, now: float) -> dict[str, str]:
        headers: dict[str, str] = {}
        for kind in ("requests", "input-tokens", "output-tokens"):
            bucket = self._at(model, kind, now)
            left = max(0, int(bucket.level))
            if kind != "requests":  # the API gives tokens rounded to the thousand
                left = round(left, -3)
            full = now + bucket.seconds_until(bucket.capacity)
            name = f"anthropic-ratelimit-{kind}"
            headers[f"{name}-limit"] = str(bucket.capacity)
            headers[f"{name}-remaining"] = str(left)
            headers[f"{name}-reset"] = datetime.fromtimestamp(full, UTC).strftime(
                "%Y-%m-%dT%H:%M:%SZ"
            )
        return headers

    def _at(self, model: Model, kind: str, now: float) -> _Bucket:
        key = (_class_of(model), kind)
        bucket = self._buckets.get(key)
        if bucket is None:
            capacity = int(getattr(self._limits, kind.replace("-", "_")))
            bucket = self._buckets[key] = _Bucket(capacity, float(capacity), now)
        bucket.refill(max(now, bucket.at))
        return bucket


def _class_of(model: Model) -> str:
    """All Opus 4.x share one bucket, all Sonnet 4.x another; later models have their own."""
    if model.generation.startswith("4"):
        return f"{model.family}-4"
    return model.id
