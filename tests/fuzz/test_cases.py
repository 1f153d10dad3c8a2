"""What the fuzzer found, or what brought it furthest, holds from now on."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))  # bench/ is no part of the package

from bench.fuzz.oracle import TARGETS  # noqa: E402

CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize("target", TARGETS)
def test_the_cases_of_the_fuzzer_hold(target):
    """Each bears the oracle, within the fuzzer's own bound."""
    files = sorted((CASES / target).iterdir())
    assert files
    for file in files:
        begin = time.process_time()
        TARGETS[target](file.read_bytes())
        assert time.process_time() - begin < 5, file
