# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What really is on the rig's servers, asked of the servers themselves."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from tests.rig.rig import Rig

SERVERS = ("sandbox", "overflow1", "overflow2")


def docker(rig: Rig, server: str, *arguments: str) -> str:
    """What ``docker`` with these arguments prints on the server."""
    done = rig.run(server, ["docker", *arguments])
    assert done.returncode == 0, f"docker {' '.join(arguments)} on {server}: {done.stderr}"
    return done.stdout


def containers(rig: Rig, server: str) -> dict[str, dict[str, Any]]:
    """Every container of the server by name, as ``docker inspect`` gives it."""
    ids = docker(rig, server, "ps", "--all", "--quiet", "--no-trunc").split()
    found = json.loads(docker(rig, server, "inspect", *ids)) if ids else []
    return {container["Name"].lstrip("/"): container for container in found}


def services(rig: Rig, server: str) -> dict[str, dict[str, Any]]:
    """The containers of Compose services, by service name."""
    labelled = ((container["Config"]["Labels"].get("com.docker.compose.service"), container) for container in containers(rig, server).values())
    return {service: container for service, container in labelled if service}


def running(rig: Rig, server: str) -> dict[str, tuple[str, str]]:
    """Id and start time of every container that runs: equal before and after means that nothing was touched."""
    return {name: (container["Id"], container["State"]["StartedAt"]) for name, container in containers(rig, server).items() if container["State"]["Running"]}


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """All that a deploy could change on one server."""

    containers: str
    images: str
    networks: str
    volumes: str
    files: str

    def changes(self, after: Snapshot) -> list[str]:
        """The lines that are in one of the two only."""
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(after), strict=True)
        return sorted(line for mine, other in pairs for line in set(mine.splitlines()) ^ set(other.splitlines()))


def snapshot(rig: Rig, server: str) -> Snapshot:
    """Objects of the engine and the files (with size and time of change) that a deploy writes.

    Left out is what Ansible, git and the Docker client write for themselves when they are merely asked.
    """
    caches = [word for path in ("*/.ansible*", "*/.git/index", "*/.docker/*") for word in ("-not", "-path", path)]
    find = ["find", "/home/mycosoft", "/srv", *caches, "-type", "f", "-printf", "%p %s %T@\\n"]
    return Snapshot(
        # not the whole state: the log of the health check goes on
        containers="\n".join(
            f"{name} {value['Id']} {value['State']['Status']} {value['State']['StartedAt']}" for name, value in containers(rig, server).items()
        ),
        images=docker(rig, server, "images", "--all", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"),
        networks=docker(rig, server, "network", "ls", "--no-trunc", "--format", "{{.ID}} {{.Name}}"),
        volumes=docker(rig, server, "volume", "ls", "--format", "{{.Name}}"),
        files="\n".join(sorted(rig.run(server, find).stdout.splitlines())),
    )
