#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_data
short_description: List the data of services that move to another server, and what blocks the move
description:
  - With O(state=leaving), on the server where the services run, lists their containers, named volumes, directories and ports.
  - With O(state=arriving), on the server that is to run them, lists what blocks the move there.
  - With O(state=stopped), on the server where the services ran, lists which of their data is no longer where it was found before.
  - With O(state=left), lists the volumes that services left on this server when they moved away.
  - With O(state=serving), on the server to which they moved, lists why a service does not use its volume there.
  - With O(state=present), on any server, lists the containers and volumes of all services, wherever these are planned, for P(mycosoft.rack.misplaced#filter).
  - Changes nothing. What it returns is what a move may overwrite, and what may be removed after one.
  - >-
    Data at the destination may be overwritten if there is none, if an earlier attempt of the same move copied it, or if the services left it there when they
    moved away. The records of moves in O(state_directory) prove that, and nothing else does; what is named in O(overwrite) needs no proof.
version_added: "0.1.0"
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.docker
  - mycosoft.rack.state
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
  state:
    description: What to list.
    type: str
    choices: [leaving, arriving, stopped, left, serving, present]
    required: true
  project:
    description: Compose project of the services; required with O(state=leaving), O(state=arriving) and O(state=serving).
    type: str
  services:
    description: The services that move; required as O(project) is.
    type: list
    elements: str
  checkouts:
    description: Directories of git checkouts. What is mounted from there is not copied, unless O(directories) names it.
    type: list
    elements: path
    default: []
  directories:
    description: Directories to move although the services mount them read-only, or from a git checkout.
    type: list
    elements: path
    default: []
  stack:
    description: The stack of the services, as the records of moves name it; required with O(state=arriving).
    type: str
  origin:
    description: The server that the services leave, as the records of moves name it; required with O(state=arriving).
    type: str
  overwrite:
    description: Directories, and names of volumes, that may be overwritten although nothing proves that their data belongs to the services.
    type: list
    elements: str
    default: []
  data:
    description: What the module returned on the other server, or with O(state=stopped) on this one before; required there and with O(state=arriving).
    type: dict
  stacks:
    description: With O(state=present) the stacks of this server, C(hosts[host].stacks) in the plan of P(mycosoft.rack.memory_plan#filter).
    type: dict
    default: {}
  volume:
    description: The volume that the services moved with; required with O(state=serving).
    type: str
"""

EXAMPLES = r"""
- name: List the data of two services
  mycosoft.rack.service_data:
    state: leaving
    project: always-on
    services: [mindex-api, mindex-db]
  become: true

- name: List the volumes that services left on this server when they moved away
  mycosoft.rack.service_data:
    state: left
"""

RETURN = r"""
containers:
  description: The containers of the services, each with C(id), C(name) and C(running).
  returned: with O(state=leaving)
  type: list
  elements: dict
volumes:
  description:
    - Their named volumes, each with C(name), C(path), C(services), C(labels) and C(size), the bytes of its files.
    - C(empty) says whether it holds nothing, C(inode) identifies its directory.
  returned: with O(state=leaving)
  type: list
  elements: dict
  sample:
    - name: always-on_data
      path: /var/lib/docker/volumes/always-on_data/_data
      services: [mindex-db]
      labels: {}
      size: 52428800
      empty: false
      inode: 393218
binds:
  description: Directories of the server that they mount and that move, each with C(path), C(services), C(size), C(empty) and C(inode).
  returned: with O(state=leaving)
  type: list
  elements: dict
stays:
  description:
    - Paths that they mount and that do not move, each with C(path), C(why), C(writable), C(file), and C(checkout), the git checkout in which it lies.
    - C(why) is V(read-only), V(checkout), V(system) or V(file).
  returned: with O(state=leaving)
  type: list
  elements: dict
dependants:
  description: Services of the project that do not move, each with one that moves and that its container depends on.
  returned: with O(state=leaving)
  type: dict
  sample: {website: mindex-api}
ports:
  description: Ports of the server that they publish.
  returned: with O(state=leaving)
  type: list
  elements: int
architecture:
  description: CPU architecture of the engine's machine.
  returned: always
  type: str
  sample: x86_64
root:
  description: The directory in which the engine keeps its volumes.
  returned: always
  type: str
  sample: /var/lib/docker
missing:
  description: Of the paths that stay, those that do not exist on this server.
  returned: with O(state=arriving)
  type: list
  elements: str
left:
  description:
    - The volumes that services left here when they moved away, each with C(volume), C(path), C(stack), C(project), C(services), C(host) (where the services
      are now) and C(users) (the containers that use it here).
    - Data of services that moved back is not among them.
  returned: with O(state=left)
  type: list
  elements: dict
present:
  description:
    - >-
      C(containers) are those of all Compose services on this server, running or not, each with C(id), C(name), C(project), C(service), C(directory) (where
      somebody ran Compose), C(running), and C(data), its volumes and the directories that it may write to.
    - C(volumes) are the named volumes that Compose made, each with C(name) and C(project), without those that services left here when they moved away.
    - C(elsewhere) has by stack the services that are planned on other servers, each with its volumes as the Compose files name them here.
    - C(moved) has by stack the services that moved away from here with their data, each with the server that has it now.
  returned: with O(state=present)
  type: dict
problems:
  description: What blocks the move, or the removal, one sentence each.
  returned: always
  type: list
  elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import STATE_OPTIONS
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import DOCKER_OPTIONS, Engine, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.data import serving
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.present import present
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.source import after_stop, inspected, on_source
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.target import left_behind, on_target

Json = t.Dict[str, t.Any]


def argument_spec() -> Facts:
    return {
        "state": {"type": "str", "choices": ["leaving", "arriving", "stopped", "left", "serving", "present"], "required": True},
        "project": {"type": "str"},
        "services": {"type": "list", "elements": "str"},
        "checkouts": {"type": "list", "elements": "path", "default": []},
        "directories": {"type": "list", "elements": "path", "default": []},
        "stack": {"type": "str"},
        "origin": {"type": "str"},
        "overwrite": {"type": "list", "elements": "str", "default": []},
        "data": {"type": "dict"},
        "stacks": {"type": "dict", "default": {}},
        "volume": {"type": "str"},
        **STATE_OPTIONS,
        **DOCKER_OPTIONS,
    }


REQUIRED_IF = [
    ("state", "leaving", ("project", "services")),
    ("state", "arriving", ("project", "services", "stack", "origin", "data")),
    ("state", "stopped", ("data",)),
    ("state", "serving", ("project", "services", "volume")),
]


def facts_of(engine: Engine, module: AnsibleModule, info: Json) -> Facts:
    params = module.params
    state = params["state"]
    if state == "leaving":
        return on_source(engine, params, info)
    if state == "arriving":
        return on_target(engine, params, info)
    if state == "stopped":
        return {"problems": list(after_stop(params["data"]))}
    if state == "left":
        return {"left": left_behind(engine, params), "problems": []}
    if state == "present":
        return {"present": present(engine, params, module.run_command), "problems": []}
    return {"problems": serving(inspected(engine), params["project"], params["services"], params["volume"])}


def run(module: AnsibleModule) -> Facts:
    engine = connect(module.params)
    info = engine.get("/info")
    return {"changed": False, "architecture": info["Architecture"], "root": info["DockerRootDir"], **facts_of(engine, module, info)}


def main() -> None:
    reported(AnsibleModule(argument_spec=argument_spec(), required_if=REQUIRED_IF, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
