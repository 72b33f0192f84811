#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_watch
short_description: Check that services stay up after they were started
version_added: 0.1.0
description:
  - Watches services for some seconds. Fails as soon as one of them runs out of memory, exits, is restarted, becomes unhealthy or does not run,
    and returns which service, what happened, when, and its last log lines.
  - >-
    A container that ended with 0 and that its restart policy (C(no) or C(on-failure)) does not start again has done its work, as a migration does: that is
    success. One that ended otherwise is a failure, whenever it ended.
    A job that still runs at the end of the watch is taken for a service: have another service depend on its end
    (C(service_completed_successfully)), or watch for longer.
  - With O(wait) it first waits until the services are healthy, or running if they have no health check, and fails at once if one of them ends or is unhealthy.
  - With O(since) every other service of the same projects that was created or started since then is held to the same.
  - If a service is given with its limits, they are compared with those of its containers, in the engine and in the kernel, before the watch begins.
  - For Compose, a service without a health check counts as up while it restarts in a loop. Here it does not.
  - Changes nothing.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.docker
attributes:
  check_mode:
    support: full
    details:
      - Check mode does not wait, because nothing was started.
  diff_mode:
    support: N/A
    details:
      - Nothing is ever changed.
  idempotent:
    support: full
    details:
      - Nothing is ever changed.
options:
  services:
    description: The services to watch.
    type: list
    elements: dict
    required: true
    suboptions:
      project:
        description: Compose project.
        type: str
        required: true
      service:
        description: Service of the project.
        type: str
        required: true
      memory:
        description: The memory limit that its containers have to hold, in bytes. By default limits are not compared.
        type: int
      reservation:
        description: The reservation that they have to hold, in bytes. By default it is not compared.
        type: int
      memory_swap:
        description: The limit of memory and swap together, in bytes. By default O(services[].memory), which allows no swap.
        type: int
  wait:
    description: Seconds to wait for services that are starting. With V(0) they are not waited for.
    type: int
    default: 0
  every:
    description: Seconds between two progress lines while services are waited for.
    type: int
    default: 10
  patience:
    description: Maximum seconds that one call waits. For the action plugin of this module only.
    type: int
  waited:
    description: Seconds waited in earlier calls. For the action plugin of this module only.
    type: int
    default: 0
  projects:
    description: Compose projects besides those of O(services) of which services are held to the same if they were created or started since O(since).
    type: list
    elements: str
    default: []
  seconds:
    description: How many seconds each container has to have been up when the watch ends. A container that was already up for longer is checked once.
    type: int
    default: 10
  since:
    description:
      - A time in ISO 8601, by the server's clock, such as the beginning of a deployment.
      - A container that was created since then and ran out of memory fails the watch even if that was before the watch and it has been restarted since.
      - Services of the same projects that are not in O(services) are watched as well if they were created or started since then.
    type: str
  restarts:
    description:
      - The RV(restarts) of an earlier watch of the same services, with which this one goes on. A container that was restarted in between fails the watch.
    type: dict
    default: {}
  prove:
    description: Whether to compare the limits given in O(services) with those of their containers.
    type: bool
    default: true
  logs:
    description: How many of the last log lines of a failing service to return. V(0) for none, if logs may hold secrets.
    type: int
    default: 20
"""

EXAMPLES = r"""
- name: Check that the started services hold their limits and stay up
  mycosoft.rack.docker_watch:
    services: "{{ rack_plan.hosts[inventory_hostname].limits }}"
    seconds: 30

- name: Wait until a service is healthy, and watch it for ten seconds
  mycosoft.rack.docker_watch:
    services:
      - {project: always-on, service: website}
    wait: 300

- name: Watch one service
  mycosoft.rack.docker_watch:
    services:
      - {project: always-on, service: website}
"""

RETURN = r"""
changed_projects:
  description: The projects of O(services), and O(projects), in which a container was created or started since O(since), also of services that are not watched.
  returned: when O(since) is given
  type: list
  elements: str
  sample: [always-on]
problems:
  description: What happened, by service. Empty if nothing did; otherwise the module fails.
  returned: always
  type: list
  elements: dict
  contains:
    project: {description: Compose project., type: str, sample: always-on}
    service: {description: Service of the project., type: str, sample: website}
    container: {description: Name of the container. Empty if none runs., type: str, sample: always-on-website-1}
    what: {description: What happened to it., type: str, sample: ran out of memory}
    when:
      description: When, in UTC. Null if only a counter shows it.
      type: str
      sample: "2026-11-23T05:19:43Z"
restarts:
  description: From the id of each container that was watched to how often the engine had restarted it by itself at the end of the watch.
  returned: when nothing happened
  type: dict
  sample: {4f5e0c1a9b7d: 0}
logs:
  description: From the name of a container to its last log lines.
  returned: when there are problems
  type: dict
  sample: {always-on-website-1: ["Killed"]}
waited:
  description: Seconds that starting services were waited for.
  returned: always
  type: int
  sample: 21
pending:
  description: Containers that are still waited for. For the action plugin of this module only.
  returned: when O(patience) is over
  type: list
  elements: str
  sample: [always-on-website-1]
watched:
  description: Seconds that the services were watched.
  returned: always
  type: int
  sample: 10
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, InvalidInput, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import precisely, timestamp
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import DOCKER_OPTIONS, Engine, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._limits.changes import Limit, plan_changes, read_limits
from ansible_collections.mycosoft.rack.plugins.module_utils._limits.judged import Judged
from ansible_collections.mycosoft.rack.plugins.module_utils._limits.watch import (
    Problem,
    WatchStart,
    ailing,
    problems,
    sentence,
    unproven,
    waits_for,
)
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.containers import Container, read_container, started_since

Limits = t.Mapping[t.Tuple[str, str], Limit]

_EVENTS = ("oom", "die", "health_status: unhealthy")


def argument_spec() -> Facts:
    names = {name: {"type": "str", "required": True} for name in ("project", "service")}
    service = {**names, **{name: {"type": "int"} for name in ("memory", "reservation", "memory_swap")}}
    return {
        "services": {"type": "list", "elements": "dict", "required": True, "options": service},
        "projects": {"type": "list", "elements": "str", "default": []},
        "wait": {"type": "int", "default": 0},
        "every": {"type": "int", "default": 10},
        "patience": {"type": "int"},
        "waited": {"type": "int", "default": 0},
        "seconds": {"type": "int", "default": 10},
        "since": {"type": "str"},
        "restarts": {"type": "dict", "default": {}},
        "prove": {"type": "bool", "default": True},
        "logs": {"type": "int", "default": 20},
        **DOCKER_OPTIONS,
    }


def wait(engine: Engine, kernel: Kernel, judged: Judged, params: t.Mapping[str, t.Any]) -> t.Tuple[t.List[str], t.List[Problem], int]:
    """What is still waited for, what went wrong, and how many seconds were waited, those of earlier calls included."""
    waited, timeout, start = params["waited"], params["wait"], time.monotonic()
    until = timeout if params["patience"] is None else min(timeout, waited + params["patience"])
    while True:
        containers = judged.containers(engine, kernel)
        found, names = list(ailing(containers)), waits_for(containers)
        if found or not names or waited >= until:
            return names, found, waited
        kernel.pause(1)
        waited = max(waited + 1, params["waited"] + int(time.monotonic() - start))  # an engine under load takes its time, too


def look(engine: Engine, kernel: Kernel, judged: Judged, begin: WatchStart) -> t.List[Problem]:
    """What happened since ``begin`` to the containers that ran then."""
    again = (read_container(engine, kernel, container.id) for container in begin.containers)
    after = [container for container in again if container is not None]
    new = [container for container in judged.containers(engine, kernel) if container.id not in {one.id for one in after}]
    events = engine.events(clock(engine), type=["container"], event=_EVENTS)
    return problems(judged.services, begin.before(), after + new, [event for event in events if begin.counts(event)])


def clock(engine: Engine) -> float:
    """Seconds since 1970 by the engine's clock."""
    return precisely(str(engine.get("/info")["SystemTime"])) or time.time()


def prove(engine: Engine, limits: Limits, containers: t.Iterable[Container]) -> t.List[Problem]:
    """Containers that do not hold the limits given with their service."""
    limited = [one for one in containers if (one.project, one.service) in limits and (one.is_up or one.finished)]
    return unproven(plan_changes(limits, limited, swap=bool(engine.get("/info").get("SwapLimit")))) if limited else []


def run(module: AnsibleModule, kernel: Kernel) -> Facts:
    params = module.params
    wanted = {(entry["project"], entry["service"]) for entry in params["services"]}
    if params["since"] is not None and timestamp(params["since"]) is None:
        raise InvalidInput("Cannot watch since %r: it is not a time. Write it like 2026-11-23T05:45:03Z." % params["since"])
    judged = Judged(wanted, {project for project, _service in wanted} | set(params["projects"]), timestamp(params["since"]))
    limits = read_limits(service for service in params["services"] if params["prove"] and service["memory"] is not None)
    engine, waited, found = connect(params), 0, t.cast(t.List[Problem], [])
    if params["wait"] and not module.check_mode:
        names, found, waited = wait(engine, kernel, judged, params)
        if names and not found and waited < params["wait"]:
            return {"changed": False, "problems": [], "watched": 0, "pending": names, "waited": waited}
    began = clock(engine)
    begin = WatchStart(judged.containers(engine, kernel), began, judged.since, {one: int(count) for one, count in params["restarts"].items()})
    found, watched = found or prove(engine, limits, begin.containers) + look(engine, kernel, judged, begin), 0
    due = begin.due(params["seconds"])
    start = time.monotonic()
    while not found and watched < due and not module.check_mode:
        kernel.pause(1)
        watched = max(watched + 1, int(time.monotonic() - start))  # an engine under load takes its time, too
        found = look(engine, kernel, judged, begin)
    facts: Facts = {"changed": False, "problems": [problem.facts() for problem in found], "watched": watched, "waited": waited}
    if begin.run is not None:
        facts["changed_projects"] = sorted(started_since(engine, judged.projects, begin.run))
    if found and not module.check_mode:
        facts["logs"] = {problem.container: engine.logs(problem.container, params["logs"]) for problem in found if problem.container and params["logs"]}
        raise RackError(
            "Cannot confirm the start: %s. Read its log lines (logs), correct it, and deploy again." % "; ".join(sentence(one) for one in found), **facts
        )
    # Nothing happened, so these are the numbers with which the watch began.
    return {**facts, "restarts": {one.id: one.restarts for one in begin.containers}}


def main(kernel: t.Optional[Kernel] = None) -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    reported(module, lambda module: run(module, kernel or Kernel()))


if __name__ == "__main__":
    main()
