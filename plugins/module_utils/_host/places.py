# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether something can be written at a place, as far as that can be told without writing."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

#: Bytes and files below which a place counts as full: not even a record fits.
_BYTES, _FILES = 1 << 20, 16


def refusal(path: str, owned: bool, clearable: t.Sequence[str] = ()) -> t.Optional[str]:
    """Why nothing can be written at a path, or below the nearest one that is there; None where it can.

    ``owned``: this user has to be able to, without privileges. ``clearable``: paths of which a clean-up is about to remove data, so that a file system
    with one of them does not count as full.
    """
    at = next(place for place in (Path(path), *Path(path).parents) if place.exists())
    found = os.statvfs(str(at))
    if found.f_flag & os.ST_RDONLY:
        return "the file system of %s is mounted read-only" % at
    if owned and not os.access(str(at), os.W_OK):
        return "this user may not write to %s" % at
    if any(Path(other).exists() and Path(other).stat().st_dev == at.stat().st_dev for other in clearable):
        return None
    # btrfs and others count no files
    if found.f_bavail * found.f_frsize < _BYTES or (found.f_files and found.f_favail < _FILES):
        return "the file system of %s is full" % at
    return None
