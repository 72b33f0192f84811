# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Equal recipes have equal hashes, and nothing else does."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from tests.rig.recipe import digest_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "Dockerfile").write_text("FROM base\n")
    (tmp_path / "sub" / "file").write_text("content")
    return tmp_path


def test_the_same_folder_gives_the_same_hash(folder: Path) -> None:
    assert digest_of("a", folders=[folder]) == digest_of("a", folders=[folder])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda folder: (folder / "sub" / "file").write_text("other"), id="content"),
        pytest.param(lambda folder: (folder / "sub" / "file").rename(folder / "file"), id="name"),
        pytest.param(lambda folder: (folder / "new").touch(), id="an empty file more"),
    ],
)
def test_a_change_in_the_folder_gives_another_hash(folder: Path, change: t.Callable[[Path], object]) -> None:
    before = digest_of(folders=[folder])
    change(folder)
    assert digest_of(folders=[folder]) != before


def test_compiled_python_does_not_count(folder: Path) -> None:
    before = digest_of(folders=[folder])
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").touch()
    assert digest_of(folders=[folder]) == before


def test_where_one_part_ends_matters() -> None:
    assert digest_of("ab", "c") != digest_of("a", "bc")
