# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that is to run services, or ran them once: what may be overwritten or removed there. Reads only."""

from __future__ import annotations

import dataclasses
import os
import socket
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import state_path
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Engine, NotFound
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import PROJECT
from ansible_collections.mycosoft.rack.plugins.module_utils._host.disk import measure
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.data import Moving, in_the_way, leaving, users
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.host_paths import normal
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.moved import is_old, read_moved, read_places
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.source import inspected

Json = t.Dict[str, t.Any]

#: Minimum disk for an image and a container beside the data.
_MARGIN = 1 << 30


def on_target(engine: Engine, params: t.Mapping[str, t.Any], info: Json) -> Json:
    data = params["data"]
    directories, details = [*data["volumes"], *data["binds"]], inspected(engine)
    moving = Moving(params["project"], params["services"])
    problems = []
    if data["architecture"] != info["Architecture"]:
        problems.append("its architecture is %s, that of the other server is %s." % (info["Architecture"], data["architecture"]))
    if data["root"] != info["DockerRootDir"] and data["volumes"]:
        problems.append(
            "Docker keeps volumes in %s here, and in %s on the other server. Use the same data-root on both." % (info["DockerRootDir"], data["root"])
        )
    own = leaving(details, moving, ()).ports
    problems += ["port %d is taken." % port for port in data["ports"] if port not in own and taken(port)]
    need, disk = sum(one["size"] for one in directories), measure(info["DockerRootDir"])
    if disk is not None and disk.free < need + _MARGIN:
        problems.append("%s are free in %s, the data takes %s, and %s for images." % (human(disk.free), info["DockerRootDir"], human(need), human(_MARGIN)))
    problems += in_the_way(details, moving, [one["name"] for one in data["volumes"]], [one["path"] for one in data["binds"]])
    problems += [problem for volume in data["volumes"] for problem in of_another(engine, volume)]
    problems += not_ours(params, directories)
    return {"problems": problems, "missing": [one["path"] for one in data["stays"] if not os.path.lexists(one["path"])]}


def of_another(engine: Engine, volume: Json) -> t.Iterator[str]:
    """Whether a volume of this name is another one than that which moves, empty or not."""
    try:
        about = engine.get("/volumes/%s" % volume["name"])
    except NotFound:
        return
    owner, wanted = (labels.get(PROJECT) for labels in (about.get("Labels") or {}, volume["labels"]))
    if owner != wanted:
        yield "the volume %s belongs to %s there. Rename or remove it." % (volume["name"], "the project %s" % owner if owner else "no project")
    elif about.get("Driver", "local") != "local" or about.get("Options"):
        yield "the volume %s has a driver or driver options there, unlike the one that moves. Rename or remove it." % volume["name"]


def not_ours(params: t.Mapping[str, t.Any], directories: t.Sequence[Json]) -> t.Iterator[str]:
    """Directories that hold something, and that no record says is of this move."""
    moved = read_moved(state_path(params["state_directory"], "moved"))
    places = read_places(state_path(params["state_directory"], "moved_data"))
    allowed = {*params["overwrite"], *(normal(name) for name in params["overwrite"] if name.startswith("/"))}
    for one in directories:
        name = one.get("name") or one["path"]
        if not is_empty(one["path"]) and not places.ours(one["path"], params["stack"], params["origin"], moved) and not {name, one["path"]} & allowed:
            yield (
                "%s is not empty there, and no earlier move of %s put it there. A copy would overwrite it. Save it elsewhere or remove it;"
                " if nobody needs it, name it in offload_overwrite." % (name, ", ".join(params["services"]))
            )


def is_empty(path: str) -> bool:
    """Whether there is nothing to overwrite. What is no directory counts as data."""
    if not os.path.lexists(path):
        return True
    try:
        with os.scandir(path) as entries:
            return next(entries, None) is None
    except NotADirectoryError:
        return False


def left_behind(engine: Engine, params: t.Mapping[str, t.Any]) -> t.List[Json]:
    moved = read_moved(state_path(params["state_directory"], "moved"))
    places = read_places(state_path(params["state_directory"], "moved_data"))
    volumes = {volume["Name"] for volume in engine.get("/volumes").get("Volumes") or ()}
    old = [place for place in places.left if place.volume in volumes and is_old(place, moved)]
    details = inspected(engine) if old else []
    return [
        {
            **dataclasses.asdict(place),
            "services": list(place.services),
            "users": [detail["Name"].lstrip("/") for detail, _what in users(details, [str(place.volume)], ())],
        }
        for place in old
    ]


def taken(port: int) -> bool:
    """Whether a process listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return True
    return False
