# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try one way on one case, and say what became of what should survive."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

import docker.errors

from tests.support.prune_cases.cases import Case
from tests.support.prune_cases.server import Server, Thing
from tests.support.prune_cases.ways import Way


@dataclasses.dataclass(frozen=True)
class Verdict:
    """``lost``: in words. ``failed``: why a run failed. ``left``: what nobody wanted and is there all the same."""

    lost: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return self == Verdict()

    def __str__(self) -> str:
        said = [f"LOST: {', '.join(_counted(self.lost))}"] if self.lost else []
        said += [f"fails: {cause}" for cause in dict.fromkeys(self.failed)]
        said += [f"left behind: {', '.join(_counted(self.left))}"] if self.left and not self.failed else []
        return "; ".join(said) or "kept"


def attempt(case: Case, way: Way, server: Server) -> Verdict:
    """Set the case up anew with rubbish beside it (who removes nothing loses nothing), run the way, look."""
    with server.borrowed():
        rubbish = _rubbish(server)
        scene = case.set_up(server)
        runs = case.act(server, scene, way)
        held = server.held()
        gone = [thing for thing in scene.survivors if thing.id not in held[thing.kind]]
        there = [thing for thing in scene.survivors if thing not in gone]
        return Verdict(
            lost=(*(thing.words for thing in gone), *_useless(server, there)),
            failed=tuple(run.cause for run in runs if run.code),
            left=tuple(thing.words for thing in rubbish if thing.id in held[thing.kind]),
        )


def _counted(words: t.Iterable[str]) -> list[str]:
    return [f"{count} x {word}" if count > 1 else word for word, count in collections.Counter(words).items()]


def _rubbish(server: Server) -> tuple[Thing, ...]:
    """A former build of a stack that lost its tag, and a network."""
    return (server.former_build(), server.network("rubbish"))


def _useless(server: Server, survivors: list[Thing]) -> list[str]:
    """Containers that survived but cannot be started any more, since something they need did not."""
    useless = []
    for thing in survivors:
        if thing.kind == "container":
            try:
                server.client.api.start(thing.id)
            except docker.errors.APIError:
                useless.append(f"{thing.words} cannot be started")
    return useless
