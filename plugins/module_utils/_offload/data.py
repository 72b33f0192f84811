# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes along when services move to another server: their volumes and directories, and what stands in the way. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import copy_of, depends_on, of_detail
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.volumes import mounts_anonymous
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.host_paths import below, is_runtime, is_system, normal, overlap

Json = t.Dict[str, t.Any]

#: Why a directory stays.
READ_ONLY, CHECKOUT, SYSTEM, FILE = "read-only", "checkout", "system", "file"


@dataclass(frozen=True)
class Moving:
    """``checkouts``: directories that come by git; ``kept``: others that never move; ``named``: directories that move although they are mounted read-only,
    or lie in a checkout.
    """

    project: str
    services: t.Sequence[str]
    checkouts: t.Sequence[str] = ()
    kept: t.Sequence[str] = ()
    named: t.Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("checkouts", "kept", "named"):
            object.__setattr__(self, name, [normal(path) for path in getattr(self, name)])


@dataclass(frozen=True)
class Stays:
    """A path that is mounted and does not move. ``why``: one of the words above; ``checkout``: the one it lies in."""

    path: str
    why: str
    writable: bool
    checkout: t.Optional[str] = None


@dataclass
class Leaving:
    """``volumes`` and ``binds``, directories of the host, each with the services that mount it; ``unnamed``: whether there is an anonymous
    volume; ``ports`` that are published; ``dependants``: services that stay, each with one that moves and that its
    container depends on.
    """

    containers: t.Sequence[Json] = ()
    volumes: t.Dict[str, t.List[str]] = field(default_factory=dict)
    binds: t.Dict[str, t.List[str]] = field(default_factory=dict)
    stays: t.Dict[str, Stays] = field(default_factory=dict)
    unnamed: bool = False
    ports: t.List[int] = field(default_factory=list)
    dependants: t.Dict[str, str] = field(default_factory=dict)
    problems: t.List[str] = field(default_factory=list)

    @property
    def stateless(self) -> bool:
        """Whether nothing would be missing where the services start without any data."""
        return not (self.volumes or self.binds or self.unnamed or any(one.writable for one in self.stays.values()))


def leaving(details: t.Sequence[Json], moving: Moving, anonymous: t.Container[str]) -> Leaving:
    """The data of the services. ``details``: every container as ``GET /containers/{id}/json`` gives it; ``anonymous``: the names of the anonymous volumes."""
    own = [detail for detail in details if service_of(detail, moving.project) in moving.services]
    there = {service_of(detail, moving.project) for detail in details}
    found = Leaving(
        [_container(detail) for detail in own], problems=["%s has no container here. Deploy it first." % name for name in moving.services if name not in there]
    )
    for detail in own:
        _mounts(detail, moving, anonymous, found)
        for published in (detail["HostConfig"].get("PortBindings") or {}).values():
            found.ports += [int(binding["HostPort"]) for binding in published or () if (binding.get("HostPort") or "").isdecimal()]
        behind = [needed for needed in depends_on(of_detail(detail)) if needed not in moving.services and needed in there]
        found.problems += [
            "%s depends on %s, which would stay behind. Move both, and list %s in the inventory for it." % (_name(detail), one, one) for one in behind
        ]
    found.problems += _unmounted(moving, found)
    found.problems += _shared(details, own, found)
    found.ports = list(dict.fromkeys(found.ports))
    found.dependants = _dependants(details, moving)
    found.problems = list(dict.fromkeys(found.problems))
    return found


def service_of(detail: Json, project: str) -> t.Optional[str]:
    """The service of the project of which a container is a copy; None where it is none."""
    copied = copy_of(of_detail(detail))
    return copied[1] if copied and copied[0] == project else None


def _name(detail: Json) -> str:
    return str(detail["Name"]).lstrip("/")


def _container(detail: Json) -> Json:
    return {"id": detail["Id"], "name": _name(detail), "running": bool(detail["State"]["Running"])}


def _mounts(detail: Json, moving: Moving, anonymous: t.Container[str], found: Leaving) -> None:
    service = service_of(detail, moving.project) or ""
    for mount in detail["Mounts"]:
        if mounts_anonymous(mount, anonymous):
            found.unnamed = True
            found.problems.append(
                "%s keeps data in a volume without a name at %s. Name it in the Compose file, and deploy." % (_name(detail), mount["Destination"])
            )
        elif mount["Type"] == "volume" and mount.get("Driver", "local") != "local":
            found.problems.append(
                "the volume %s is of the driver %s, whose data cannot be copied. Move it with the means of that driver." % (mount["Name"], mount["Driver"])
            )
        elif mount["Type"] == "volume":
            _add(found.volumes, mount["Name"], service)
        elif mount["Type"] not in ("bind", "tmpfs", "image"):
            found.problems.append("%s has a mount of the type %s at %s, which cannot be copied." % (_name(detail), mount["Type"], mount["Destination"]))
        elif mount["Type"] == "bind":
            _bind(_name(detail), service, mount, moving, found)


def _add(places: t.Dict[str, t.List[str]], place: str, service: str) -> None:
    services = places.setdefault(place, [])
    if service not in services:
        services.append(service)


def _bind(container: str, service: str, mount: Json, moving: Moving, found: Leaving) -> None:
    path, writable = normal(str(mount.get("Source", ""))), bool(mount.get("RW", True))
    named, checkout = path in moving.named, next((place for place in moving.checkouts if below(path, place)), None)
    if is_runtime(path):
        return
    if checkout is not None and not named:
        _stay(found, Stays(path, CHECKOUT, writable, checkout))
    elif is_system(path, [*moving.checkouts, *moving.kept]) or any(below(path, place) for place in moving.kept):
        if writable:
            found.problems.append(
                "%s may write to %s, which belongs to the system of its server and never moves. Mount the directory that it needs, or mount it read-only."
                % (container, path)
            )
        _stay(found, Stays(path, SYSTEM, writable))
    elif writable or named:
        _add(found.binds, path, service)
    else:
        _stay(found, Stays(path, READ_ONLY, writable))


def _stay(found: Leaving, stays: Stays) -> None:
    """Where one service may write what another one only reads, the first counts."""
    if stays.path not in found.stays or stays.writable:
        found.stays[stays.path] = stays


def _unmounted(moving: Moving, found: Leaving) -> t.List[str]:
    """Directories that were named and that no service mounts."""
    unknown = [name for name in moving.named if name not in found.binds and name not in found.stays]
    mounted = ", ".join([*found.binds, *found.stays]) or "none"
    return ["%s cannot be moved along: the services do not mount it. Mounted directories: %s." % (name, mounted) for name in unknown]


def users(details: t.Sequence[Json], volumes: t.Container[str], paths: t.Iterable[str]) -> t.Iterator[t.Tuple[Json, str]]:
    """Containers that use one of the volumes, or a directory that is one of the paths, contains or is contained in one; each with what it uses.

    A mount of the system, such as that of an agent that reads the whole host, is nobody's data.
    """
    places = list(paths)
    for detail in details:
        for mount in detail["Mounts"]:
            if mount["Type"] == "volume" and mount.get("Name") in volumes:
                yield detail, "the volume %s" % mount["Name"]
            elif mount["Type"] == "bind" and not is_system(str(mount.get("Source", ""))):
                source = normal(str(mount.get("Source", "")))
                yield from ((detail, source if below(source, path) else path) for path in places if overlap(source, path))


def _shared(details: t.Sequence[Json], own: t.Sequence[Json], found: Leaving) -> t.List[str]:
    """Who else uses data that would go."""
    ids = {detail["Id"] for detail in own}
    others = [detail for detail in details if detail["Id"] not in ids and detail["State"]["Running"]]
    return ["%s uses %s, too, and would stay behind. Move both." % (_name(detail), what) for detail, what in users(others, found.volumes, found.binds)]


def _dependants(details: t.Sequence[Json], moving: Moving) -> t.Dict[str, str]:
    stay = [(service_of(detail, moving.project), depends_on(of_detail(detail))) for detail in details]
    return {name: one for name, needed in sorted(stay, key=str) if name and name not in moving.services for one in needed if one in moving.services}


def in_the_way(details: t.Sequence[Json], moving: Moving, volumes: t.Container[str], paths: t.Sequence[str]) -> t.List[str]:
    """Containers of others, running or not, that use what would be overwritten on the server to move to."""
    others = [detail for detail in details if service_of(detail, moving.project) not in moving.services]
    return list(dict.fromkeys("%s uses %s there. Remove it, or give it other data." % (_name(detail), what) for detail, what in users(others, volumes, paths)))


def serving(details: t.Sequence[Json], project: str, services: t.Sequence[str], volume: str) -> t.List[str]:
    """Why the old data of services is not superfluous: each has to run on this server, healthy, with the volume that it moved with."""
    own = [(service_of(detail, project), detail) for detail in details]
    return [problem for service in services for problem in _not_serving(service, volume, [detail for name, detail in own if name == service])]


def _not_serving(service: str, volume: str, copies: t.Sequence[Json]) -> t.Iterator[str]:
    running = [detail for detail in copies if detail["State"]["Running"]]
    if not running:
        yield "%s does not run" % service
    elif not any(mount["Type"] == "volume" and mount.get("Name") == volume for detail in running for mount in detail["Mounts"]):
        yield "%s does not use the volume %s" % (service, volume)
    else:
        health = {(detail["State"].get("Health") or {}).get("Status", "none") for detail in running}
        if health - {"healthy", "none"}:
            yield "%s is %s" % (service, ", ".join(sorted(health - {"healthy", "none"})))
