# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of a bench that measures several sizes, and what brings up the one server that most of them need."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import typing as t

from tests.rig.rig import Rig
from tests.support.rounds import progress

Bench = t.Callable[[Rig, list[int], int], str]


@dataclasses.dataclass(frozen=True)
class Given:
    """What was asked for."""

    sizes: list[int]
    rounds: int


def given(name: str, doc: str, *, of: str, sizes: list[int], smallest: int, rounds: int) -> Given:
    """Read the command line; ends the program where it makes no sense. ``name``: the module's; ``of``: what a size counts."""
    parser = _parser(f"tests.studies.bench.{name}", doc, rounds)
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes, metavar="N", help=f"{of} ({' '.join(map(str, sizes))})")
    read = parser.parse_args()
    if read.rounds < 1 or min(read.sizes) < smallest:
        parser.error(f"--rounds: at least 1; --sizes: at least {smallest} each")
    return Given(read.sizes, read.rounds)


def given_rounds(module: str, doc: str, rounds: int = 3) -> int:
    """The same for a bench of one size. ``module``: its dotted name."""
    parser = _parser(module, doc, rounds)
    read: int = parser.parse_args().rounds
    if read < 1:
        parser.error("--rounds: at least 1")
    return read


def _parser(module: str, doc: str, rounds: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=doc.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=rounds, metavar="N", help=f"measured runs of each way ({rounds})")
    return parser


def command(bench: Bench, name: str, doc: str, server: str, *, of: str, sizes: list[int], smallest: int, rounds: int) -> int:
    """Bring up a rig with ``server``, print what ``bench`` says and take it down."""
    asked = given(name, doc, of=of, sizes=sizes, smallest=smallest, rounds=rounds)
    rig = Rig(f"{name}bench", servers=(server,), progress=progress)
    with contextlib.ExitStack() as stack:
        stack.callback(rig.down)
        rig.up()
        print(bench(rig, asked.sizes, asked.rounds))
    return 0
