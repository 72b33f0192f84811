# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Which volumes a prune may remove (``_guards.KeepNamedVolumes`` and ``_guards.KeepAnonymousVolumes``)."""

    DOCUMENTATION = r"""
options:
  volumes:
    description:
      - Remove anonymous volumes that no container, running or stopped, refers to, and has not for O(volumes_grace).
      - Anonymous is a volume with a generated name of 64 digits, of the driver C(local), without options, and without a label
        other than the engine's own. All others have a name; see O(named_volumes).
    type: bool
    default: false
  volumes_grace:
    description:
      - How long an anonymous volume has to be without a container before it goes. V(0) removes it at once.
      - An engine knows when a volume was made, but not when it was last used, and a volume that served a database for a
        year may have lost its container a minute ago. So the time counts from the first run that found it without one,
        as noted in O(volumes_record).
    type: str
    default: 7d
  volumes_record:
    description:
      - File on the managed host that remembers since when volumes have been without a container.
      - It is written, in its whole and in one step, when O(volumes) is true and O(volumes_grace) is not V(0). Its directory has to exist and
        to be writable. Check mode only reads it.
      - One that is lost or cannot be understood only makes every grace begin anew.
    type: path
    default: /var/lib/mycosoft-rack/unreferenced_volumes.json
  named_volumes:
    description:
      - Names of volumes to remove, if no container refers to them. Their data is gone for good.
      - Exact names, no globs. Needs O(remove_named_volumes).
    type: list
    elements: str
    default: []
  remove_named_volumes:
    description: Confirms O(named_volumes).
    type: bool
    default: false
"""
