# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state directory: the one directory of a server in which the collection keeps its records, and the name of everything in it.

A record that one module writes and another one reads is found by both, because neither is told a path: both are told the directory.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput

DIRECTORY = "/var/lib/mycosoft-rack"

#: Argument spec of every module that reads or writes a record.
STATE_OPTIONS: t.Dict[str, t.Any] = {"state_directory": {"type": "path", "default": DIRECTORY}}

#: What is kept there, and its name.
NAMES: t.Mapping[str, str] = {
    "lock": "lock.json",  # which run works on the server
    "guard": "lock.json.guard",  # whoever looks at the lock or changes it locks this file for that moment
    "history": "history.jsonl",  # locks that changed hands, and releases
    "memory": "memory.jsonl",  # memory and disk over time
    "releases": "releases",  # a folder for each stack
    "overrides": "stacks",  # rendered limits, a file for each stack
    "unused": "unused_since.json",  # since when volumes, containers and images that nothing could bring back have been unused
    "recovery": "recovery.json",  # containers that a recovery stopped
    "offload": "offload.json",  # containers that a move under way stopped
    "digests": "offload_digests.json",  # what the files of a move under way hold
    "moved": "moved.json",  # services that run on another server now, with their data
    "kept": "kept",  # work on checkouts that a pull replaced; nothing removes it
    "moved_data": "moved_data.json",  # data remaining here of what moved, and copies of what is about to arrive
}


def state_path(directory: str, name: str) -> Path:
    """Where ``name`` (of NAMES) is kept. Raises InvalidInput for a directory that depends on who asks, or from where."""
    if not directory.startswith("/"):
        raise InvalidInput("Cannot use %r as the state directory: it has to be an absolute path. Correct rack_state_directory." % directory)
    return Path(directory) / NAMES[name]


def override_path(directory: str, stack: str) -> Path:
    """The rendered override of a stack."""
    return state_path(directory, "overrides") / ("%s.yml" % stack)
