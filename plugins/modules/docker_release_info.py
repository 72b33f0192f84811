#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_release_info
short_description: Read what was released on a host, how it drifted since, and its memory and disk history
version_added: 0.1.0
description:
  - >-
    Reads the releases that P(mycosoft.rack.docker_release#module) recorded, and compares the containers, checkouts and rendered overrides of each stack
    with its current release.
  - Merges the free memory and disk before and after each run with the history of P(mycosoft.rack.memory_check#module) into one timeline.
  - If the engine does not answer, or the records of a stack cannot be read, everything else is still returned.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.docker
  - mycosoft.rack.state
attributes:
  check_mode:
    support: full
    details:
      - Nothing is ever changed.
  diff_mode:
    support: N/A
    details:
      - Nothing is ever changed.
  idempotent:
    support: full
    details:
      - Nothing is ever changed.
options:
  stacks:
    description:
      - The stacks of this host by name, each with C(project) (its Compose project) and C(sources) (list of the directories of its git checkouts).
      - The override of a stack is the one that P(mycosoft.rack.compose_override#module) wrote in the same O(state_directory).
    type: dict
    required: true
  within:
    description: How far back the timeline goes, for example V(14d) or V(36h).
    type: str
    default: 14d
notes:
  - Needs C(git) on the host. Run it as the user that owns the checkouts.
seealso:
  - module: mycosoft.rack.docker_release
  - module: mycosoft.rack.memory_check
"""

EXAMPLES = r"""
- name: Read what was released and how it drifted
  mycosoft.rack.docker_release_info:
    stacks:
      always-on:
        project: mycosoft-always-on
        sources: [/home/mycosoft/mycosoft/mas, /home/mycosoft/mycosoft/website]
  register: released

- name: Fail if somebody changed something by hand
  ansible.builtin.assert:
    that: released.stacks.values() | map(attribute='drift') | select | length == 0
"""

RETURN = r"""
now:
  description: When the values were read, by the host's clock, in UTC.
  returned: always
  type: str
  sample: "2026-11-23T05:19:43Z"
engine:
  description: Why the engine could not be reached, null if it was. Without an engine RV(stacks) have no C(drift).
  returned: always
  type: str
  sample: null
disk:
  description: The file system of the engine's data, C(path), C(total), C(used) and C(free), in bytes. Null if it cannot be measured.
  returned: always
  type: dict
  sample: {path: /var/lib/docker, total: 214748364800, used: 128849018880, free: 85899345920}
stacks:
  description: The records of each stack.
  returned: always
  type: dict
  contains:
    current:
      description: The current release, as P(mycosoft.rack.docker_release#module) returns it. Null if there is none.
      type: dict
      sample: {id: 20261123T054500Z-3f9a, result: ok, by: jane, ended: "2026-11-23T05:46:34Z"}
    last:
      description: The newest release. It differs from the current one if a run failed or is in progress.
      type: dict
      sample: {id: 20261123T060000Z-77b0, result: rolled_back, by: jane, ended: "2026-11-23T06:01:10Z"}
    drift:
      description:
        - What differs from the current release, each with C(service) (null if it concerns the whole stack), C(what) and C(message).
        - >-
          C(what) is V(missing), V(stopped), V(image), V(configuration), V(limit) or V(added) for a service, V(override) or V(checkout) for a stack.
        - Null if nothing was released, or the engine could not be reached.
      type: list
      elements: dict
      sample: [{service: website, what: limit, message: "always-on-website-1 has a limit of 4G, the release gave it 32G."}]
    problem:
      description: Why the records of the stack could not be read. Null if they could.
      type: str
      sample: null
moved:
  description: By stack, the services that moved away from here with their data, each with the server that has it now.
  returned: always
  type: dict
  sample: {always-on: {mindex-api: overflow1}}
left:
  description:
    - What they left here and still exists, each with C(path), C(volume) (null for a directory), C(stack), C(project), C(services) and C(host), where they are.
  returned: always
  type: list
  elements: dict
  sample:
    - path: /var/lib/docker/volumes/always-on_data/_data
      volume: always-on_data
      stack: always-on
      project: mycosoft-always-on
      services: [mindex-api]
      host: overflow1
unreadable:
  description: Why the records of moves could not be read, one sentence each.
  returned: always
  type: list
  elements: str
runs:
  description: The runs of the timeline, oldest first, each with C(id), C(result), C(began), C(ended), C(by) and C(stacks).
  returned: always
  type: list
  elements: dict
  sample: [{id: 20261123T054500Z-3f9a, result: ok, began: "2026-11-23T05:45:00Z", ended: "2026-11-23T05:46:34Z", by: jane, stacks: [always-on]}]
samples:
  description:
    - Memory and disk over time, oldest first, in bytes; null for what was not measured at that moment.
    - 400 at most. If there are more, each span of time keeps the sample with the least available memory.
  returned: always
  type: list
  elements: dict
  sample:
    - time: "2026-11-23T05:15:00Z"
      memory_total: 66571993088
      memory_available: 6442450944
      swap_used: 0
      disk_total: 214748364800
      disk_free: 85899345920
"""

import time
import typing as t
from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.durations import parse_duration
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, InvalidInput, Unreachable, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import STATE_OPTIONS, state_path
from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import iso
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import DOCKER_OPTIONS, Engine, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._host.disk import Disk, measure
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.present import records_of, still_here
from ansible_collections.mycosoft.rack.plugins.module_utils._release.live import read_stacks
from ansible_collections.mycosoft.rack.plugins.module_utils._release.status import stack_status, tail
from ansible_collections.mycosoft.rack.plugins.module_utils._release.timeline import of_checks, of_releases, runs, timeline


def argument_spec() -> Facts:
    return {
        "stacks": {"type": "dict", "required": True},
        "within": {"type": "str", "default": "14d"},
        **STATE_OPTIONS,
        **DOCKER_OPTIONS,
    }


def ask(params: t.Mapping[str, t.Any]) -> t.Tuple[t.Optional[Engine], t.Optional[Disk], t.Optional[str]]:
    """The engine, the disk of its data, and why the engine could not be reached."""
    try:
        engine = connect(params)
        return engine, measure(engine.get("/info").get("DockerRootDir") or ""), None
    except Unreachable as error:
        return None, None, error.message


def run(module: AnsibleModule) -> Facts:
    params, now = module.params, time.time()
    directory = params["state_directory"]
    stacks = read_stacks(params["stacks"], directory)
    try:
        since = now - parse_duration(params["within"])
    except ValueError as error:
        raise InvalidInput("Cannot use within: %s" % error) from error
    engine, disk, silent = ask(params)
    moved, places, unreadable = records_of(directory)
    released = tail(state_path(directory, "history"))
    samples = timeline([*of_checks(tail(state_path(directory, "memory"))), *of_releases(released)], since, now)
    return {
        "changed": False,
        "now": iso(now),
        "engine": silent,
        "disk": disk and asdict(disk),
        "stacks": {stack.name: stack_status(stack, directory, engine, module.run_command) for stack in stacks},
        "moved": moved,
        "left": still_here(engine, places, moved),
        "unreadable": unreadable,
        "runs": runs(released, since),
        "samples": [sample.facts() for sample in samples],
    }


def main() -> None:
    reported(AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True), run)


if __name__ == "__main__":
    main()
