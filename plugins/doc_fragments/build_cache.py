# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How much of the build cache a prune removes (``_prune/guards.py``, ``KeepWithinBudget``)."""

    DOCUMENTATION = r"""
options:
  build_cache:
    description: Remove build cache that no build uses at the moment, by O(build_cache_policy).
    type: bool
    default: true
  build_cache_policy:
    description:
      - V(full) removes all of it.
      - V(budget) keeps the most recently used cache within the given bounds, so that the next build is quick. The least recently
        used is removed first, and only as much as the bounds require.
      - The bounds mean what C(reserved-space), C(max-used-space) and C(min-free-space) mean to engines of API 1.48 and later. Earlier
        engines silently ignore these and delete more; this module makes the decision itself, so the bounds hold on every engine.
      - Layers that images share do not count, and stay.
    type: str
    choices: [full, budget]
    default: full
  build_cache_reserved:
    description: Never remove cache below this size, for example V(5G).
    type: str
  build_cache_max_used:
    description: Remove cache until no more than this size is left.
    type: str
  build_cache_min_free:
    description: Remove cache until this much of the disk that holds the engine's data is free.
    type: str
  wait_for_builds:
    description:
      - Seconds to wait while builds use build cache, before the plan is made. After that, cache in use stays.
    type: int
    default: 0
"""
