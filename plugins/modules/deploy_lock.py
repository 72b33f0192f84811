#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: deploy_lock
short_description: Ensure that only one run at a time works on a server
version_added: 0.1.0
description:
  - Acquires, renews and releases the deploy lock of a server, a file that names the run, its purpose, its controller and the time.
  - >-
    A lock outlives its run if the run was killed. It is taken over, with a record in C(history.jsonl) of O(state_directory), if the server
    has rebooted since; if the run was controlled by a process of this same controller that is gone; or, for a run of another
    controller, if its lease has expired. A run whose process is alive on this controller keeps its lock, however long a step takes.
  - >-
    The takeover waits for processes that a dead run left behind on the server, if the playbook marks them: set C(MYCOSOFT_RACK_RUN) to the name of the run
    with the keyword C(environment). No lock is taken over while a process with that name in its environment exists.
  - The lease is counted in seconds since the server's boot, so clocks that differ or are set do not matter.
  - >-
    A lock file that cannot be parsed counts as held by an unknown run until it is ten minutes old, and is ignored after that.
  - The role P(mycosoft.rack.deploy_lock#role) acquires the locks of all servers or none.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.state
attributes:
  action:
    description: The action plugin of the same name adds what the module cannot know about the controller.
    support: full
  check_mode:
    support: full
    details:
      - A lock that another run holds is returned in RV(held_by) with a warning. Check mode neither waits for it nor fails.
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - Renewing a lock writes the file and does not count as a change.
options:
  state:
    description:
      - V(taken) acquires the lock, or renews it if this run already holds it.
      - V(renewed) restarts the lease. Fails if this run no longer holds the lock.
      - V(released) releases the lock. The lock of another run is left alone. Fails, and keeps the lock, if a command of this run
        (M(mycosoft.rack.long_command)) could not be stopped and still works on the server.
      - V(broken) removes the lock of another run, dead or not, with a record. That run fails when it next renews it.
    type: str
    choices: [taken, renewed, released, broken]
    default: taken
  run:
    description: The name of the run. It identifies the holder of the lock, so each run needs its own.
    type: str
    required: true
  purpose:
    description: What the run does, shown to those who wait for the lock.
    type: str
    default: deploy
  wait:
    description: Seconds to wait for another run with O(state=taken).
    type: int
    default: 0
  lease:
    description:
      - Seconds for which a run may go without renewing. Must be longer than the longest step between two renewals.
    type: int
    default: 600
  host:
    description: The name of the server in messages. The action plugin sets the inventory name.
    type: str
  by:
    description: Who started the run. The action plugin sets the user who launched the AWX job, or the controller's user.
    type: str
  job:
    description: The job of a scheduler. The action plugin sets that of AWX.
    type: str
  controller:
    description: The process that controls the run. Set by the action plugin.
    type: dict
  gone:
    description: A run whose controlling process no longer exists on the controller. Set by the action plugin.
    type: dict
"""

EXAMPLES = r"""
- name: Acquire the lock, wait up to a quarter of an hour for another run
  mycosoft.rack.deploy_lock:
    run: 20261123T054500Z-3f9a
    wait: 900

- name: Renew the lock for a step of up to an hour
  mycosoft.rack.deploy_lock:
    state: renewed
    run: 20261123T054500Z-3f9a
    lease: 3600

- name: Release the lock
  mycosoft.rack.deploy_lock:
    state: released
    run: 20261123T054500Z-3f9a

- name: Remove the lock of another run
  mycosoft.rack.deploy_lock:
    state: broken
    run: by-hand
"""

RETURN = r"""
lock:
  description: The lock afterwards. Null if nobody holds it.
  returned: always
  type: dict
  contains: &lock
    run:
      description: The run that holds it.
      type: str
      sample: 20261123T054500Z-3f9a
    purpose:
      description: What that run does.
      type: str
      sample: deploy
    by:
      description: Who started the run.
      type: str
      sample: jane
    job:
      description: The job of a scheduler. Null if there is none.
      type: str
      sample: "17"
    controller:
      description: The process that controls the run, identified by C(host), C(boot_id), C(pid_namespace), C(pid) and C(started).
      type: dict
    taken:
      description: When it was acquired, by the server's clock.
      type: str
      sample: "2026-11-23T05:45:03Z"
    renewed:
      description: When it was last renewed, by the server's clock.
      type: str
      sample: "2026-11-23T05:47:12Z"
    uptime:
      description: The time of the last renewal in seconds since the server's boot. The lease counts from there.
      type: float
      sample: 86400.25
    lease:
      description: For how many seconds from then the run need not renew it.
      type: int
      sample: 600
    boot_id:
      description: Identifies the boot of the server.
      type: str
    init_started:
      description: When the server's first process started, in clock ticks.
      type: int
held_by:
  description:
    - The lock of another run, which is why this run did not acquire it.
    - For a file that cannot be parsed, C(cause) and C(age) in seconds.
  returned: when another run has the lock
  type: dict
  contains: *lock
holder:
  description: The holder in one line.
  returned: when another run has the lock
  type: str
  sample: deploy 20261123T054500Z-3f9a by jane@controller (job 17) has it since 05:12:03 UTC, renewed 12 s ago
took_over:
  description: The lock that was taken over from a dead run or broken, and C(why).
  returned: when there was one
  type: dict
  contains: *lock
no_directory:
  description: Whether O(state_directory) is missing or not writable for this user.
  returned: when that is why
  type: bool
waited:
  description: Seconds spent waiting for another run.
  returned: always
  type: int
  sample: 0
"""

import dataclasses
import time
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import STATE_OPTIONS
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.decide import TRANSITIONS, Lock, Moment, Transition, request_of, to_json
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.file import LockFile, moment, processes_of
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.report import describe, event, refusal, takeover

#: Seconds between two reads of a lock that another run holds.
POLL = 1.0


def argument_spec() -> Facts:
    return {
        "state": {"type": "str", "choices": list(TRANSITIONS), "default": "taken"},
        "run": {"type": "str", "required": True},
        "purpose": {"type": "str", "default": "deploy"},
        "wait": {"type": "int", "default": 0},
        "lease": {"type": "int", "default": 600},
        "host": {"type": "str"},
        "by": {"type": "str"},
        "job": {"type": "str"},
        "controller": {"type": "dict"},
        "gone": {"type": "dict"},
        **STATE_OPTIONS,
    }


def decide(module: AnsibleModule, file: LockFile, root: Path) -> t.Tuple[Transition, Moment]:
    """The step that would be taken now. Writes nothing."""
    found, request, now = file.read(), request_of(module.params), moment(root)
    step = TRANSITIONS[module.params["state"]](found, request, now)
    released = module.params["state"] == "released" and step.writes
    if isinstance(found, Lock) and (step.why or released):  # only then do remaining processes of that run matter
        now = dataclasses.replace(now, survivors=processes_of(found.run, root, file.users(), commands=released))
        step = TRANSITIONS[module.params["state"]](found, request, now)
    return step, now


def act(module: AnsibleModule, file: LockFile, root: Path) -> t.Tuple[Transition, Moment]:
    """Write the decision. Without a change neither the guard nor the directory is needed; a change is decided again under the guard."""
    step, now = decide(module, file, root)
    if module.check_mode or not step.writes:
        return step, now
    with file.guarded():
        step, now = decide(module, file, root)
        if step.why:
            # The record first: a lock that changed hands without a record is worse than a record of a change that did not happen.
            file.note(event(module.params["state"], request_of(module.params), step, now))
        if step.writes:
            file.replace(step.after)
    return step, now


def report(module: AnsibleModule, step: Transition, now: Moment, waited: float) -> Facts:
    """What the module returns. Raises RackError if another run holds the lock."""
    state, host = module.params["state"], module.params["host"] or "this server"
    facts: Facts = {"changed": step.changes, "lock": to_json(step.after), "waited": int(waited)}
    if step.why:
        facts["took_over"] = {**(to_json(step.found) or {}), "why": step.why}
        module.warn(takeover(state, host, step, now))
    if step.changes:
        facts["diff"] = {"before": "%s\n" % describe(step.found, now), "after": "%s\n" % describe(step.after, now)}
    if step.done:
        return facts
    if step.found is not None and state != "released":
        facts.update(held_by=to_json(step.found), holder=describe(step.found, now))
    if not module.check_mode:
        raise RackError(refusal(state, host, step, now), **facts)
    if step.found is not None:  # check mode did not acquire it, so it cannot renew it
        module.warn(refusal(state, host, step, now))
    return facts


def run(module: AnsibleModule, root: Path) -> Facts:
    file = LockFile(module.params["state_directory"])
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
