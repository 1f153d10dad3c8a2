"""A task's policy as YAML: as its file has it, or with its parents merged in."""

from __future__ import annotations

from pathlib import Path

from router.cli.reading import policy_root, refused
from router.errors import UnknownTask
from router.policy.loader import load_documents
from router.policy.nodes import Node
from router.policy.suggest import did_you_mean
from router.reloading.sources import DirectorySources
from router.types import Severity

__all__ = ["task_as_yaml"]


def task_as_yaml(name: str, policies: Path | None, *, resolved: bool) -> str:
    """Raises PolicyError, SettingsError, UnknownTask."""
    import yaml

    root = policy_root(policies)
    loaded = load_documents(DirectorySources(root))
    for document in loaded.documents:
        node = document.tasks.get(name)
        if node is None:
            continue
        if not resolved:
            return _as_written(document.task_names[name], node)
        models = {key: model.plain() for key, model in document.models.items()}
        return yaml.safe_dump(
            {"version": 1, "models": models, "tasks": {name: node.plain()}},
            sort_keys=False,
            allow_unicode=True,
            width=100,
        )
    if any(finding.severity is Severity.ERROR for finding in loaded.findings):
        raise refused(loaded.findings, root)
    known = [task for document in loaded.documents for task in document.tasks]
    hint = did_you_mean(name, known) or ", ".join(sorted(known)[:12])
    raise UnknownTask(f"no task {name!r} in {root}; {hint}")


def _as_written(key: Node, node: Node) -> str:
    """The lines of a task, its name first; of a line in flow style, what is the task's own."""
    place, text, offsets = key.span, key.source.text, key.source.offsets
    start = offsets.range(place)[0]
    end = max(offsets.range(node.span)[1], offsets.range(place)[1])
    before, rest = text[offsets.line_start(start) : start], text[end : offsets.line_end(end)]
    if rest.lstrip().startswith("#"):
        end += len(rest)
    written = " " * len(before) + text[start:end].rstrip()
    return f"# {place.file}:{place.line}\n{written}\n"
