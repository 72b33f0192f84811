# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not happen to a service that was just started.

Pure. A container without a health check counts as up while it restarts in a
loop, and OOMKilled speaks of its main process only: events, counters and the
state are held against each other.
"""

from __future__ import annotations

import math
import typing as t
from dataclasses import asdict, dataclass, field, replace

from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import iso
from ansible_collections.mycosoft.rack.plugins.module_utils._limits.changes import LimitChange
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.containers import Container

Json = t.Dict[str, t.Any]


@dataclass(frozen=True)
class Problem:
    """One thing that happened to a service; ``when`` in ISO 8601, UTC, None where nobody knows."""

    project: str
    service: str
    container: str
    what: str
    when: t.Optional[str]

    def facts(self) -> Json:
        return asdict(self)


@dataclass(frozen=True)
class WatchStart:
    """Where a watch begins: what ran then, and the moments (seconds since 1970) of the watch itself and of the run that it belongs to.

    A container that the run made, and that was killed for want of memory before the watch, may have been started again and look well.
    ``restarts``: by id of a container, how often it had been restarted at the end of an earlier watch, which goes on with this one.
    """

    containers: t.Sequence[Container]
    watch: float
    run: t.Optional[float] = None
    restarts: t.Mapping[str, int] = field(default_factory=dict)

    def before(self) -> t.List[Container]:
        """What ran, with the counters that count."""
        then = [replace(one, restarts=min(one.restarts, self.restarts.get(one.id, one.restarts))) for one in self.containers]
        return [replace(one, cgroup=replace(one.cgroup, oom_kills=0)) if one.cgroup and self._made(one) else one for one in then]

    def due(self, seconds: int) -> int:
        """How many seconds more it takes until each container has been up for ``seconds``; whole ones, rounded up."""
        up = [0.0 if one.started_at is None else self.watch - one.started_at for one in self.containers]
        return max(0, math.ceil(seconds - min(up, default=0.0)))

    def counts(self, event: Json) -> bool:
        """Whether an event belongs to the watch."""
        moment = event["timeNano"] / 1e9
        if event["Action"] == "oom" and self.run is not None and moment >= self.run:
            return moment >= self.watch or any(one.id == event["Actor"]["ID"] and self._made(one) for one in self.containers)
        return bool(moment >= self.watch)

    def _made(self, container: Container) -> bool:
        return self.run is not None and container.created is not None and container.created >= self.run


def problems(wanted: t.Iterable[t.Tuple[str, str]], before: t.Sequence[Container], after: t.Sequence[Container], events: t.Iterable[Json]) -> t.List[Problem]:
    """Everything that went wrong between ``before`` and ``after``, one entry for each container and cause."""
    found = [*_of_events(before, after, events), *_of_counters(before, after), *_of_health(after), *failures(after)]
    names = set(wanted)
    loops = (one for one in after if one.state == "restarting" and (one.project, one.service) not in names)
    found += [_problem(one, "does not run but is restarting", None) for one in loops]
    well = {(container.project, container.service) for container in after if container.state == "running" or container.finished}
    told = {(problem.project, problem.service) for problem in found}
    down = {(container.project, container.service): container for container in after}
    for project, service in sorted(names):
        if (project, service) not in well | told:
            container = down.get((project, service))
            what = "no container of it runs" if container is None else "does not run but is %s" % container.state
            found.append(Problem(project, service, container.name if container else "", what, None))
    once: t.Dict[t.Tuple[str, str], Problem] = {}
    for problem in found:  # an event, which knows the moment, comes before what a counter tells of the same
        once.setdefault((problem.container or problem.service, problem.what), problem)
    return sorted(once.values(), key=lambda problem: (problem.project, problem.service, problem.when or "", problem.what))


def failures(containers: t.Iterable[Container]) -> t.Iterator[Problem]:
    """What ended and has not done its work, whenever that was."""
    for container in containers:
        if container.state in ("exited", "dead") and not container.finished:
            yield _problem(container, _end(container.exit_code), None)


def ailing(containers: t.Iterable[Container]) -> t.Iterator[Problem]:
    """What nobody needs to wait for: it ended, or its health check says so."""
    for container in containers:
        if container.state == "running" and container.health == "unhealthy":
            yield _problem(container, "is not healthy but unhealthy", None)
    yield from failures(containers)


def waits_for(containers: t.Iterable[Container]) -> t.List[str]:
    """Names of the containers that may still become what they are to be."""
    return [one.name for one in containers if not one.finished and (one.state != "running" or one.health not in (None, "none", "healthy"))]


def _of_events(before: t.Iterable[Container], after: t.Iterable[Container], events: t.Iterable[Json]) -> t.Iterator[Problem]:
    """The end of what has done its work is none."""
    then, finished = {container.id: container for container in before}, {container.id for container in after if container.finished}
    for event in events:
        container, what = then.get(event["Actor"]["ID"]), _of_event(event)
        if container is not None and what and not (event["Action"] == "die" and container.id in finished):
            yield _problem(container, what, iso(event["timeNano"] / 1e9))


def _of_event(event: Json) -> t.Optional[str]:
    action = event["Action"]
    if action == "oom":
        return "ran out of memory"
    if action == "die":
        return _end(event["Actor"].get("Attributes", {}).get("exitCode"))
    if action == "health_status: unhealthy":
        return "became unhealthy"
    return None


def _end(code: t.Union[int, str, None]) -> str:
    return "ended with exit code %s" % ("unknown" if code is None else code)


def _of_counters(before: t.Iterable[Container], after: t.Iterable[Container]) -> t.Iterator[Problem]:
    """What no event told, because the engine forgot it or was started again."""
    now = {container.id: container for container in after}
    for container in before:
        for what in _counted(container, now.get(container.id, container)):
            yield _problem(container, what, None)


def _counted(before: Container, after: Container) -> t.Iterator[str]:
    kills = [(one.cgroup.oom_kills or 0) if one.cgroup else 0 for one in (before, after)]
    if kills[1] > kills[0]:
        yield "ran out of memory"
    if after.restarts > before.restarts:
        yield "was restarted"
    elif after.started_at != before.started_at and after.state == "running":
        yield "was started again"


def _of_health(after: t.Iterable[Container]) -> t.Iterator[Problem]:
    """Compose's --wait can end well when its time is up (seen with 2.26): it is not trusted."""
    for container in after:
        if container.state == "running" and container.health not in (None, "none", "healthy"):
            yield _problem(container, "is not healthy but %s" % container.health, None)


def _problem(container: Container, what: str, when: t.Optional[str]) -> Problem:
    return Problem(container.project or "", container.service or "", container.name, what, when)


def unproven(changes: t.Iterable[LimitChange]) -> t.List[Problem]:
    """Containers that would have to change to hold what was planned; ``changes``: what each one is to become."""
    return [_problem(change.container, "does not hold its limits (%s)" % ", ".join(change.differences()), None) for change in changes if change.needed]


def sentence(problem: Problem) -> str:
    """``always-on/website ran out of memory at 2026-11-23T05:19:43Z``."""
    return "%s/%s: %s%s" % (problem.project, problem.service, problem.what, " at %s" % problem.when if problem.when else "")
