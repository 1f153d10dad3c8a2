"""Revisions: names for everything that can change behaviour."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from router.hashing import blake2b

__all__ = ["link_revisions", "set_revision", "task_revision"]

_SIZE = 16
_VERSION = b"1"  # of what goes into a revision


def task_revision(
    name: str,
    data: Any,
    models: Iterable[tuple[str, bool]],
    files: Mapping[str, bytes],
    catalog: str,
    *,
    ordered: Any = None,
) -> str:
    """The revision of a task, as hex.

    Args:
        data: the resolved task as plain data.
        models: the pinned id of each tier, and whether it is local.
        files: every file that went into the task: templates, includes, schemas, images.
        catalog: the catalog's digest, which prices and capabilities follow.
        ordered: what the model reads or fills in as it stands, such as the output schema: there
            the order of keys is behaviour.
    """
    digest = blake2b(_VERSION, digest_size=_SIZE)
    # Sorted and separated: neither comments nor the order of other keys make a new revision.
    text = json.dumps([name, data, list(models), catalog], sort_keys=True, separators=(",", ":"))
    _add(digest, text.encode())
    if ordered is not None:
        _add(digest, json.dumps(ordered, separators=(",", ":")).encode())
    for path in sorted(files):
        _add(digest, path.encode())
        _add(digest, files[path])
    return digest.hexdigest()


def link_revisions(own: str, others: Iterable[str]) -> str:
    """The revision of a task whose behaviour also depends on other tasks."""
    digest = blake2b(own.encode(), digest_size=_SIZE)
    for other in others:
        _add(digest, other.encode())
    return digest.hexdigest()


def set_revision(tasks: Mapping[str, str]) -> str:
    """The revision of a policy set from those of its tasks, by name."""
    digest = blake2b(_VERSION, digest_size=_SIZE)
    for name in sorted(tasks):
        _add(digest, name.encode())
        _add(digest, tasks[name].encode())
    return digest.hexdigest()


def _add(digest: Any, part: bytes) -> None:
    # The length goes first: no two lists of parts run together into the same bytes.
    digest.update(len(part).to_bytes(8, "big"))
    digest.update(part)
