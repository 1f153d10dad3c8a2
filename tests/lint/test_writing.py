"""Files are changed whole or not at all, in place, and never outside the root."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from router.errors import UsageError
from router.lint.writing import write_files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "policies"
    root.mkdir()
    (root / "a.yaml").write_bytes(b"old a")
    (root / "b.yaml").write_bytes(b"old b")
    return root


BOTH = {"a.yaml": b"new a", "b.yaml": b"new b"}
BEFORE = {"a.yaml": b"old a", "b.yaml": b"old b"}


def test_permissions_stay_and_nothing_is_left_beside(root):
    (root / "a.yaml").chmod(0o640)
    write_files({root: (BOTH, BEFORE)})
    assert (root / "a.yaml").read_bytes() == b"new a"
    assert stat.S_IMODE((root / "a.yaml").stat().st_mode) == 0o640
    assert sorted(path.name for path in root.iterdir()) == ["a.yaml", "b.yaml"]


def test_a_link_inside_the_root_stays_a_link(root):
    (root / "link.yaml").symlink_to("a.yaml")
    write_files({root: ({"link.yaml": b"new a"}, {"link.yaml": b"old a"})})
    assert (root / "link.yaml").is_symlink()
    assert (root / "a.yaml").read_bytes() == b"new a"


def test_a_link_out_of_the_root_is_not_followed(root, tmp_path):
    outside = tmp_path / "outside.yaml"
    outside.write_bytes(b"old a")
    (root / "a.yaml").unlink()
    (root / "a.yaml").symlink_to(outside)
    with pytest.raises(UsageError, match="leads out of the policy root"):
        write_files({root: (BOTH, BEFORE)})
    assert outside.read_bytes() == b"old a"
    assert (root / "b.yaml").read_bytes() == b"old b"


def test_a_file_that_somebody_else_has_changed_is_left_and_so_are_the_others(root):
    (root / "b.yaml").write_bytes(b"theirs")
    with pytest.raises(UsageError, match=r"b\.yaml has changed in the meantime"):
        write_files({root: (BOTH, BEFORE)})
    assert (root / "a.yaml").read_bytes() == b"old a"
    assert sorted(path.name for path in root.iterdir()) == ["a.yaml", "b.yaml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is refused to the superuser")
def test_where_the_system_refuses_all_files_stay_as_they_were(root):
    root.chmod(0o500)
    try:
        with pytest.raises(OSError, match="Permission denied"):
            write_files({root: (BOTH, BEFORE)})
    finally:
        root.chmod(0o700)
    assert (root / "a.yaml").read_bytes() == b"old a"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is refused to the superuser")
def test_a_file_that_is_read_only_is_left_and_so_are_the_others(root):
    (root / "b.yaml").chmod(0o400)
    with pytest.raises(OSError, match="Permission denied"):
        write_files({root: (BOTH, BEFORE)})
    assert (root / "a.yaml").read_bytes() == b"old a"
    assert (root / "b.yaml").read_bytes() == b"old b"


def test_of_several_roots_all_files_are_written_or_none(root, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.yaml").write_bytes(b"theirs")
    with pytest.raises(UsageError, match=r"other/a\.yaml has changed"):
        write_files({root: (BOTH, BEFORE), other: (BOTH, BEFORE)})
    assert (root / "a.yaml").read_bytes() == b"old a"
