# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk that holds an engine's data, and conditions on it."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human, parse_size


@dataclass(frozen=True)
class Disk:
    """A file system, in bytes. ``free`` is what is left to users without privileges, as ``df`` shows it."""

    path: str
    total: int
    used: int
    free: int

    @property
    def percent(self) -> float:
        """How full it is, as ``df`` counts: without what is reserved for root."""
        return 100.0 * self.used / max(1, self.used + self.free)


@dataclass(frozen=True)
class Threshold:
    """So much of a disk in use: ``80%``, or bytes as ``40G``."""

    text: str

    def __post_init__(self) -> None:
        self._bytes_of(100)

    def reached(self, disk: Disk) -> bool:
        return disk.used >= self._bytes_of(disk.used + disk.free)

    def _bytes_of(self, whole: int) -> float:
        """Raises ValueError with a sentence and the next step."""
        if not self.text.strip().endswith("%"):
            return parse_size(self.text)
        try:
            share = float(self.text.strip()[:-1])
        except ValueError:
            share = -1
        if not 0 <= share <= 100:
            raise ValueError("%r is no share of a disk. Write for example 80%% or 40G." % self.text)
        return whole * share / 100


def measure(path: str) -> t.Optional[Disk]:
    """The file system of ``path`` on this machine; None where there is no such path."""
    try:
        found = os.statvfs(path)
    except OSError:
        return None
    return Disk(path, found.f_blocks * found.f_frsize, (found.f_blocks - found.f_bfree) * found.f_frsize, found.f_bavail * found.f_frsize)


def described(disk: Disk) -> str:
    """One clause for a reason."""
    return "the disk of %s is %.0f%% full (%s of %s)" % (disk.path, disk.percent, human(disk.used), human(disk.total))
