#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: deploy_lock
short_description: Let one run at a time work on a server
version_added: 0.1.0
description:
  - Takes, renews and gives back the one lock of a server, a file that says who works there, for what, from which controller and since when.
  - >-
    A lock outlives its run where the run was killed. It is taken over, with a record in C(history.jsonl) of the same directory, when the server
    has booted since; when the run was controlled by a process of the very controller that asks now, and that process is gone; or, of a run of another
    controller, when its lease ran out. A run whose process is alive on this controller keeps its lock, however long a step takes.
  - >-
    What a dead run has left running on the server is waited for, where the playbook lets it be known: with the keyword C(environment) it puts the name
    of the run into C(MYCOSOFT_RACK_RUN), and no lock is taken over while a process with that name in its environment is there.
  - The lease is counted in the server's own time since its boot. Clocks that differ or are set do not matter.
  - >-
    A file that cannot be understood counts as held by somebody unknown until it is ten minutes old, and for nothing after that.
  - The role P(mycosoft.rack.deploy_lock#role) takes the locks of all servers or none.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
attributes:
  action:
    description: There is an action plugin of the same name. It knows the controller.
    support: full
  check_mode:
    support: full
    details:
      - A lock that another run has is told as a warning and in RV(held_by). Check mode neither waits for it nor fails.
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - To renew a lock writes the file and does not count as a change.
options:
  state:
    description:
      - V(taken) takes the lock, and renews it where this run has it already.
      - V(renewed) begins the lease anew. It fails where this run has the lock no more.
      - V(released) gives it back. The lock of another run is left alone.
      - V(broken) removes the lock of another run, dead or not, with a record. That run fails when it next renews it.
    type: str
    choices: [taken, renewed, released, broken]
    default: taken
  run:
    description: The name of the run. Who knows it has the lock, so it has to be another one for each run.
    type: str
    required: true
  purpose:
    description: What the run does, for those who wait for it.
    type: str
    default: deploy
  wait:
    description: Seconds to wait for another run with O(state=taken).
    type: int
    default: 0
  lease:
    description:
      - Seconds for which a controller need not be heard of. It has to be longer than the longest step between two renewals.
    type: int
    default: 600
  directory:
    description: Where the lock and the history lie on the server.
    type: path
    default: /var/lib/mycosoft-rack
  places:
    description: Other directories in which the run will write. Where one is not there, the lock is not taken, as where O(directory) is not.
    type: list
    elements: path
    default: []
  host:
    description: What the server is called in messages. The action plugin gives the name of the inventory.
    type: str
  by:
    description: Who runs. The action plugin gives the user who launched the AWX job, or the controller's user.
    type: str
  job:
    description: The job of a scheduler. The action plugin finds the one of AWX.
    type: str
  controller:
    description: The process that controls the run. Given by the action plugin.
    type: dict
  gone:
    description: A run whose controlling process the controller has found to be gone. Given by the action plugin.
    type: dict
"""

EXAMPLES = r"""
- name: Take the lock, wait a quarter of an hour for another run
  mycosoft.rack.deploy_lock:
    run: 20261123T054500Z-3f9a
    wait: 900

- name: Say that the run is alive, and that the next step may take an hour
  mycosoft.rack.deploy_lock:
    state: renewed
    run: 20261123T054500Z-3f9a
    lease: 3600

- name: Give it back
  mycosoft.rack.deploy_lock:
    state: released
    run: 20261123T054500Z-3f9a

- name: Remove the lock of whoever has it
  mycosoft.rack.deploy_lock:
    state: broken
    run: by-hand
"""

RETURN = r"""
lock:
  description: The lock afterwards, none where nobody has it.
  returned: always
  type: dict
  contains: &lock
    run:
      description: The run that has it.
      type: str
      sample: 20261123T054500Z-3f9a
    purpose:
      description: What that run does.
      type: str
      sample: deploy
    by:
      description: Who runs.
      type: str
      sample: jane
    job:
      description: The job of a scheduler, none outside of one.
      type: str
      sample: "17"
    controller:
      description: The process that controls the run, with the C(host), C(boot_id), C(pid_namespace), C(pid) and C(started) that tell it from any other.
      type: dict
    taken:
      description: When it was taken, by the server's clock.
      type: str
      sample: "2026-11-23T05:45:03Z"
    renewed:
      description: When it was last renewed, by the server's clock.
      type: str
      sample: "2026-11-23T05:47:12Z"
    uptime:
      description: The same in seconds since the server's boot. The lease counts from there.
      type: float
      sample: 86400.25
    lease:
      description: For how many seconds from then the run need not be heard of.
      type: int
      sample: 600
    boot_id:
      description: The boot of the server.
      type: str
    init_started:
      description: When the server's first process started, in clock ticks.
      type: int
held_by:
  description:
    - The lock of another run, which is why this one has it not.
    - Of a file that cannot be understood, C(cause) and C(age) in seconds.
  returned: when another run has the lock
  type: dict
  contains: *lock
holder:
  description: The same in words.
  returned: when another run has the lock
  type: str
  sample: deploy 20261123T054500Z-3f9a by jane@controller (job 17) has it since 05:12:03 UTC, renewed 12 s ago
took_over:
  description: The lock that was taken from a dead run or broken, and C(why).
  returned: when there was one
  type: dict
  contains: *lock
no_directory:
  description: That O(directory) or one of O(places) is not there, or this user may not write there.
  returned: when that is why
  type: bool
waited:
  description: Seconds spent waiting for another run.
  returned: always
  type: int
  sample: 0
"""

import dataclasses
import os
import time
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.decide import DECISIONS, Lock, Moment, Step, request_of, to_json
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.file import LockFile, moment, processes_of
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.report import describe, event, refusal, takeover

#: Seconds between two looks at a lock that another run has.
POLL = 1.0


def argument_spec() -> Facts:
    return {
        "state": {"type": "str", "choices": list(DECISIONS), "default": "taken"},
        "run": {"type": "str", "required": True},
        "purpose": {"type": "str", "default": "deploy"},
        "wait": {"type": "int", "default": 0},
        "lease": {"type": "int", "default": 600},
        "directory": {"type": "path", "default": "/var/lib/mycosoft-rack"},
        "places": {"type": "list", "elements": "path", "default": []},
        "host": {"type": "str"},
        "by": {"type": "str"},
        "job": {"type": "str"},
        "controller": {"type": "dict"},
        "gone": {"type": "dict"},
    }


def decide(module: AnsibleModule, file: LockFile, root: Path) -> t.Tuple[Step, Moment]:
    """What would be done now. Nothing is written."""
    found, request, now = file.read(), request_of(module.params), moment(root)
    step = DECISIONS[module.params["state"]](found, request, now)
    if isinstance(found, Lock) and step.why:  # only then it matters what is left of that run
        now = dataclasses.replace(now, survivors=processes_of(found.run, root))
        step = DECISIONS[module.params["state"]](found, request, now)
    return step, now


def act(module: AnsibleModule, file: LockFile, root: Path) -> t.Tuple[Step, Moment]:
    """Do it. What changes nothing needs no guard, nor a directory; what changes something is decided anew under it."""
    step, now = decide(module, file, root)
    if module.check_mode or not step.writes:
        return step, now
    with file.guarded():
        step, now = decide(module, file, root)
        if step.why:
            # First the record: a lock that changed hands without one would be worse than a record of one that did not.
            file.note(event(module.params["state"], request_of(module.params), step, now))
        if step.writes:
            file.replace(step.after)
    return step, now


def report(module: AnsibleModule, step: Step, now: Moment, waited: float) -> Facts:
    """What the module returns. Raises RackError where another run has the lock."""
    state, host = module.params["state"], module.params["host"] or "this server"
    facts: Facts = {"changed": step.changes, "lock": to_json(step.after), "waited": int(waited)}
    if step.why:
        facts["took_over"] = {**(to_json(step.found) or {}), "why": step.why}
        module.warn(takeover(state, host, step, now))
    if step.changes:
        facts["diff"] = {"before": "%s\n" % describe(step.found, now), "after": "%s\n" % describe(step.after, now)}
    if step.done:
        return facts
    if step.found is not None:
        facts.update(held_by=to_json(step.found), holder=describe(step.found, now))
    if not module.check_mode:
        raise RackError(refusal(state, host, step, now), **facts)
    if step.found is not None:  # what check mode has not taken it cannot renew
        module.warn(refusal(state, host, step, now))
    return facts


def check_places(module: AnsibleModule) -> None:
    """Raises RackError where the run could not write."""
    for place in module.params["places"]:
        if not (Path(place).is_dir() and os.access(place, os.W_OK)):
            raise RackError("Cannot work in %s: it is not there, or belongs to somebody else. Make it, for this user." % place, no_directory=True)


def run(module: AnsibleModule, root: Path) -> Facts:
    if module.params["state"] == "taken" and not module.check_mode:
        check_places(module)
    file = LockFile(module.params["directory"])
    wait = 0 if module.check_mode or module.params["state"] != "taken" else module.params["wait"]
    began = time.monotonic()
    waited = 0.0
    step, now = act(module, file, root)
    while not step.done and waited < wait:
        time.sleep(min(POLL, wait - waited))
        waited = time.monotonic() - began
        step, now = act(module, file, root)
    return report(module, step, now, waited)


def main(root: t.Optional[Path] = None) -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    reported(module, lambda module: run(module, root or Path("/")))


if __name__ == "__main__":
    main()
