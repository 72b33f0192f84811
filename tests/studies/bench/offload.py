# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench-offload``: how long nobody answers while a service with its PostgreSQL moves to another server, by hand and by playbooks/offload.yml.

Orders come in until the stop, a hundred visitors a second come to the shop that needs the service. Afterwards every row is summed up, every order that was
answered is looked for, and pg_amcheck reads every table and index. By hand: stop, copy, start, with the image built and the place emptied before.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import datetime
import statistics
import sys
import typing as t
import urllib.request

from tests.rig.rig import Rig
from tests.studies.bench.archive import Absence, Archive
from tests.support.figures import grid, middle
from tests.support.playbooks import Run
from tests.support.rounds import load, progress
from tests.support.shop import PORT
from tests.support.visitors import Seen, visitors

HERE, THERE = "sandbox", "overflow1"
BY_HAND, OURS = "stop, copy, start by hand", "playbooks/offload.yml"


@dataclasses.dataclass(frozen=True)
class Moved:
    """One move. ``lost``: orders that were answered and are not there; ``whole``: whether the rest is what it was and pg_amcheck has nothing to say."""

    absence: Absence
    orders: int
    lost: int
    whole: bool
    visits: Seen
    reached: bool  # whether the shop asks the archive where it is now


def move(archive: Archive, shop: str, way: t.Callable[[str, str], Run], host: str, to: str) -> Moved:
    """Stops the bench where it fails."""
    before = archive.sum(host)
    with visitors(shop, PORT) as visits, archive.watched(host, to) as absence:
        customer = archive.customer(host)
        done = way(host, to)
        orders = customer.go()
    if done.code != 0:
        sys.exit(f"{done.output}\nCannot measure the move from {host} to {to}: it ended with {done.code}; its output is above.")
    if absence().both:
        sys.exit(f"Both servers answered, {absence().both} times: two archives that take orders.")
    said = archive.check(to)
    if said:
        progress(said)
    return Moved(
        absence(), len(orders), archive.missing(to, orders), archive.sum(to) == before and not said, Seen(tuple(visits)), reached(archive, shop, to)
    )  # fmt: skip


def reached(archive: Archive, shop: str, to: str) -> bool:
    """Whether the shop has orders to tell, from there."""
    with contextlib.suppress(OSError), urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://{shop}:{PORT}/orders", timeout=10) as answer:
        return str(answer.read().decode()).startswith(archive.address(to) + " ")
    return False


def row(name: str, moves: t.Sequence[Moved], than: t.Sequence[Moved]) -> tuple[str, ...]:
    seconds = [one.absence.seconds for one in moves]
    ratio = statistics.median(seconds) / statistics.median(one.absence.seconds for one in than)
    good = all(one.whole for one in moves)
    failed = sum(one.visits.failed(method) for one in moves for method in ("GET", "POST"))
    return (
        name, middle(seconds, 1), f"{ratio:.2f}", f"{sum(one.lost for one in moves)} of {sum(one.orders for one in moves)}",
        "all as before" if good else "NOT as before", f"{failed} of {sum(len(one.visits.visits) for one in moves)}",
        "yes" if all(one.reached for one in moves) else "no",
    )  # fmt: skip


HEAD = ("moved with", "nobody answers, seconds", "as many times", "answered orders lost", "the rows", "visits of the shop that failed", "the shop follows")


def bench(rig: Rig, rounds: int, rows: int, width: int, mbit: int) -> str:
    archive, shop = Archive(rig, (HERE, THERE)), rig.layout.address(HERE)
    archive.deploy().succeeded()
    archive.fill(rows, width)
    archive.trust()
    archive.slow_down(mbit)
    found: dict[str, list[Moved]] = {BY_HAND: [], OURS: []}
    ways: dict[str, t.Callable[[str, str], Run]] = {OURS: archive.offload, BY_HAND: archive.by_hand}
    for _round in range(rounds):
        for name, way in ways.items():
            for host, to in ((HERE, THERE), (THERE, HERE)):
                moved = move(archive, shop, way, host, to)
                found[name].append(moved)
                progress(f"{moved.absence.seconds:6.2f} s  {name}, {host} to {to}: {moved.orders} orders, {moved.lost} lost, both at once {moved.absence.both}")
    lines = (row(name, moves, found[BY_HAND]) for name, moves in found.items())
    return (
        f"{rows} rows, {archive.size(HERE) / 1e6:.0f} MB of files, {mbit} Mbit/s; {rounds} times there and back with each, median.\n"
        f"{datetime.date.today()}, two servers of a rig and the controller on one machine, load {load()} afterwards.\n\n{grid([HEAD, *lines])}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.studies.bench.offload", description=__doc__)
    for name, default, text in (
        ("rounds", 2, "times there and back"),
        ("rows", 1_000_000, "orders"),
        ("width", 40, "times 32 letters in each"),
        ("mbit", 1000, "the network, in Mbit/s"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{text} ({default})")
    parser.add_argument("--keep", action="store_true", help="leave the rig up")
    asked = parser.parse_args()
    rig = Rig("offloadbench", servers=(HERE, THERE), progress=progress)
    try:
        rig.up()
        print(bench(rig, asked.rounds, asked.rows, asked.width, asked.mbit))
    finally:
        if not asked.keep:
            rig.down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
