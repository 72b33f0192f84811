# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes along when services move to another server: their volumes and directories, and what stands in the way. Pure."""

from __future__ import annotations

import posixpath
import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import copy_of, depends_on, of_detail
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.volumes import mounts_anonymous

Json = t.Dict[str, t.Any]

#: Of the host itself, the same on every server or of no use elsewhere.
_HOSTS_OWN = ("/proc", "/sys", "/dev", "/run", "/var/run", "/etc/localtime", "/etc/timezone", "/etc/resolv.conf", "/etc/hosts", "/var/lib/docker")


@dataclass(frozen=True)
class Leaving:
    """``volumes`` by name, as the engine inspects them; ``binds``: directories of the host; ``ports`` that are published there."""

    containers: t.Sequence[Json]
    volumes: t.Sequence[str]
    binds: t.Sequence[str]
    ports: t.Sequence[int]
    problems: t.Sequence[str]


def leaving(details: t.Sequence[Json], project: str, services: t.Sequence[str], checkouts: t.Sequence[str], anonymous: t.Container[str]) -> Leaving:
    """The data of ``services``. ``details``: every container as ``GET /containers/{id}/json`` gives it; ``checkouts``: directories that come by git;
    ``anonymous``: the names of the anonymous volumes.
    """
    own = [detail for detail in details if _service(detail, project) in services]
    problems = ["%s has no container here. Deploy it first." % name for name in services if name not in {_service(detail, project) for detail in own}]
    volumes: t.Dict[str, None] = {}
    binds: t.Dict[str, None] = {}
    ports: t.Dict[int, None] = {}
    for detail in own:
        name = detail["Name"].lstrip("/")
        for mount in detail["Mounts"]:
            if mounts_anonymous(mount, anonymous):
                problems.append("%s keeps data in a volume without a name at %s. Name it in the Compose file, and deploy." % (name, mount["Destination"]))
            else:
                _mount(mount, checkouts, volumes, binds, problems)
        for published in (detail["HostConfig"].get("PortBindings") or {}).values():
            ports.update(dict.fromkeys(int(binding["HostPort"]) for binding in published or () if (binding.get("HostPort") or "").isdecimal()))
        behind = [needed for needed in depends_on(of_detail(detail)) if needed not in services and any(_service(other, project) == needed for other in details)]
        problems += ["%s depends on %s, which would stay behind. Move both, and list %s in the inventory for it." % (name, one, one) for one in behind]
    problems += _shared(details, own, volumes)
    return Leaving([_container(detail) for detail in own], list(volumes), list(binds), list(ports), list(dict.fromkeys(problems)))


def _service(detail: Json, project: str) -> t.Optional[str]:
    """The service of the project of which it is a copy; None where it is none."""
    copied = copy_of(of_detail(detail))
    return copied[1] if copied and copied[0] == project else None


def _container(detail: Json) -> Json:
    return {"id": detail["Id"], "name": detail["Name"].lstrip("/"), "running": bool(detail["State"]["Running"])}


def _mount(mount: Json, checkouts: t.Sequence[str], volumes: t.Dict[str, None], binds: t.Dict[str, None], problems: t.List[str]) -> None:
    kind, source = mount["Type"], str(mount.get("Source", ""))
    if kind == "volume":
        if mount.get("Driver", "local") != "local":
            problems.append(
                "the volume %s is of the driver %s, whose data cannot be copied. Move it with the means of that driver." % (mount["Name"], mount["Driver"])
            )
        else:
            volumes[mount["Name"]] = None
    elif kind == "bind" and not any(_below(source, place) for place in (*_HOSTS_OWN, *checkouts)):
        binds[source] = None


def _below(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip("/") + "/")


def _shared(details: t.Sequence[Json], own: t.Sequence[Json], volumes: t.Container[str]) -> t.List[str]:
    """Who else uses a volume that would go."""
    ids = {detail["Id"] for detail in own}
    return [
        "%s uses the volume %s, too, and would stay behind. Move both." % (detail["Name"].lstrip("/"), mount["Name"])
        for detail in details
        if detail["Id"] not in ids and detail["State"]["Running"]
        for mount in detail["Mounts"]
        if mount["Type"] == "volume" and mount["Name"] in volumes
    ]


def parents(paths: t.Iterable[str]) -> t.List[str]:
    """Without those that lie below another one."""
    kept: t.List[str] = []
    for path in sorted(posixpath.normpath(path) for path in paths):
        if not any(_below(path, place) for place in kept):
            kept.append(path)
    return kept
