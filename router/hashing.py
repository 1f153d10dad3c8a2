"""Hashes of `hashlib`, without the OpenSSL that importing it loads.

Loading that takes a short command longer than all its hashing. As `random` of the standard library
does: the lean module first, and `hashlib` where another version of Python names it otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import blake2b, sha256
else:
    try:
        from _blake2 import blake2b
        from _sha256 import sha256
    except ImportError:
        from hashlib import blake2b, sha256

__all__ = ["blake2b", "sha256"]
