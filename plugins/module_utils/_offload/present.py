# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services have containers and data on this server, wherever they are planned. Reads only."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.bounded import Run
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import Field, Fields, each
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import state_path
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Engine
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.compose import STACK, Compose, ComposeRefused, read_stacks
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import PROJECT, copy_of, of_entry
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.volumes import is_anonymous
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.host_paths import is_runtime, is_system, normal
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.moved import Moved, Places, is_old, read_moved, read_places

Json = t.Dict[str, t.Any]

_STACK: Fields = {**STACK, "elsewhere": Field(each(dict), default={})}

#: The directory in which somebody ran Compose.
WORKING_DIRECTORY = "com.docker.compose.project.working_dir"


def records_of(directory: str) -> t.Tuple[Moved, Places, t.List[str]]:
    """Which services moved away, whose data is here, and why that cannot be read."""
    try:
        return read_moved(state_path(directory, "moved")), read_places(state_path(directory, "moved_data")), []
    except RackError as error:
        return {}, Places(), [error.message]


def still_here(engine: t.Optional[Engine], places: Places, moved: Moved) -> t.List[Json]:
    """What services left here when they moved and still exists; volumes are not among it where no engine answers."""
    old = [place for place in places.left if is_old(place, moved)]
    volumes = {volume["Name"] for volume in engine.get("/volumes").get("Volumes") or ()} if engine and old else ()
    found = (place for place in old if (place.volume in volumes if place.volume else os.path.lexists(place.path)))
    return [{**dataclasses.asdict(place), "services": list(place.services)} for place in found]


def present(engine: Engine, params: t.Mapping[str, t.Any], run: Run) -> Json:
    """What service_data returns of a server. Raises RackError where its records or the engine cannot be read."""
    moved, places, unreadable = records_of(params["state_directory"])
    if unreadable:
        raise RackError(" ".join(unreadable))
    volumes = volumes_here(engine.get("/volumes").get("Volumes") or (), places, moved)
    elsewhere = {name: _elsewhere(run, stack) for name, stack in read_stacks(params["stacks"], _STACK).items()}
    return {"containers": copies_here(engine.containers()), "volumes": volumes, "elsewhere": elsewhere, "moved": moved}


def _elsewhere(run: Run, stack: Json) -> t.Dict[str, t.List[str]]:
    """The volumes of services that are planned on other servers; none where the files cannot be read."""
    try:
        return volumes_of(Compose(run, stack).configuration(), stack["elsewhere"]) if stack["elsewhere"] and Compose(run, stack).checked_out else {}
    except ComposeRefused:
        return {}


def copies_here(entries: t.Sequence[Json]) -> t.List[Json]:
    """The copies of services, running or not. ``entries``: of ``GET /containers/json``. ``data``: their volumes, and the directories that they may write to."""
    found = ((copy_of(of_entry(entry)), entry) for entry in entries)
    return [
        {
            "id": entry["Id"],
            "name": entry["Names"][0].lstrip("/"),
            "project": copied[0],
            "service": copied[1],
            "directory": of_entry(entry).get(WORKING_DIRECTORY),
            "running": entry["State"] == "running",
            "data": list(dict.fromkeys(_data(entry.get("Mounts") or ()))),
        }
        for copied, entry in found
        if copied
    ]


def _data(mounts: t.Sequence[Json]) -> t.Iterator[str]:
    for mount in mounts:
        source = normal(str(mount.get("Source", "")))
        if mount["Type"] == "volume":
            yield str(mount.get("Name") or source)
        elif mount["Type"] == "bind" and mount.get("RW", True) and not is_runtime(source) and not is_system(source):
            yield source


def volumes_here(volumes: t.Sequence[Json], places: Places, moved: Moved) -> t.List[Json]:
    """Named volumes that Compose made, without those that services left here when they moved. ``volumes``: of ``GET /volumes``."""
    old = {place.volume for place in places.left if is_old(place, moved)}
    named = ((volume["Name"], volume.get("Labels") or {}) for volume in volumes)
    return [{"name": name, "project": labels[PROJECT]} for name, labels in named if PROJECT in labels and name not in old and not is_anonymous(name, labels)]


def volumes_of(configuration: Json, services: t.Iterable[str]) -> t.Dict[str, t.List[str]]:
    """Service -> the names of its volumes. ``configuration``: what Compose made of the files."""
    names = {key: str((volume or {}).get("name") or key) for key, volume in (configuration.get("volumes") or {}).items()}
    listed = {service: (configuration.get("services") or {}).get(service) or {} for service in services}
    return {
        service: [names.get(mount["source"], mount["source"]) for mount in about.get("volumes") or () if mount.get("type") == "volume" and mount.get("source")]
        for service, about in listed.items()
    }
