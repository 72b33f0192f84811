#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_release
short_description: Record what runs, so that a rollback needs no build
version_added: 0.1.0
description:
  - Records each deployment of a Compose stack on a host as a release, which is the images, the commits of its sources and its rendered override.
  - The images of a release get a tag of their own, which P(mycosoft.rack.docker_prune#module) keeps.
  - >-
    A rollback restores the commits, the override and the image tags. C(docker compose up --no-build) then recreates the previous containers,
    from the same images with the same configuration.
  - What runs when the first deployment begins, or was changed by hand since the last one, is recorded as a release too.
  - >-
    A rollback never touches what still runs as it did in the release. RV(starts) has the other services: what ran then and does not now, or runs in
    another version. What had done its work by then, such as a migration, is not run again.
  - >-
    An image that is gone cannot be kept. If its container does not run, a warning names it and the run goes on; if it runs, O(state=pinned) fails before
    anything is changed.
  - Only tags in the registry C(rollback.mycosoft.rack) and directories of releases are ever removed, which this module alone creates.
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
    support: none
  idempotent:
    support: full
options:
  state:
    description:
      - V(pinned) records what runs and tags its images, before anything is changed.
      - V(finished) records the outcome, O(result). With V(ok) what runs now becomes the current release.
      - V(restored) restores what the release O(to) consists of. If O(to) is given and O(run) has not begun, it first does what V(pinned) does.
      - >-
        Without O(to) one stack that cannot be restored does not keep the others from it; the module fails at the end, and returns RV(stacks) all the same. With
        O(to) it fails before it changes anything, if a stack has the release and cannot be restored.
    type: str
    choices: [pinned, finished, restored]
    required: true
  run:
    description: Name of the run, which becomes the name of its release. The names of later runs have to sort after those of earlier ones.
    type: str
    required: true
  stacks:
    description:
      - The stacks of this host by name, each with C(project) (its Compose project) and C(sources) (list of the directories of its git checkouts).
      - >-
        With C(arguments) (list of what stands between C(docker compose) and its verb) RV(starts) has only services that the restored Compose files
        have.
      - The override of a stack is the one that P(mycosoft.rack.compose_override#module) wrote in the same O(state_directory).
    type: dict
    required: true
  result:
    description: How the run ended. V(rolled_back) is recorded as V(failed) for a stack that had no release to roll back to.
    type: str
    choices: [ok, failed, rolled_back]
    default: ok
  to:
    description:
      - The release to roll back to, or V(previous), which is the one before the current one.
      - By default the release that ran when O(run) began.
    type: str
  keep:
    description: How many releases to retain for a rollback. The current one and the one before it are always retained.
    type: int
    default: 5
  problems:
    description: What P(mycosoft.rack.docker_watch#module) found when the run failed, for O(state=restored). It is kept with the release of the run.
    type: list
    elements: dict
    default: []
  logs:
    description:
      - The last log lines of the containers that were not well, by their names, for O(state=restored). A rollback removes the containers with their logs.
      - They are kept with O(problems) in the file C(failures.json) of the release of the run, readable by its owner only.
    type: dict
    default: {}
  about:
    description: What else to record about the run, in plain values. Who started the run is read from its lock.
    type: dict
    default: {}
notes:
  - Hold P(mycosoft.rack.deploy_lock#module) during a run.
  - Needs C(git) on the host. Run it as the user that owns the checkouts.
seealso:
  - module: mycosoft.rack.deploy_lock
  - module: mycosoft.rack.docker_prune
"""

EXAMPLES = r"""
- name: Record the running release
  mycosoft.rack.docker_release:
    state: pinned
    run: "{{ rack_run }}"
    stacks: &stacks
      always-on:
        project: mycosoft-always-on
        sources: [/home/mycosoft/mycosoft/mas, /home/mycosoft/mycosoft/website]

- name: Record that the deployment succeeded
  mycosoft.rack.docker_release:
    state: finished
    run: "{{ rack_run }}"
    stacks: *stacks

- name: Restore the release before the current one
  mycosoft.rack.docker_release:
    state: restored
    run: "{{ rack_run }}"
    to: previous
    stacks: *stacks
"""

RETURN = r"""
began:
  description: When the run began, by the server's clock, or with another O(state) than V(pinned) the time of this call.
  returned: success
  type: str
  sample: "2026-11-23T05:45:03Z"
starts:
  description:
    - What has to be started to bring the restored releases back, each with C(stack), C(services), and C(waits), the C(project) and C(service) of each.
    - Everything else is left alone. What had done its work in the release is not run again.
  returned: always
  type: list
  elements: dict
  sample:
    - {stack: always-on, services: [website], waits: [{project: mycosoft-always-on, service: website}]}
stacks:
  description: What was done for each stack.
  returned: always
  type: dict
  contains:
    release:
      description: The release that was begun, finished or restored. Null if there is none.
      type: dict
      contains:
        id:
          description: Its name.
          type: str
          sample: 20261123T054500Z-3f9a
        result:
          description: V(started), V(ok), V(found), V(failed) or V(rolled_back).
          type: str
          sample: ok
        previous:
          description: The release that ran before it. Null if none did.
          type: str
          sample: 20261122T040000Z-77b0
        state:
          description:
            - >-
              C(services), each with C(image), C(image_id), C(config_hash), C(memory), its limit in bytes or 0, and C(running); C(sources), from directory
              to commit; and C(override), the SHA-256 of the rendered file.
            - Null while the release is in progress, and if it failed.
          type: dict
          sample:
            services: {website: {image: always-on-website, image_id: "sha256:9c7a", config_hash: 5d1f, memory: 34359738368, running: true}}
            sources: {/srv/website: 7a2509bac5e8a1c9d2e3f40516273849a0b1c2d3}
            override: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
    found:
      description: Whether what ran was not a recorded release and was recorded now.
      type: bool
    forgotten:
      description: Releases whose images are no longer kept.
      type: list
      elements: str
      sample: [20261101T040000Z-0a11]
    stopped:
      description: Containers that were stopped because nothing of their service ran in the release and they were created since the run began.
      type: list
      elements: str
    without_image:
      description: Services that do not run and whose image is gone, so that a rollback cannot start them.
      type: list
      elements: str
      sample: []
    left:
      description: The commit of each checkout before it was restored.
      type: dict
      sample: {/srv/website: 0f3c9d0bb8e4c2f1a5d6b7980e1f2a3b4c5d6e7f}
    failures:
      description: The file with O(problems) and O(logs). Null if there were none.
      type: str
      sample: /srv/state/releases/always-on/20261123T054500Z-3f9a/failures.json
    stays:
      description: Why the stack does not have the release O(to) and stays as it is. Null if it has.
      type: str
      sample: null
    problem:
      description: Why the stack could not be restored. Null if it was. The module fails if there is a problem.
      type: str
      sample: null
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, InvalidInput, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._base.jsonlines import append
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import STATE_OPTIONS, state_path
from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import iso
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import DOCKER_OPTIONS, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.decide import Lock
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.file import LockFile
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.moved import Moved, read_moved
from ansible_collections.mycosoft.rack.plugins.module_utils._release.live import LiveStack, read_stacks
from ansible_collections.mycosoft.rack.plugins.module_utils._release.steps import ReleaseRun, aimed, attempted, read_room, refuse_moved
from ansible_collections.mycosoft.rack.plugins.module_utils._release.store import Store


def argument_spec() -> Facts:
    return {
        "state": {"type": "str", "choices": ["pinned", "finished", "restored"], "required": True},
        "run": {"type": "str", "required": True},
        "stacks": {"type": "dict", "required": True},
        "result": {"type": "str", "choices": ["ok", "failed", "rolled_back"], "default": "ok"},
        "to": {"type": "str"},
        "keep": {"type": "int", "default": 5},
        "problems": {"type": "list", "elements": "dict", "default": []},
        "logs": {"type": "dict", "default": {}},
        "about": {"type": "dict", "default": {}},
        **STATE_OPTIONS,
        **DOCKER_OPTIONS,
    }


def starter(directory: str, run_name: str) -> Facts:
    """Who started the run, read from its lock."""
    lock = LockFile(directory).read()
    return {"by": lock.by, "job": lock.job} if isinstance(lock, Lock) and lock.run == run_name else {"by": None, "job": None}


def restore(works: t.Mapping[str, ReleaseRun], moved: t.Optional[Moved]) -> t.Dict[str, Facts]:
    """``moved`` is given if somebody asked for the rollback. Then nothing is restored unless every stack that has the release can be."""
    aims = {name: aimed(work, moved is not None) for name, work in works.items()}
    problems = [kept["problem"] for _target, kept in aims.values() if "problem" in kept]
    if moved is not None:
        if problems:
            raise InvalidInput(" ".join(problems))
        refuse_moved(moved, {name: target for name, (target, _kept) in aims.items()})
    return {name: attempted(work, *aims[name]) for name, work in works.items()}


def warn(module: AnsibleModule, done: t.Mapping[str, Facts]) -> None:
    """Name what a run cannot keep, or does not go back to."""
    for name, facts in done.items():
        if facts["stays"]:
            module.warn("%s It stays as it is." % facts["stays"])
        for service in facts["without_image"]:
            module.warn("The image of %s/%s, which does not run, is gone: a rollback cannot start it." % (name, service))


def run(module: AnsibleModule) -> Facts:
    params = module.params
    directory = params["state_directory"]
    who = starter(directory, params["run"])
    stacks, engine, now = read_stacks(params["stacks"], directory), connect(params), time.time()
    works, room = {}, read_room(Kernel(), engine)
    for stack in stacks:
        store = Store(state_path(directory, "releases") / stack.name)
        work = ReleaseRun(params, who, room, stack.name, LiveStack(engine, module.run_command, stack), store, store.history(), now, module.check_mode)
        works[stack.name] = work.begin() if params["state"] == "restored" and params["to"] else work
    if params["state"] == "restored":
        done = restore(works, read_moved(state_path(directory, "moved")) if params["to"] else None)
    else:
        done = {name: work.pinned() if params["state"] == "pinned" else work.finished() for name, work in works.items()}
    if params["state"] == "finished" and not module.check_mode:
        for name, facts in done.items():
            append(state_path(directory, "history"), {"event": "release", "stack": name, **facts["release"]})
    warn(module, done)
    changed = [facts.pop("changed") for facts in done.values()]
    problems = [facts["problem"] for facts in done.values() if facts["problem"]]
    starts = [stack.start(services) for stack in stacks for services in [done[stack.name].pop("start")] if services]
    if problems:
        raise RackError(" ".join(problems), changed=any(changed), stacks=done, starts=starts)
    moments = [facts["release"]["began"] for facts in done.values()] if params["state"] == "pinned" else []
    return {"changed": any(changed), "stacks": done, "starts": starts, "began": min(moments, default=iso(now))}


def main() -> None:
    reported(AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True), run)


if __name__ == "__main__":
    main()
