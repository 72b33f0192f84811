# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk of an engine, and conditions on it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._host.disk import Disk, Threshold, described, measure

G = 1024**3
#: A hundred of which root keeps five: df calls it 80 of 95 full.
DISK = Disk("/var/lib/docker", total=100 * G, used=80 * G, free=15 * G)


def test_a_disk_is_as_full_as_df_says() -> None:
    assert round(DISK.percent, 1) == 84.2
    assert described(DISK) == "the disk of /var/lib/docker is 84% full (80G of 100G)"


@pytest.mark.parametrize(
    ("written", "reached"),
    [("84%", True), ("84.3%", False), ("0%", True), ("100%", False), ("80G", True), ("80.1G", False), ("85899345920", True), ("85899345921", False)],
)
def test_a_threshold_is_a_share_or_bytes(written: str, reached: bool) -> None:
    assert Threshold(written).reached(DISK) is reached


@pytest.mark.parametrize("written", ["", "full", "80 percent"])
def test_what_is_no_size_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="Write for example"):
        Threshold(written)


@pytest.mark.parametrize("written", ["101%", "-1%", "%"])
def test_what_is_no_share_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="^'%s' is no share of a disk. Write for example 80%% or 40G.$" % written):
        Threshold(written)


def test_a_file_system_is_measured_as_statvfs_tells_it(tmp_path: Path) -> None:
    found, known = measure(str(tmp_path)), os.statvfs(tmp_path)
    assert found is not None
    assert (found.path, found.total) == (str(tmp_path), known.f_blocks * known.f_frsize)
    # others write to it between the two looks
    assert found.used == pytest.approx((known.f_blocks - known.f_bfree) * known.f_frsize, rel=0.1)
    assert found.free == pytest.approx(known.f_bavail * known.f_frsize, rel=0.1)


def test_a_path_that_is_not_there_is_not_measured(tmp_path: Path) -> None:
    assert measure(str(tmp_path / "nowhere")) is None
