"""Which commit had a revision: the policies of the past, compiled until one fits."""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

from router.catalog.models import Catalog
from router.compiler.compile import CompileCache, compile_documents
from router.compiler.digest import set_revision
from router.diffing.git import Repository
from router.diffing.tree import TreeSources
from router.policy.loader import DocumentCache, load_documents

__all__ = ["Found", "find_revision", "told"]

MOST_COMMITS: Final = 500


class Found(NamedTuple):
    """The newest commit with a revision; `task` where it is the revision of one task."""

    commit: str
    task: str | None


def find_revision(
    repository: Repository, within: str, prefix: str, catalog: Catalog
) -> Found | None:
    """Looks through the commits that changed the policy root, newest first, and compiles each.

    Args:
        within: the policy root, from the top of the repository.
        prefix: of a set's or a task's revision, in hex.
    """
    documents, compilation = DocumentCache(), CompileCache()
    seen: set[str] = set()
    for commit in repository.history(within, MOST_COMMITS):
        found = repository.at(commit, within)
        if found is None or found[0] != "tree" or found[1] in seen:
            continue
        seen.add(found[1])
        sources = TreeSources(repository, repository.tree(found[1]))
        loaded = load_documents(sources, documents)
        linked = compile_documents(
            loaded.documents,
            sources,
            catalog,
            today=date.min,  # no pass looks at the day
            findings_before=loaded.findings,
            cache=compilation,
        )
        revisions = {compiled.task.name: compiled.task.revision for compiled in linked.tasks}
        if set_revision(revisions).startswith(prefix):
            return Found(commit, None)
        for name, revision in sorted(revisions.items()):
            if revision.startswith(prefix):
                return Found(commit, name)
    return None


def told(prefix: str, within: str, catalog: Catalog) -> str:
    """Why a revision was not found, and what to do."""
    return (
        f"no commit has policies of revision {prefix}: looked at the last {MOST_COMMITS} that "
        f"changed {within or 'the repository'}. A revision also names the catalog (here that of "
        f"{catalog.as_of}), so one that another release of the router printed is another: name "
        "the commit instead"
    )
