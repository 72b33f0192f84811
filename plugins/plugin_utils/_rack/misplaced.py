# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that would start on the wrong data, because theirs is on another server or under another project. Pure.

A service without data may go to another server; its old containers go when the new one is healthy.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

Json = t.Dict[str, t.Any]


@dataclass(frozen=True)
class Planned:
    """A stack as it is planned. ``services``: name -> host, those that the inventory lists; Compose starts all others at ``home``."""

    name: str
    project: str
    directory: str
    home: t.Optional[str]
    services: t.Mapping[str, str]

    def host(self, service: str) -> t.Optional[str]:
        return self.services.get(service, self.home)


def misplaced(hosts: t.Mapping[str, Json], checked: t.Mapping[str, Json], arriving: t.Sequence[str]) -> Json:
    """``hosts``: of the plan; ``checked``: host -> what service_data found there; ``arriving``: services that a move takes care of.

    ``problems``: one sentence each; ``superseded``: host -> ids of containers without data whose service is planned on another server.
    """
    problems: t.Dict[str, None] = {}
    superseded: t.Dict[str, t.List[str]] = {host: [] for host in checked}
    stacks = _planned(hosts)
    projects = {stack.project for stack in stacks}
    for stack in stacks:
        for host, found in checked.items():
            for copy in found.get("containers", ()):
                if copy["service"] in arriving:
                    continue
                wanted = stack.host(copy["service"])
                if copy["project"] == stack.project and wanted in checked and wanted != host and not _moved(found, stack, copy, wanted):
                    _elsewhere(stack, host, copy, checked, problems, superseded)
                elif wanted == host:
                    problems.update(dict.fromkeys(_here(stack, host, copy, checked[host], projects)))
            problems.update(dict.fromkeys(_volumes(stack, host, checked, arriving)))
    return {"problems": list(problems), "superseded": superseded}


_RENAMED = (
    "Cannot deploy %(stack)s to %(host)s: %(service)s is there as part of the project %(project)s, from the same directory, and would start as part of"
    " %(wanted)s without its data. Set rack_stacks.%(stack)s.project to %(project)s; or, if its data is not needed, remove it:"
    " docker compose --project-name %(project)s down."
)
_REDIRECTED = (
    "Cannot deploy %(stack)s to %(host)s: %(service)s was started from %(directory)s and keeps data there (%(data)s); from %(to)s it would start without it."
    " Set rack_stacks.%(stack)s.directory to %(directory)s; or move the data to %(to)s, and remove the container %(name)s."
)
_MOVE = (
    "To move it with its data, set rack_stacks.%(stack)s.services.%(service)s.host to %(host)s, and run playbooks/offload.yml"
    " -e offload_service=%(stack)s/%(service)s -e offload_to=%(wanted)s."
)


def _planned(hosts: t.Mapping[str, Json]) -> t.List[Planned]:
    found: t.Dict[str, Planned] = {}
    for host, plan in hosts.items():
        for name, stack in plan["stacks"].items():
            home = host if stack["home"] else found[name].home if name in found else None
            services = {**stack["elsewhere"], **dict.fromkeys(stack["services"], host)}
            found[name] = Planned(name, stack["project"], stack["directory"], home, services)
    return list(found.values())


def _moved(found: Json, stack: Planned, copy: Json, wanted: t.Optional[str]) -> bool:
    """Whether its data was moved to where it is planned, and only the old container is left."""
    return bool(found.get("moved", {}).get(stack.name, {}).get(copy["service"]) == wanted)


def _has(found: Json, project: str, service: str) -> bool:
    return any((copy["project"], copy["service"]) == (project, service) for copy in found.get("containers", ()))


def _here(stack: Planned, host: str, copy: Json, found: Json, projects: t.Container[str]) -> t.Iterator[str]:
    """A container on the server where the service is planned, of another project, or of another directory."""
    said = {**copy, "stack": stack.name, "host": host, "wanted": stack.project, "to": stack.directory}
    if copy["project"] not in projects:
        if _same_directory(stack, copy) and copy["service"] in stack.services and not _has(found, stack.project, copy["service"]):
            yield _RENAMED % said
    elif copy["project"] == stack.project and copy["directory"] and not _same_directory(stack, copy):
        below = [path for path in copy["data"] if path.startswith(copy["directory"].rstrip("/") + "/")]
        if below:
            yield _REDIRECTED % {**said, "data": ", ".join(below)}


def _same_directory(stack: Planned, copy: Json) -> bool:
    return bool((copy["directory"] or "").rstrip("/") == stack.directory.rstrip("/"))


def _elsewhere(stack: Planned, host: str, copy: Json, checked: t.Mapping[str, Json], problems: t.Dict[str, None], superseded: t.Dict[str, t.List[str]]) -> None:
    wanted = stack.host(copy["service"]) or ""
    if not copy["data"]:
        # One of the same name that was run from another directory is somebody else's; one that the inventory does not list has no other copy.
        superseded[host] += [copy["id"]] if _same_directory(stack, copy) and copy["service"] in stack.services else []
    elif copy["running"] or not _has(checked.get(wanted, {}), stack.project, copy["service"]):
        said = {**copy, "stack": stack.name, "host": host, "wanted": wanted, "data": ", ".join(copy["data"]), "is": "runs" if copy["running"] else "is"}
        problems[
            ("Cannot deploy %(stack)s: %(service)s is planned on %(wanted)s, but %(is)s on %(host)s with its data (%(data)s). " + _MOVE) % said
            + " If that data is not needed, remove the container %(name)s on %(host)s." % said
        ] = None


def _volumes(stack: Planned, host: str, checked: t.Mapping[str, Json], arriving: t.Sequence[str]) -> t.Iterator[str]:
    """Volumes that no container uses, on a server where the services that may use them are not planned."""
    found = checked[host]
    used = {name for copy in found.get("containers", ()) for name in copy["data"]}
    there = {volume["name"] for volume in found.get("volumes", ()) if volume["project"] == stack.project} - used
    for service, names in found.get("elsewhere", {}).get(stack.name, {}).items():
        wanted = stack.host(service)
        lost = sorted(there & set(names) - _volumes_on(checked, [wanted]))
        if lost and wanted in checked and service not in arriving and not _moved(found, stack, {"service": service}, wanted):
            said = {"stack": stack.name, "service": service, "host": host, "wanted": wanted, "data": ", ".join(lost)}
            yield (
                "Cannot deploy %(stack)s: the volume %(data)s is on %(host)s, and %(service)s, planned on %(wanted)s, would start without it. " % said
                + _MOVE % said
                + " If its data is not needed, remove the volume on %(host)s." % said
            )
    planned = {stack.home, *stack.services.values()}
    lost = sorted(there - _volumes_on(checked, planned))
    if lost and host not in planned and planned - {None} <= set(checked) and not set(stack.services) & set(arriving):
        yield (
            "Cannot deploy %s: the volume %s of it is on %s, where none of its services is planned, and not where they are. Set rack_stacks.%s.host to %s,"
            " deploy, and move the services with their data (playbooks/offload.yml). If the data is not needed, remove the volume on %s."
            % (stack.name, ", ".join(lost), host, stack.name, host, host)
        )


def _volumes_on(checked: t.Mapping[str, Json], hosts: t.Iterable[t.Optional[str]]) -> t.Set[str]:
    return {volume["name"] for host in hosts for volume in checked.get(host or "", {}).get("volumes", ())}
