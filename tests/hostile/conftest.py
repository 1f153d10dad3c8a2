"""Where the public collections of bad input lie, if `make` could fetch them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def collection():
    """The path of a file or folder of the collections; skips where it is not there."""

    def found(name: str) -> Path:
        path = Path(os.environ.get("BAD_INPUT") or "nowhere") / name
        if not path.exists():
            pytest.skip("BAD_INPUT does not name a copy of the public collections (`make tests`)")
        return path

    return found
