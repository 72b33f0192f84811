# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of a bench that measures several sizes on one server of its own."""

from __future__ import annotations

import argparse
import contextlib
import typing as t

from tests.bench.rounds import progress
from tests.rig.rig import Rig

Bench = t.Callable[[Rig, list[int], int], str]


def command(bench: Bench, name: str, doc: str, server: str, *, of: str, sizes: list[int], smallest: int, rounds: int) -> int:
    """Bring up a rig with ``server``, print what ``bench`` says and take it down. ``name``: the module's; ``of``: what a size counts."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.bench.{name}", description=doc.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes, metavar="N", help=f"{of} ({' '.join(map(str, sizes))})")
    parser.add_argument("--rounds", type=int, default=rounds, metavar="N", help=f"measured runs of each way ({rounds})")
    given = parser.parse_args()
    if given.rounds < 1 or min(given.sizes) < smallest:
        parser.error(f"--rounds: at least 1; --sizes: at least {smallest} each")
    rig = Rig(f"{name}bench", servers=(server,), progress=progress)
    with contextlib.ExitStack() as stack:
        stack.callback(rig.down)
        rig.up()
        print(bench(rig, given.sizes, given.rounds))
    return 0
