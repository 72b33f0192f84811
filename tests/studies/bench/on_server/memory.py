# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Idle containers by the hundred, and three ways to read what memory they use.

Runs on the server itself: ``memory.py start NUMBER IMAGE`` (so many in all), ``memory.py restart``, ``memory.py remove``, and the
ways ``memory.py gather``, ``memory.py stats`` and ``memory.py sdk``. Each prints JSON; a way the seconds that it took, imports not counted.
"""

from __future__ import annotations

import concurrent.futures
import json
import subprocess
import sys
import time
import typing as t

from tests.studies.bench.on_server.objects import Connection

LABEL = "mycosoft.rack.bench"
#: More at once, and on a small server one waits for seconds between its creation and its start, which no real one does.
THREADS = 2
LISTED = "/containers/json?all=1&filters=%7B%22label%22%3A%5B%22" + LABEL + "%22%5D%7D"
LIMIT = 64 << 20
SDK_THREADS = 32


def ids() -> list[str]:
    return [container["Id"] for container in Connection("localhost").ask("GET", LISTED)]


def each(method: str, path: str, containers: t.Iterable[str]) -> None:
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda container: Connection("localhost").ask(method, path % container), containers))


def start(number: int, image: str) -> int:
    """Create and start what is missing to that many."""
    body: dict[str, t.Any] = {
        "Image": image,
        "Cmd": ["sleep", "infinity"],
        "Labels": {LABEL: "", "com.docker.compose.project": LABEL, "com.docker.compose.service": "idle", "com.docker.compose.config-hash": "c0ffee"},
        "HostConfig": {"Memory": LIMIT, "MemorySwap": LIMIT, "NetworkMode": "none"},
    }

    def one(_number: int) -> None:
        engine = Connection("localhost")
        engine.ask("POST", "/containers/%s/start" % engine.ask("POST", "/containers/create", body)["Id"])

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, range(number - len(ids()))))
    return len(ids())


def gather() -> float:
    """What memory_check does before it judges, connecting included."""
    from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
    from ansible_collections.mycosoft.rack.plugins.module_utils._memory.check import observe
    from ansible_collections.mycosoft.rack.plugins.modules.memory_check import argument_spec

    params = {name: option.get("default") for name, option in argument_spec().items()}
    begun = time.perf_counter()
    situation, _swapped, _blind = observe(params, Kernel())
    seconds = time.perf_counter() - begun
    if len(situation.containers) < len(ids()):
        sys.exit("Cannot measure memory_check: it left out containers.")
    return seconds


def stats() -> float:
    """The command that people type."""
    begun = time.perf_counter()
    subprocess.run(["docker", "stats", "--no-stream"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def sdk() -> float:
    """The Docker SDK for Python, a thread for each of many containers."""
    import docker

    begun = time.perf_counter()
    client = docker.from_env()
    with concurrent.futures.ThreadPoolExecutor(SDK_THREADS) as pool:
        list(pool.map(lambda container: container.stats(stream=False), client.containers.list()))
    return time.perf_counter() - begun


def main(verb: str, *arguments: str) -> None:
    said: dict[str, t.Any]
    if verb == "start":
        said = {"containers": start(int(arguments[0]), arguments[1])}
    elif verb in ("restart", "remove"):
        method, path = {"restart": ("POST", "/containers/%s/restart?t=0"), "remove": ("DELETE", "/containers/%s?force=1")}[verb]
        each(method, path, ids())
        said = {"containers": len(ids())}
    else:
        said = {"seconds": {"gather": gather, "stats": stats, "sdk": sdk}[verb]()}
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
