#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tree_digest
short_description: Compute a digest of directories, to compare copies
description:
  - >-
    Reads every file of a directory. Two directories with the same digest hold the same files with the same content, modes, owners, times, extended
    attributes and hard links. Holes of sparse files count as zeros.
version_added: "0.1.0"
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details:
      - Nothing is ever changed.
  idempotent:
    support: full
options:
  paths:
    description: The directories.
    type: list
    elements: path
    required: true
  specials:
    description: Whether pipes, sockets and devices count. They hold no data.
    type: bool
    default: true
  remember:
    description:
      - A file on this host in which to save what was read. All pending writes are flushed to disk first.
    type: path
  recall:
    description:
      - A file written by an earlier call with O(remember). Only files that changed since then are read.
      - If it does not exist, everything is read.
    type: path
notes:
  - Run it as root if other users own the files.
"""

EXAMPLES = r"""
- name: Read the digest of a volume
  mycosoft.rack.tree_digest:
    paths: [/var/lib/docker/volumes/data/_data]
  become: true
  register: held

- name: Read it while it is in use
  mycosoft.rack.tree_digest:
    paths: [/var/lib/docker/volumes/data/_data]
    remember: /var/tmp/digests.json
  become: true

- name: Read only what changed since
  mycosoft.rack.tree_digest:
    paths: [/var/lib/docker/volumes/data/_data]
    recall: /var/tmp/digests.json
  become: true
"""

RETURN = r"""
trees:
  description: From path to C(digest), a SHA-256 in hex, C(entries), the number of files, directories and links, and C(size), the bytes of all files.
  returned: success
  type: dict
  sample: {/srv/data: {digest: 9f86d081884c7d65, entries: 12, size: 52428800}}
"""

import dataclasses
import os
import time
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._base.files import put
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.tree import DigestCache, read_tree


def read(path: str, specials: bool, memory: DigestCache) -> Facts:
    try:
        return dataclasses.asdict(read_tree(path, specials, memory))
    except OSError as error:
        raise RackError("Cannot read %s: %s: %s. Run as root, and ensure that nothing writes there." % (path, error.filename, error.strerror)) from error


def recall(place: t.Optional[str]) -> t.Optional[str]:
    """The saved digests. None if there are none or they cannot be read: then every file is read."""
    try:
        return Path(place).read_text(encoding="utf-8") if place else None
    except (OSError, ValueError):
        return None


def keep(place: str, memory: DigestCache) -> None:
    try:
        put(Path(place), memory.saved(), 0o600)
    except OSError as error:
        raise RackError("Cannot save to %s what was read: %s. Ensure that its directory exists and has free space." % (place, error.strerror)) from error


def run(module: AnsibleModule) -> Facts:
    remember = module.params["remember"] if not module.check_mode else None
    if remember:
        os.sync()
    memory = DigestCache(recall(module.params["recall"]), time.time_ns())
    trees = {path: read(path, module.params["specials"], memory) for path in module.params["paths"]}
    if remember:
        keep(remember, memory)
    return {"changed": False, "trees": trees}


def main() -> None:
    spec = {
        "paths": {"type": "list", "elements": "path", "required": True},
        "specials": {"type": "bool", "default": True},
        "remember": {"type": "path"},
        "recall": {"type": "path"},
    }
    reported(AnsibleModule(argument_spec=spec, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
