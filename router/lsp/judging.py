"""The judgement on the texts of an editor: lint's own, on what is open and on the disk."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from router.catalog.load import load_catalog
from router.lsp.desk import Unsaved
from router.reloading.sources import DirectorySources
from router.rules.judge import JudgeCache, judge
from router.types import Finding

__all__ = ["Judge"]


class Judge:
    """Judges policy roots again and again; only what has changed is worked on."""

    def __init__(self) -> None:
        self._catalog = load_catalog()
        self._caches: dict[Path, JudgeCache] = {}
        self._readings: dict[Path, DirectorySources] = {}

    def findings(self, root: Path, texts: Mapping[str, bytes]) -> tuple[Finding, ...]:
        """What lint has to say of a root; files are relative to it.

        Args:
            texts: what stands in place of files, by path in the root.
        """
        disk = DirectorySources(root, before=self._readings.get(root))
        self._readings[root] = disk
        judgement = judge(
            Unsaved(disk, texts),
            self._catalog,
            today=datetime.fromtimestamp(time.time(), UTC).date(),
            cache=self._caches.setdefault(root, JudgeCache()),
            infos=True,
        )
        return judgement.findings
