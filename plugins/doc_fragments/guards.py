# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """When a prune removes nothing at all (``_prune/guards.py``, ``KeepBelowThreshold`` and ``_prune/report.py``, ``too_many``)."""

    DOCUMENTATION = r"""
options:
  only_if_disk_used:
    description:
      - Remove objects only if this much of the disk that holds the engine's data is in use, as share (V(80%), counted as C(df) does) or in bytes (V(40G)).
      - If less is in use, everything stays, with that as the reason.
    type: str
  disk_unknown:
    description:
      - What to do if O(only_if_disk_used) or O(build_cache_min_free) is given and the disk cannot be measured, because the engine is on
        another machine than the module.
      - V(warn) removes nothing on account of that option, with a warning.
    type: str
    choices: [fail, warn]
    default: fail
  max_delete:
    description:
      - Refuse to remove anything if the plan removes more objects of a kind than this. RV(removed) then holds the plan.
      - A kind that is not given has no limit.
    type: dict
    suboptions:
      containers:
        description: Maximum number of containers to remove.
        type: int
      images:
        description: Maximum number of images to remove.
        type: int
      networks:
        description: Maximum number of networks to remove.
        type: int
      volumes:
        description: Maximum number of volumes to remove.
        type: int
      build_cache:
        description: Maximum number of build cache records to remove.
        type: int
"""
