# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unused objects of a Docker Engine by the hundred: made, counted, and pruned through the engine's own endpoints.

Runs on the server itself and needs nothing but Python and the Docker CLI (for BuildKit):
``objects.py seed NUMBER KIND...``, ``objects.py count`` and ``objects.py prune``, each of which prints JSON.
"""

from __future__ import annotations

import concurrent.futures
import http.client
import io
import itertools
import json
import os
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import typing as t
from pathlib import Path
from urllib.parse import quote

SOCKET = "/var/run/docker.sock"
THREADS = 4

#: In the order in which one releases what the next may then remove.
PRUNE_ENDPOINTS = {
    "containers": "/containers/prune",
    "images": "/images/prune?filters=" + quote(json.dumps({"dangling": ["false"]})),
    "networks": "/networks/prune",
    "volumes": "/volumes/prune",
    "build_cache": "/build/prune?all=true",
}
ENGINES_OWN_NETWORKS = ("bridge", "host", "none")

#: overlay2 mounts no more than 128 layers on each other.
RECORDS_A_BUILD = 100
#: Each build leaves that many records of what it read from its client, beside one for each COPY.
RECORDS_OF_ITS_SOURCES = 3
IMAGE_BYTES = 50_000


class Connection(http.client.HTTPConnection):
    """To the engine's socket; stays open between requests."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)

    def ask(self, method: str, path: str, body: bytes | t.Mapping[str, t.Any] | None = None) -> t.Any:
        """The decoded answer. Without a version in the path the engine takes its newest one."""
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        self.request(method, path, content, {"Content-Type": "application/x-tar" if isinstance(body, bytes) else "application/json"})
        response = self.getresponse()
        said = response.read()
        if response.status >= http.client.BAD_REQUEST:
            sys.exit(f"Cannot {method} {path}: the engine answered {response.status} {said.decode()}")
        return json.loads(said) if said and response.getheader("Content-Type", "").startswith("application/json") else None


def subnet(number: int) -> str:
    """Of its own for each network: the engine has addresses for about 30 networks that name none."""
    return f"10.77.{number // 16}.{number % 16 * 16}/28"


def copies_by_build(records: int) -> list[int]:
    """How many COPY lines each build has, so that all of them together leave this many build cache records."""
    batches = [min(RECORDS_A_BUILD, records - done) for done in range(0, records, RECORDS_A_BUILD)]
    if any(batch <= RECORDS_OF_ITS_SOURCES for batch in batches):
        raise ValueError(f"Cannot leave {records} build cache records: a build leaves {RECORDS_OF_ITS_SOURCES} beside those of its own lines.")
    return [batch - RECORDS_OF_ITS_SOURCES for batch in batches]


def image(number: int) -> bytes:
    """A root file system of one file that no other image has."""
    content = (f"{number} " * IMAGE_BYTES).encode()[:IMAGE_BYTES]
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            member = tarfile.TarInfo(f"file{number}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        return file.getvalue()


def requests(kind: str, number: int) -> tuple[str, str, bytes | dict[str, t.Any]]:
    """What makes the object of this number: method, path, body."""
    if kind == "images":
        return "POST", f"/images/create?fromSrc=-&repo=bench&tag={number}", image(number)
    if kind == "containers":
        return "POST", f"/containers/create?name=bench{number}", {"Image": f"bench:{number}", "Cmd": ["/never"]}
    if kind == "networks":
        return "POST", "/networks/create", {"Name": f"bench{number}", "IPAM": {"Config": [{"Subnet": subnet(number)}]}}
    return "POST", "/volumes/create", {}  # without a name: anonymous


def build(copies: int) -> None:
    """Leave the cache of a build and no image."""
    lines = ["FROM scratch", *(f"COPY file{number} /" for number in range(copies))]
    with tempfile.TemporaryDirectory() as folder:
        for number in range(copies):
            # A record of the same content would be found, not made.
            Path(folder, f"file{number}").write_text(f"{folder} {number}", encoding="ascii")
        Path(folder, "Dockerfile").write_text("\n".join(lines), encoding="ascii")
        command = ["docker", "build", "--quiet", "--network", "none", "--output", "type=cacheonly", folder]
        subprocess.run(command, env={**os.environ, "DOCKER_BUILDKIT": "1"}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


def seed(number: int, kinds: t.Collection[str]) -> None:
    """``number`` objects of each of ``kinds``; containers need the images."""
    local = threading.local()

    def make(kind: str, at: int) -> None:
        if not hasattr(local, "engine"):
            local.engine = Connection("localhost")
        local.engine.ask(*requests(kind, at))

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        for kind in ("images", "containers", "volumes", "networks"):
            if kind in kinds:
                list(pool.map(make, itertools.repeat(kind), range(number)))
    if "build_cache" in kinds:
        for copies in copies_by_build(number):
            build(copies)


def count() -> dict[str, int]:
    """What the engine holds of each kind."""
    engine = Connection("localhost")
    return {
        "containers": len(engine.ask("GET", "/containers/json?all=1")),
        "images": len(engine.ask("GET", "/images/json?all=1")),
        "networks": sum(network["Name"] not in ENGINES_OWN_NETWORKS for network in engine.ask("GET", "/networks")),
        "volumes": len(engine.ask("GET", "/volumes")["Volumes"] or ()),
        "build_cache": len(engine.ask("GET", "/system/df?type=build-cache")["BuildCache"] or ()),
    }


def prune() -> dict[str, float]:
    """Everything, through the engine's endpoints one after the other; the seconds that took, connecting included."""
    start = time.perf_counter()
    engine = Connection("localhost")
    for path in PRUNE_ENDPOINTS.values():
        engine.ask("POST", path)
    return {"seconds": time.perf_counter() - start}


def main(verb: str, *arguments: str) -> None:
    if verb == "seed":
        seed(int(arguments[0]), arguments[1:])
    print(json.dumps(prune() if verb == "prune" else count()))


if __name__ == "__main__":
    main(*sys.argv[1:])
