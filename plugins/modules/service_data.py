#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_data
short_description: List the data of services that move to another server, and what blocks the move
description:
  - With O(state=leaving), on the server where the services run, lists their containers, named volumes, directories and ports.
  - With O(state=arriving), on the server that is to run them, lists what blocks the move there.
  - Changes nothing.
version_added: "0.1.0"
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.docker
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details:
      - Nothing is ever changed.
  idempotent:
    support: full
options:
  state:
    description: Whether this is the server that the services leave, or the one at which they arrive.
    type: str
    choices: [leaving, arriving]
    required: true
  project:
    description: Compose project of the services.
    type: str
    required: true
  services:
    description: The services that move.
    type: list
    elements: str
    required: true
  checkouts:
    description: Directories of git checkouts. What is mounted from there is not copied.
    type: list
    elements: path
    default: []
  data:
    description: What the module returned on the other server; required with O(state=arriving).
    type: dict
"""

EXAMPLES = r"""
- name: List the data of two services
  mycosoft.rack.service_data:
    state: leaving
    project: always-on
    services: [mindex-api, mindex-db]
  become: true
"""

RETURN = r"""
containers:
  description: The containers of the services, each with C(id), C(name) and C(running).
  returned: with O(state=leaving)
  type: list
  elements: dict
volumes:
  description: Their named volumes, each with C(name), C(path), C(labels) and C(size), the bytes of its files.
  returned: with O(state=leaving)
  type: list
  elements: dict
  sample: [{name: always-on_data, path: /var/lib/docker/volumes/always-on_data/_data, labels: {}, size: 52428800}]
binds:
  description: Directories and files of the server that they mount, each with C(path) and C(size).
  returned: with O(state=leaving)
  type: list
  elements: dict
ports:
  description: Ports of the server that they publish.
  returned: with O(state=leaving)
  type: list
  elements: int
architecture:
  description: CPU architecture of the engine's machine.
  returned: always
  type: str
  sample: x86_64
problems:
  description: What blocks the move, one sentence each.
  returned: always
  type: list
  elements: str
"""

import os
import socket
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, InvalidInput, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import DOCKER_OPTIONS, Engine, NotFound, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.volumes import anonymous_volumes
from ansible_collections.mycosoft.rack.plugins.module_utils._host.disk import measure
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.data import leaving, parents

Json = t.Dict[str, t.Any]

#: Minimum disk for an image and a container beside the data.
_MARGIN = 1 << 30


def argument_spec() -> Facts:
    return {
        "state": {"type": "str", "choices": ["leaving", "arriving"], "required": True},
        "project": {"type": "str", "required": True},
        "services": {"type": "list", "elements": "str", "required": True},
        "checkouts": {"type": "list", "elements": "path", "default": []},
        "data": {"type": "dict"},
        **DOCKER_OPTIONS,
    }


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


def on_source(engine: Engine, params: t.Mapping[str, t.Any]) -> Facts:
    found = leaving(inspected(engine), params["project"], params["services"], params["checkouts"], anonymous_volumes(engine))
    volumes = []
    for name in found.volumes:
        about = engine.get("/volumes/%s" % name)
        volumes.append({"name": name, "path": about["Mountpoint"], "labels": about.get("Labels") or {}, "size": size_of(about["Mountpoint"])})
    directories = parents(found.binds)
    binds = [{"path": path, "size": size_of(path)} for path in directories]
    problems = [*found.problems, *("%s is a file, not a directory: copy it to the other server by hand." % path for path in directories if is_file(path))]
    return {"containers": found.containers, "volumes": volumes, "binds": binds, "ports": list(found.ports), "problems": problems}


def on_target(engine: Engine, params: t.Mapping[str, t.Any], info: Json) -> t.List[str]:
    data = params["data"]
    if data is None:
        raise InvalidInput("Cannot check what blocks the move: data is missing. Pass what the module returned on the other server.")
    problems = []
    if data["architecture"] != info["Architecture"]:
        problems.append("its architecture is %s, that of the other server is %s." % (info["Architecture"], data["architecture"]))
    own = leaving(inspected(engine), params["project"], params["services"], (), ()).ports
    problems += ["port %d is taken." % port for port in data["ports"] if port not in own and taken(port)]
    need, disk = sum(one["size"] for one in data["volumes"] + data["binds"]), measure(info["DockerRootDir"])
    if disk is not None and disk.free < need + _MARGIN:
        problems.append("%s are free in %s, the data takes %s, and %s for images." % (human(disk.free), info["DockerRootDir"], human(need), human(_MARGIN)))
    return problems


def taken(port: int) -> bool:
    """Whether a process listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return True
    return False


def run(module: AnsibleModule) -> Facts:
    params = module.params
    engine = connect(params)
    info = engine.get("/info")
    facts = on_source(engine, params) if params["state"] == "leaving" else {"problems": on_target(engine, params, info)}
    return {"changed": False, "architecture": info["Architecture"], **facts}


def main() -> None:
    reported(AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True), run)


if __name__ == "__main__":
    main()
