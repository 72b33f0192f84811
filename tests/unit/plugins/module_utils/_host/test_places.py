# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether something can be written at a place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._host.places import refusal

G = 1 << 30


def file_system(free: int = G, files: int = 1000, flags: int = 0) -> os.statvfs_result:
    return os.statvfs_result((4096, 4096, G, G, free // 4096, 1_000_000, files, files, flags, 255))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (file_system(), None),
        (file_system(free=4096), "the file system of %s is full"),
        (file_system(files=1), "the file system of %s is full"),
        (os.statvfs_result((4096, 4096, G, G, G, 0, 0, 0, 0, 255)), None),
        (file_system(flags=os.ST_RDONLY), "the file system of %s is mounted read-only"),
    ],
    ids=["room", "no bytes", "no files", "files are not counted", "read-only"],
)
def test_what_is_read_only_or_full_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: os.statvfs_result, said: str | None) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _path: found)
    assert refusal(str(tmp_path / "not/there/yet"), owned=False) == (said and said % tmp_path)


def test_what_a_clean_up_may_clear_is_not_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _path: file_system(free=0))
    assert refusal(str(tmp_path), owned=False, clearable=[str(tmp_path.parent)]) is None
    assert refusal(str(tmp_path), owned=False, clearable=["/nowhere"]) == f"the file system of {tmp_path} is full"


def test_what_belongs_to_somebody_else_is_said_only_where_no_privileges_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert refusal(str(tmp_path), owned=True) == f"this user may not write to {tmp_path}"
    assert refusal(str(tmp_path), owned=False) is None
