# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench-prune``: what docker_prune costs beside what removes the same objects without looking at them.

Its own work is held against the engine's prune endpoints, both on the server itself; the whole playbook against one task of
community.docker and against five commands. Before every run the server is filled anew, and after it nothing may be left, whoever pruned.
"""

from __future__ import annotations

import datetime
import functools
import importlib.metadata
import os
import sys
import typing as t
from pathlib import Path

import yaml

from tests.rig.rig import Rig
from tests.studies.bench.command import command
from tests.studies.bench.on_server.objects import PRUNE_ENDPOINTS
from tests.studies.bench.pruned_server import PROGRAM, PrunedServer
from tests.support.figures import Measured, grid, middle, ratios, table
from tests.support.module_server import Work
from tests.support.playbooks import run_playbook
from tests.support.repository import installed
from tests.support.rounds import in_turn, load, measure, progress

HERE = Path(__file__).parent
MODULE = "mycosoft.rack.docker_prune"
SERVER = "sandbox"
PLAYBOOK_SIZE = 50
#: A bridge network costs the engine a fifth of a second, most of it in iptables: more than this many are worth one round less.
MANY_NETWORKS = 50
MIB = 1 << 20

Turns = t.Mapping[str, t.Sequence[Work]]


def options() -> dict[str, t.Any]:
    """What the module gets in the playbook, so that both measure the same."""
    [play] = yaml.safe_load((HERE / "prune_ours.yml").read_text(encoding="utf-8"))
    given: dict[str, t.Any] = play["tasks"][0][MODULE]
    return given


def scenarios(sizes: t.Iterable[int]) -> t.Iterator[tuple[int, bool]]:
    """Every size without networks, and with them, which hide everything else."""
    return ((size, networks) for size in sizes for networks in (False, True))


def title(size: int, networks: bool) -> str:
    return f"{size} of each kind" if networks else f"{size}, no networks"


def kinds(networks: bool) -> list[str]:
    return [kind for kind in PRUNE_ENDPOINTS if networks or kind != "networks"]


def own_work(server: PrunedServer, size: int, networks: bool, rounds: int) -> Turns:
    """The module and the endpoints, both on the server, in turn."""

    def once(name: str, way: t.Callable[[], Work]) -> Work:
        with server.filled(size, kinds(networks)):
            work = way()
        progress(f"{work.seconds:6.2f} s  {name}, {title(size, networks)}")
        return work

    ways: dict[str, t.Callable[[], Work]] = {
        "docker_prune": functools.partial(server.module, "ansible_collections.mycosoft.rack.plugins.modules.docker_prune", options()),
        "prune endpoints": server.endpoints,
    }
    fewer = max(1, rounds - 1) if networks and size > MANY_NETWORKS else rounds
    return in_turn({name: functools.partial(once, name, way) for name, way in ways.items()}, fewer)


def own_row(size: int, networks: bool, turns: Turns) -> tuple[str, ...]:
    ours, endpoints = (Measured(name, tuple(work.seconds for work in works)) for name, works in turns.items())
    peak = [work.peak / MIB for work in turns["docker_prune"]]
    return title(size, networks), middle(ours.seconds, 2), middle(endpoints.seconds, 2), middle(ratios(ours, endpoints), 2), middle(peak, 1)


def playbooks(rig: Rig, server: PrunedServer, networks: bool, rounds: int) -> str:
    """Three playbooks that remove the same, seen from the controller."""
    files = {MODULE: "prune_ours.yml", "community.docker.docker_prune": "prune_community.yml", "five commands": "prune_commands.yml"}
    ways = {name: functools.partial(run_playbook, str(HERE / file), rig.inventory) for name, file in files.items()}
    ours, *others = measure(ways, rounds, functools.partial(server.filled, PLAYBOOK_SIZE, kinds(networks)))
    return f"Whole playbook, {title(PLAYBOOK_SIZE, networks)}\n{table(ours, others)}"


def versions(server: PrunedServer) -> str:
    return f"ansible-core {importlib.metadata.version('ansible-core')}, community.docker {installed('community.docker')}, {server.versions()}"


def bench(rig: Rig, sizes: t.Sequence[int], rounds: int) -> str:
    """Measure on a rig that is up; the result is the text to print."""
    server = PrunedServer(rig, SERVER, PROGRAM.parent)
    disk, before = server.file_system(), load()
    server.endpoints()  # what a run that was killed left
    empty = in_turn({"empty module": functools.partial(server.module, "ansible.modules.ping", {})}, rounds)["empty module"]
    works = [(size, networks, own_work(server, size, networks, rounds)) for size, networks in scenarios(sizes)]
    whole = [playbooks(rig, server, networks, rounds) for networks in (False, True)]
    imports = [work.imports for _size, _networks, turns in works for work in turns["docker_prune"]]
    heading = ("objects", "docker_prune, seconds", "prune endpoints, seconds", "ours / it", "docker_prune, peak MiB")
    return (
        f"docker_prune beside what removes the same objects: median (lowest to highest), rounds in turn: {rounds}, after a warm-up of each,\n"
        f"one round less with more than {MANY_NETWORKS} networks. After every run nothing was left. Kinds: {', '.join(kinds(True))}.\n"
        f"{datetime.date.today()}, {versions(server)},\n"
        f"{os.cpu_count()} CPUs for server and controller, load {before} before and {load()} after. {disk}.\n"
        "Between machines compare the ratios, not the seconds.\n\n"
        "On the server, from the start of main() to its end, against the engine's five endpoints in sequence over one connection\n"
        f"{grid([heading, *(own_row(*work) for work in works)])}\n"
        f"Imports before that: {middle(imports, 2)} s; of an empty module {middle([work.imports for work in empty], 2)} s,"
        f" its peak {middle([work.peak / MIB for work in empty], 1)} MiB.\n\n" + "\n\n".join(whole)
    )


if __name__ == "__main__":
    sys.exit(command(bench, "prune", __doc__ or "", SERVER, of="objects of each kind", sizes=[10, 50, 200], smallest=4, rounds=3))
