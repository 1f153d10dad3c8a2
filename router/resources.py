"""Finds what ships beside the code: starter policies, schemas.

In a wheel they lie under `router/_shipped/`, in a checkout or an editable install at the top
level, one copy in git. This is reading of the program's own parts, not of the user's files.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

__all__ = ["module_names", "shipped"]

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """The folder `policies`, `schemas` or `examples/support_triage` as installed.

    Raises:
        FileNotFoundError: a broken installation.
    """
    for candidate in (_PACKAGE / "_shipped" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"{name}/ is not part of this installation of policy-router")


def module_names(package: ModuleType) -> list[str]:
    """The modules of one of the program's packages, sorted; none is imported for it."""
    # Names alone: a path object for each of a hundred files would cost more than the listing.
    files = [file for folder in package.__path__ for file in os.listdir(folder)]  # noqa: PTH208
    return sorted(file[:-3] for file in files if file.endswith(".py") and file != "__init__.py")
