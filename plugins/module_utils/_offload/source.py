# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that services leave: what data of theirs is where. Reads only."""

from __future__ import annotations

import dataclasses
import os
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Engine, NotFound
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.volumes import anonymous_volumes
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.data import FILE, Moving, Stays, leaving
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.host_paths import below, parents

Json = t.Dict[str, t.Any]


def size_of(path: str) -> int:
    """Allocated bytes of all files below a path; files that vanish meanwhile do not count."""
    if is_file(path):
        return Path(path).lstat().st_size
    return sum(_allocated(Path(folder) / name) for folder, _folders, files in os.walk(path) for name in files)


def _allocated(path: Path) -> int:
    try:
        return path.lstat().st_blocks * 512
    except OSError:
        return 0


def is_file(path: str) -> bool:
    return os.path.lexists(path) and not Path(path).is_dir()


def inspected(engine: Engine) -> t.List[Json]:
    """Every container that does not vanish meanwhile."""

    def one(identity: str) -> t.Optional[Json]:
        try:
            return engine.inspect(identity)
        except NotFound:
            return None

    found = (one(entry["Id"]) for entry in engine.containers())
    return [detail for detail in found if detail is not None]


def on_source(engine: Engine, params: t.Mapping[str, t.Any], info: Json) -> Json:
    kept = [params["state_directory"], info["DockerRootDir"]]
    moving = Moving(params["project"], params["services"], params["checkouts"], kept, params["directories"])
    found = leaving(inspected(engine), moving, anonymous_volumes(engine))
    problems, volumes = list(found.problems), []
    for name, services in found.volumes.items():
        about = engine.get("/volumes/%s" % name)
        problems += mounted(name, about.get("Options") or {})
        volumes.append({"name": name, "services": services, "labels": about.get("Labels") or {}, **directory(about["Mountpoint"])})
    files = [path for path in found.binds if is_file(path)]
    stays = [*found.stays.values(), *(Stays(path, FILE, True) for path in files)]
    places = parents(path for path in found.binds if path not in files)
    binds = [{"services": [one for path in found.binds if below(path, place) for one in found.binds[path]], **directory(place)} for place in places]
    problems += [
        "%s is mounted, and does not exist any more. Restore it, or remove it from the Compose file." % path for path in places if not os.path.lexists(path)
    ]
    facts = {"containers": found.containers, "volumes": volumes, "binds": binds, "ports": found.ports, "dependants": found.dependants}
    return {**facts, "stays": [{**dataclasses.asdict(one), "file": is_file(one.path)} for one in stays], "problems": problems}


def mounted(name: str, options: t.Mapping[str, str]) -> t.Iterator[str]:
    """Why a local volume with options cannot move. Their values are not shown: a password can be among them."""
    if options.get("type") == "none" and options.get("device"):
        yield (
            "the volume %s is a mount of %s, which its directory shows only while a container uses it. Mount %s itself in the Compose file, and deploy."
            % (name, options["device"], options["device"])
        )
    elif options:
        kind = options.get("type") or ", ".join(sorted(options))
        yield (
            "the volume %s has driver options (%s): its data is elsewhere, or shown only while a container uses it."
            " Only plain volumes and directories move: give the service one of these, and deploy." % (name, kind)
        )


def directory(path: str) -> Json:
    """What identifies a directory and its content. Its inode is another one where something is mounted there; a reboot changes the device only."""
    try:
        with os.scandir(path) as entries:
            return {"path": path, "size": size_of(path), "empty": next(entries, None) is None, "inode": Path(path).stat().st_ino}
    except FileNotFoundError:
        return {"path": path, "size": 0, "empty": True, "inode": 0}
    except OSError as error:
        raise RackError("Cannot look at the data in %s: %s. Run as root." % (path, error.strerror)) from error


def after_stop(data: Json) -> t.Iterator[str]:
    """What is no longer where it was: a mount that ended with the containers shows another directory, as a rule an empty one."""
    for before in [*data["volumes"], *data["binds"]]:
        now = directory(before["path"])
        if now["inode"] != before["inode"]:
            yield "%s is another directory than before: something was mounted there, and is not any more, or the other way round." % before["path"]
        elif now["empty"] and not before["empty"]:
            yield "%s held data before, and is empty now." % before["path"]
