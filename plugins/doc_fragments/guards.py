# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """When a prune removes nothing at all (``_guards.KeepBelowThreshold`` and ``_prune_report.too_many``)."""

    DOCUMENTATION = r"""
options:
  only_if_disk_used:
    description:
      - Remove something only if so much of the disk that holds the engine's data is in use, as share (V(80%), counted as C(df) does) or in bytes (V(40G)).
      - Where less is in use, everything stays, with that as the reason.
    type: str
  disk_unknown:
    description:
      - What to do when O(only_if_disk_used) or O(build_cache_min_free) is given and the disk cannot be measured, because the engine is on
        another machine than the module.
      - V(warn) removes nothing for the sake of that option, and says so.
    type: str
    choices: [fail, warn]
    default: fail
  max_delete:
    description:
      - Refuse to remove anything at all when the plan removes more objects of a kind than this. The plan is in RV(removed) then.
      - A kind that is not given has no such bound.
    type: dict
    suboptions:
      containers:
        description: The most containers to remove.
        type: int
      images:
        description: The most images to remove.
        type: int
      networks:
        description: The most networks to remove.
        type: int
      volumes:
        description: The most volumes to remove.
        type: int
      build_cache:
        description: The most records of build cache to remove.
        type: int
"""
