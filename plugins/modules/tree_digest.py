#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tree_digest
short_description: Tell what directories hold as one number each, to compare copies
description:
  - >-
    Reads every file of a directory. Two directories with the same digest hold the same files with the same content, modes, owners, times, extended
    attributes and hard links. Holes of sparse files read as zeros, so they do not count.
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
notes:
  - Run it as root where files are of other users.
"""

EXAMPLES = r"""
- name: Read what a volume holds
  mycosoft.rack.tree_digest:
    paths: [/var/lib/docker/volumes/data/_data]
  become: true
  register: held
"""

RETURN = r"""
trees:
  description: From path to C(digest), a SHA-256 in hex, C(entries), how many files, directories and links there are, and C(size), the bytes of all files.
  returned: success
  type: dict
  sample: {/srv/data: {digest: 9f86d081884c7d65, entries: 12, size: 52428800}}
"""

import dataclasses

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._outcome import Facts, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._tree import read_tree


def read(path: str, specials: bool) -> Facts:
    try:
        return dataclasses.asdict(read_tree(path, specials))
    except OSError as error:
        raise RackError("Cannot read %s: %s: %s. Run as root, and see that nothing writes there." % (path, error.filename, error.strerror)) from error


def run(module: AnsibleModule) -> Facts:
    return {"changed": False, "trees": {path: read(path, module.params["specials"]) for path in module.params["paths"]}}


def main() -> None:
    spec = {"paths": {"type": "list", "elements": "path", "required": True}, "specials": {"type": "bool", "default": True}}
    reported(AnsibleModule(argument_spec=spec, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
