"""Hashes that spare a command the loading of OpenSSL."""

from __future__ import annotations

import hashlib
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from router.hashing import blake2b, sha256


@given(st.binary(max_size=300))
def test_they_are_the_ones_of_hashlib(data: bytes) -> None:
    assert sha256(data).hexdigest() == hashlib.sha256(data).hexdigest()
    ours, theirs = blake2b(data, digest_size=16), hashlib.blake2b(data, digest_size=16)
    assert ours.hexdigest() == theirs.hexdigest()


def test_a_lint_does_not_load_openssl() -> None:
    code = (
        "import sys\n"
        "import router.lint.runner\n"
        "from router.rules.registry import checking_rules\n"
        "checking_rules()\n"
        "sys.exit('_hashlib' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
