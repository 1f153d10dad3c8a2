"""Finds what ships beside the code: starter policies, schemas.

In a wheel they lie under `router/_shipped/`, in a checkout or an editable install at the top
level, one copy in git. This is reading of the program's own parts, not of the user's files.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["shipped"]

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
