# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Which volumes a prune may remove (``_prune/guards.py``, ``KeepNamedVolumes`` and ``KeepAnonymousVolumes``)."""

    DOCUMENTATION = r"""
options:
  volumes:
    description:
      - Remove anonymous volumes that have not been referenced by any container, running or stopped, for O(volumes_grace).
      - A volume is anonymous if it has a generated name of 64 digits, the driver C(local), no options, and no label
        other than the engine's own. All others are named; see O(named_volumes).
    type: bool
    default: false
  volumes_grace:
    description:
      - How long an anonymous volume has to be without a container before it is removed. V(0) removes it at once.
      - An engine knows when a volume was created, but not when it was last used, and a volume that served a database for a
        year may have lost its container a minute ago. So the time counts from the first run that found it without a container,
        as recorded in C(unused_since.json) of O(state_directory).
      - That file is replaced atomically if there is something new to record. Its directory has then to exist and
        be writable. Check mode only reads the file. If it is lost or cannot be parsed, every grace period starts again.
    type: str
    default: 7d
  named_volumes:
    description:
      - Names of volumes to remove if no container refers to them. Their data is lost for good.
      - Exact names, no globs. Needs O(remove_named_volumes).
    type: list
    elements: str
    default: []
  remove_named_volumes:
    description: Confirms O(named_volumes).
    type: bool
    default: false
"""
