#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compose_leftovers
short_description: Remove replacements that Compose created and never started
version_added: 0.1.0
description:
  - >-
    C(docker compose up) creates the replacement of a container before it stops the old one. If something else fails in between, for example because the name of
    another container is taken, the replacement stays behind, never started.
  - >-
    The next C(docker compose up) then stops and removes the old container, which may run well, and fails, because the replacement has its number.
    Remove the replacement first.
  - >-
    A container is removed only if Compose labelled it as a replacement of a service of these projects, its state is C(created), and the container whose id its
    name begins with still exists. It never ran, so nothing was written in it. Its volumes stay. Everything else is left alone.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.docker
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  projects:
    description: The Compose projects.
    type: list
    elements: str
    required: true
notes:
  - Hold P(mycosoft.rack.deploy_lock#module) meanwhile, so that no C(docker compose up) of the rack is between creating and starting.
seealso:
  - module: mycosoft.rack.docker_release
"""

EXAMPLES = r"""
- name: Remove replacements that were never started
  mycosoft.rack.compose_leftovers:
    projects: [mycosoft-always-on]
"""

RETURN = r"""
leftovers:
  description: The replacements that were removed.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Id of the container.
      type: str
      sample: 273add01e41a799c4ba8f9fe90f51dd75ed319b0d757c311804432898c8d948b
    name:
      description: Its name.
      type: str
      sample: ee4879c583a9_mycosoft-always-on-website-1
    project:
      description: Compose project.
      type: str
      sample: mycosoft-always-on
    service:
      description: Service of the project.
      type: str
      sample: website
    replaces:
      description: The container that it was to replace, which stays as it is.
      type: str
      sample: mycosoft-always-on-website-1
"""

import contextlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import DOCKER_OPTIONS, NotFound, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._rollout.leftovers import find_leftovers


def argument_spec() -> Facts:
    return {"projects": {"type": "list", "elements": "str", "required": True}, **DOCKER_OPTIONS}


def run(module: AnsibleModule) -> Facts:
    engine = connect(module.params)
    leftovers = find_leftovers(engine.containers(), module.params["projects"])
    for leftover in leftovers if not module.check_mode else ():
        with contextlib.suppress(NotFound):  # the engine refuses to remove one that was started since it was listed
            engine.delete("/containers/%s" % leftover.id)
    return {
        "changed": bool(leftovers),
        "leftovers": [leftover.facts() for leftover in leftovers],
        "diff": {"before": "".join("%s (never started)\n" % leftover.name for leftover in leftovers), "after": ""},
    }


def main() -> None:
    reported(AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True), run)


if __name__ == "__main__":
    main()
