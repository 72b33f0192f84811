# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that `make bench-prune` fills and empties: its engine's disk and its objects."""

from __future__ import annotations

import contextlib
import sys
import typing as t
from pathlib import Path

from tests.support.module_server import ModuleServer, Work

PROGRAM = Path(__file__).parent / "on_server" / "objects.py"
MEMORY_FILE_SYSTEMS = ("tmpfs", "ramfs")


class PrunedServer(ModuleServer):
    """One server of a rig that is up. ``kinds``: of what there is ``size`` each before everything is removed."""

    def file_system(self) -> str:
        """Of the engine's data. In memory nothing of a prune would be measured that matters."""
        root = self.say("docker", "info", "--format", "{{.DockerRootDir}}")
        found = self.say("findmnt", "--noheadings", "--output", "FSTYPE", "--target", root)
        if found in MEMORY_FILE_SYSTEMS:
            sys.exit(f"Cannot measure: {root} of {self.name} is {found}, not on a disk. Give the engine of this machine a data folder on a disk.")
        return f"{root} is {found} on a disk"

    @contextlib.contextmanager
    def filled(self, size: int, kinds: t.Collection[str]) -> t.Iterator[None]:
        """Within, there are ``size`` unused objects of each of ``kinds`` and nothing else; whoever ends it must have removed them all."""
        self._holds("before a run", self._objects("seed", str(size), *kinds), dict.fromkeys(kinds, size))
        yield
        self._holds("after a run", self._objects("count"), {})

    def endpoints(self) -> Work:
        """The engine's prune endpoints."""
        return Work(**self._objects("prune"))

    def _objects(self, *arguments: str) -> dict[str, t.Any]:
        return self.python(PROGRAM, *arguments)

    def _holds(self, when: str, found: t.Mapping[str, int], wanted: t.Mapping[str, int]) -> None:
        wrong = [f"{number} {kind} instead of {wanted.get(kind, 0)}" for kind, number in found.items() if number != wanted.get(kind, 0)]
        if wrong:
            sys.exit(f"Cannot measure: {when} {self.name} holds {', '.join(wrong)}.")
