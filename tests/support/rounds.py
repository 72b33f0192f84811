# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to do one thing, measured in turn, so that what else the machine does falls on all of them."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import time
import typing as t

from tests.support.figures import Measured, tasks_per_host
from tests.support.playbooks import Run

Taken = t.TypeVar("Taken")
Way = t.Callable[[], Run]
Around = t.Callable[[], contextlib.AbstractContextManager[None]]


def progress(line: str) -> None:
    """To stderr: stdout is the result, to be quoted as it is."""
    print(line, file=sys.stderr, flush=True)


def load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def in_turn(ways: t.Mapping[str, t.Callable[[], Taken]], rounds: int) -> dict[str, list[Taken]]:
    """What each way gave in each round; a warm-up of each goes before. Every other round runs backwards: no way is always the first."""
    taken: dict[str, list[Taken]] = {name: [] for name in ways}
    for name, way in ways.items():
        progress(f"          {name} (warm-up)")
        way()
    for number in range(rounds):
        for name in list(ways)[:: -1 if number % 2 else 1]:
            taken[name].append(ways[name]())
    return taken


def timed(name: str, way: Way, around: Around = contextlib.nullcontext) -> tuple[float, Run]:
    """``around`` prepares and checks outside of the time that is taken."""
    with around():
        start = time.monotonic()
        run = way()
        seconds = time.monotonic() - start
        if run.code != 0:
            sys.exit(f"{run.output}\nCannot measure {name}: it ended with {run.code}; its output is above.")
    progress(f"{seconds:6.1f} s  {name}")
    return seconds, run


def measure(ways: t.Mapping[str, Way], rounds: int, around: Around = contextlib.nullcontext) -> list[Measured]:
    """Each way from start to end as seen from here."""
    taken = in_turn({name: functools.partial(timed, name, way, around) for name, way in ways.items()}, rounds)
    return [Measured(name, tuple(seconds for seconds, _run in turns), tasks_per_host(turns[0][1].output)) for name, turns in taken.items()]
