# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench-memory``: what memory_check costs beside the other ways to learn what containers use.

Its gathering is held against ``docker stats`` and the stats of the Docker SDK, all on the server itself; the whole playbook against one
that runs ``docker stats`` and one that does nothing. Then the plan of many hosts is timed here.
"""

from __future__ import annotations

import datetime
import functools
import importlib
import importlib.metadata
import os
import statistics
import sys
import time
import typing as t
from pathlib import Path

from tests.rig.rig import Rig
from tests.studies.bench.command import command
from tests.support.figures import Measured, grid, middle, ratios, table
from tests.support.module_server import ModuleServer
from tests.support.playbooks import run_playbook
from tests.support.repository import ROOT
from tests.support.rounds import in_turn, load, measure, progress

HERE = Path(__file__).parent
PROGRAM = HERE / "on_server" / "memory.py"
SERVER = "sandbox"
IMAGE = "python:3.13-slim"
MODULE = "ansible_collections.mycosoft.rack.plugins.modules.memory_check"
MIB = 1 << 20

#: Ways to ask, as memory.py on the server knows them.
WAYS = {"memory_check": "gather", "docker stats": "stats", "SDK in threads": "sdk"}
PLAYBOOKS = {"memory_check": "memory_ours.yml", "docker stats": "memory_stats.yml", "ping": "memory_ping.yml"}

PLANNED_HOSTS = 200
SERVICES_OF_A_HOST = 10

Turns = t.Mapping[str, t.Sequence[float]]


def gathering(server: ModuleServer, title: str, ways: t.Iterable[str], rounds: int) -> list[Measured]:
    """The ways in turn, on the server."""

    def once(name: str) -> float:
        seconds = float(server.python(PROGRAM, WAYS[name])["seconds"])
        progress(f"{seconds:8.3f} s  {name}, {title}")
        return seconds

    taken = in_turn({name: functools.partial(once, name) for name in ways}, rounds)
    return [Measured(name, tuple(turns)) for name, turns in taken.items()]


def row(title: str, measured: t.Sequence[Measured]) -> tuple[str, ...]:
    ours, *others = measured
    milliseconds = tuple(seconds * 1000 for seconds in ours.seconds)
    factors = [middle(ratios(other, ours), 0) for other in others]
    return title, middle(milliseconds, 1), middle(others[0].seconds, 2), factors[0], *((middle(others[1].seconds, 2), factors[1]) if others[1:] else ("-", "-"))


def each_container(measured: t.Mapping[int, t.Sequence[Measured]]) -> str:
    """What one container more adds, between the fewest and the most of them."""
    few, most = min(measured), max(measured)
    costs = [
        (statistics.median(ours.seconds), statistics.median(stats.seconds), number)
        for number, (ours, stats, *_rest) in ((number, measured[number]) for number in (few, most))
    ]
    if few == most:
        return "A container more: not measured with one number of them."
    ours, stats = ((costs[1][way] - costs[0][way]) / (most - few) * 1000 for way in (0, 1))
    return f"A container more adds {ours:.2f} ms, to docker stats {stats:.1f} ms."


def whole_module(server: ModuleServer, rounds: int) -> str:
    """From the start of main() to its end, and what it takes of memory, beside a module that does nothing."""
    ways = {"ours": functools.partial(server.module, MODULE, {}), "empty": functools.partial(server.module, "ansible.modules.ping", {})}
    ours, empty = in_turn(ways, rounds).values()
    mine, its = ([middle([work.imports for work in works], 2), middle([work.peak / MIB for work in works], 1)] for works in (ours, empty))
    seconds = middle([work.seconds * 1000 for work in ours], 0)
    return f"{seconds} ms after imports of {mine[0]} s, peak {mine[1]} MiB;\nan empty module: imports {its[0]} s, peak {its[1]} MiB."


def playbooks(rig: Rig, number: int, rounds: int) -> str:
    """Three playbooks of one task, seen from the controller."""
    ways = {name: functools.partial(run_playbook, str(HERE / file), rig.inventory) for name, file in PLAYBOOKS.items()}
    ours, *others = measure(ways, rounds)
    return f"Whole playbook, {number} containers\n{table(ours, others)}"


def simulated() -> tuple[dict[str, t.Any], list[str], dict[str, list[dict[str, t.Any]]]]:
    """An inventory of many hosts with a stack each, and what memory_check would have told of them."""
    names = [f"host{number}" for number in range(PLANNED_HOSTS)]
    stacks = {
        f"stack-{name}": {
            "host": name,
            "directory": "/srv/stack",
            "files": ["compose.yml"],
            "services": {f"service{at}": {"memory": "4G", "reservation": "1G"} for at in range(SERVICES_OF_A_HOST)},
        }
        for name in names
    }
    stray = {"name": "stray", "project": None, "service": None, "limit": None, "working_set": 100 * MIB}
    return stacks, names, {name: [stray] for name in names}


def planning(rounds: int) -> str:
    """The filter alone, on this machine."""
    sys.path.append(str(ROOT / ".ansible" / "collections"))  # where Ansible finds the collection, and nobody else looks
    memory_plan = importlib.import_module("ansible_collections.mycosoft.rack.plugins.filter.memory_plan").memory_plan
    stacks, hosts, containers = simulated()
    seconds = []
    for _round in range(rounds):
        start = time.perf_counter()
        plan = memory_plan(stacks, hosts, reserve="6G", memory=dict.fromkeys(hosts, "62G"), containers=containers)
        seconds.append(time.perf_counter() - start)
    if len(plan["hosts"]) != PLANNED_HOSTS:
        sys.exit("Cannot measure memory_plan: it left out hosts.")
    return f"{PLANNED_HOSTS} hosts of {SERVICES_OF_A_HOST} services each and what was measured on them, planned here: {middle(seconds, 2)} s."


def bench(rig: Rig, sizes: t.Sequence[int], rounds: int) -> str:
    """Measure on a rig that is up; the result is the text to print."""
    server, before = ModuleServer(rig, SERVER, PROGRAM.parent), load()
    rig.run(SERVER, ["docker", "pull", "--quiet", IMAGE])
    measured = {}
    for size in sorted(sizes):
        progress(f"          {server.python(PROGRAM, 'start', str(size), IMAGE)['containers']} containers run")
        measured[size] = gathering(server, f"{size} containers", WAYS, rounds)
    module = whole_module(server, rounds)
    whole = playbooks(rig, max(sizes), rounds)
    server.python(PROGRAM, "restart")
    restarted = gathering(server, f"{max(sizes)} restarted containers", ["memory_check", "docker stats"], rounds)
    heading = ("containers", "memory_check, ms", "docker stats, s", "times faster", "SDK in threads, s", "times faster")
    return (
        f"memory_check beside other ways to learn the same: median (lowest to highest), rounds in turn: {rounds}, after a warm-up of each.\n"
        f"{datetime.date.today()}, ansible-core {importlib.metadata.version('ansible-core')}, {server.versions()},\n"
        f"{os.cpu_count()} CPUs for server and controller, load {before} before and {load()} after.\n"
        "Between machines compare the ratios, not the seconds.\n\n"
        "Gathering, on the server, imports not counted; of containers that were started after they had been created, as after a boot, the engine\n"
        "is asked one by one\n"
        f"{grid([heading, *(row(str(size), turns) for size, turns in measured.items()), row(f'{max(sizes)}, restarted', restarted)])}\n"
        f"{each_container(measured)}\n"
        f"The whole module with {max(sizes)}: {module}\n\n"
        f"{whole}\n\n{planning(rounds)}"
    )


if __name__ == "__main__":
    sys.exit(command(bench, "memory", __doc__ or "", SERVER, of="containers", sizes=[10, 50, 100], smallest=1, rounds=5))
