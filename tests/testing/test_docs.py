"""docs/testing.md is true: its Python runs, and it names every fault."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from router.emulator.faults import BODIES, FAULTS, TAMPERINGS
from router.emulator.script import Match

DOC = Path(__file__).parents[2] / "docs" / "testing.md"
TEXT = DOC.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
FILES = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", [b for b in BLOCKS if "def test_" not in b])
def test_python_in_the_docs_runs(block):
    exec(compile(block, str(DOC), "exec"), {})


@pytest.mark.parametrize("block", [b for b in BLOCKS if "def test_" in b])
def test_tests_in_the_docs_pass(block, tmp_path):
    for name, text in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "test_docs.py").write_text(block)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_docs.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_docs_name_every_fault_body_tampering_and_condition():
    named = set(re.findall(r"\w+", TEXT))
    conditions = set(Match.__dataclass_fields__)
    assert set(FAULTS) | set(BODIES) | set(TAMPERINGS) | conditions <= named
