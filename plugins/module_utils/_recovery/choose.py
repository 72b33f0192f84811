# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers a server short of memory can do without, and in which order they go and come back.

Pure. What is essential is known by Compose's labels and the plan, never by a part of a name.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.order import stop_order
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import SWARM_SERVICE, depends_on, is_job, matches, member, of_detail, title

Json = t.Dict[str, t.Any]

#: How a container that is not essential ranks: the plan knows it; only its project is known; nothing is.
_PLANNED, _SIBLING, _UNKNOWN = range(3)


@dataclass(frozen=True)
class PlannedService:
    """A service of the plan on this server. ``needed_by``: an essential service that needs it, directly or not; None where it is essential itself."""

    project: str
    service: str
    essential: bool
    needed_by: t.Optional[str] = None


@dataclass(frozen=True)
class InspectedContainer:
    """A container as the engine inspects it. ``memory`` and ``swap`` in bytes, 0 while it does not run; ``restart``: its restart policy."""

    id: str
    name: str
    labels: t.Mapping[str, str]
    state: str
    memory: int
    swap: int
    restart: Json
    auto_remove: bool
    shares: t.Tuple[str, ...]

    @property
    def project(self) -> t.Optional[str]:
        return member(self.labels).project

    @property
    def service(self) -> t.Optional[str]:
        return member(self.labels).service

    @property
    def title(self) -> str:
        """``project/service``, or its name where it has no service."""
        return title(self.project, self.service, self.name)

    @property
    def runs(self) -> bool:
        return self.state in ("running", "restarting")

    @property
    def depends_on(self) -> t.Set[str]:
        """Services of its project that it was told to depend on."""
        return set(depends_on(self.labels))

    def facts(self) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title,
            "project": self.project,
            "service": self.service,
            "memory": self.memory,
            "swap": self.swap,
        }


def read_container(detail: Json, memory: int, swap: int) -> InspectedContainer:
    """From ``GET /containers/{id}/json``."""
    host = detail["HostConfig"]
    modes = [str(host.get(name) or "") for name in ("NetworkMode", "IpcMode", "PidMode")]
    links = [link.partition(":")[0].lstrip("/") for link in host.get("Links") or ()]
    return InspectedContainer(
        id=detail["Id"],
        name=detail["Name"].lstrip("/"),
        labels=of_detail(detail),
        state=detail["State"]["Status"],
        memory=memory,
        swap=swap,
        restart=host.get("RestartPolicy") or {"Name": "no", "MaximumRetryCount": 0},
        auto_remove=bool(host.get("AutoRemove")),
        shares=tuple([mode.partition(":")[2] for mode in modes if mode.startswith("container:")] + links),
    )


@dataclass(frozen=True)
class RecoveryPlan:
    """``stays``: container id -> why it is not stopped. ``stops``: what can go, in the order to stop it. ``essential``: ids, in the order to start them."""

    stays: t.Mapping[str, str]
    stops: t.Sequence[InspectedContainer]
    essential: t.Sequence[InspectedContainer]


def decide(found: t.Sequence[InspectedContainer], planned: t.Sequence[PlannedService], keep_labels: t.Sequence[str] = ()) -> RecoveryPlan:
    """``planned``: in the order to stop, as the plan gives it.

    Of what may go the plan's services come first, then what is of their projects, then what nobody planned; each after those that use it.
    Planned ones keep the order of the plan, of the others the biggest comes first.
    """
    place = {(one.project, one.service): (number, one) for number, one in enumerate(planned)}
    needs = {one.id: sorted(_needs(one, found)) for one in found}
    essential = _essential(found, {key: one for key, (_number, one) in place.items()}, needs)
    stays = {**_special(found, keep_labels), **essential}
    for _round in found:  # whatever a container that stays stands on stays, too
        stays.update({other: "%s, which stays, needs it" % one.title for one in found if one.id in stays for other in needs[one.id] if other not in stays})
    projects = {one.project for one in planned}
    stop_priority = {one.id: (_rank(one, place, projects), place.get(_key(one), (0,))[0], -one.memory, one.name) for one in found}
    order = _ordered(needs, stop_priority)
    by_id = {one.id: one for one in found}
    return RecoveryPlan(
        stays={one.id: stays[one.id] for one in found if one.runs and one.id in stays},
        stops=[by_id[name] for name in order if name not in stays and by_id[name].runs],
        essential=[by_id[name] for name in reversed(order) if name in essential],
    )


def _key(one: InspectedContainer) -> t.Tuple[str, str]:
    return (one.project or "", one.service or "")


def _needs(one: InspectedContainer, found: t.Iterable[InspectedContainer]) -> t.Set[str]:
    """Ids of what it was told to depend on, and of those whose network, processes or memory it shares."""
    depends, shares = one.depends_on, set(one.shares)
    return {
        other.id
        for other in found
        if other.id != one.id
        and ((other.project == one.project and other.service in depends and not is_job(other.labels)) or other.id in shares or other.name in shares)
    }


def _essential(
    found: t.Iterable[InspectedContainer], planned: t.Mapping[t.Tuple[str, str], PlannedService], needs: t.Mapping[str, t.Sequence[str]]
) -> t.Dict[str, str]:
    """Essential by the plan, with the reason, and what those containers stand on."""
    reasons: t.Dict[str, str] = {}
    for one in found:
        known = planned.get(_key(one))
        if known is not None and known.essential and not is_job(one.labels):
            reasons[one.id] = "it is essential" if known.needed_by is None else "%s, which is essential, needs it" % known.needed_by
    titles = {one.id: one.title for one in found}
    waiting = list(reasons)
    for name in waiting:  # grows while it is walked
        for other in needs[name]:
            if other not in reasons:
                reasons[other] = "%s, which is essential, needs it" % titles[name]
                waiting += [other]
    return reasons


def _special(found: t.Iterable[InspectedContainer], keep_labels: t.Sequence[str]) -> t.Dict[str, str]:
    """What is not stopped for its own sake."""
    reasons = {}
    for one in found:
        kept = next((text for text in keep_labels if matches(one.labels, text)), None)
        if kept is not None:
            reasons[one.id] = "keep_labels: %s" % kept
        elif one.auto_remove:
            reasons[one.id] = "it removes itself when it ends, so it could not be brought back"
        elif is_job(one.labels):
            reasons[one.id] = "it is a job (docker compose run), which would begin anew"
        elif SWARM_SERVICE in one.labels:
            reasons[one.id] = "its Swarm would start it again"
    return reasons


def _rank(one: InspectedContainer, place: t.Mapping[t.Tuple[str, str], t.Any], projects: t.AbstractSet[str]) -> int:
    if _key(one) in place:
        return _PLANNED
    return _SIBLING if one.project in projects else _UNKNOWN


def _ordered(needs: t.Mapping[str, t.Sequence[str]], stop_priority: t.Mapping[str, t.Any]) -> t.List[str]:
    """Users before what they use. Containers that depend on each other in a circle, which Compose refuses, come last."""
    order = stop_order({name: list(others) for name, others in needs.items()}, stop_priority)
    return order + sorted(set(stop_priority) - set(order), key=lambda name: t.cast(t.Any, stop_priority[name]))
