# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that `make bench-prune` fills and empties: its engine's disk, its objects, and modules run on it without Ansible's transport."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import subprocess
import sys
import tarfile
import typing as t
from pathlib import Path

import ansible

from tests.rig.rig import Rig
from tests.system.playbooks import ROOT

ANSIBLE = Path(ansible.__file__).parent
ON_SERVER = Path(__file__).parent / "on_server"
#: Places on the server <- files from here: enough of Ansible and of the collection to import a module, laid out as Ansible does.
FILES = {
    ".": ON_SERVER,
    "ansible": ANSIBLE,
    "ansible/_vendor": ANSIBLE / "_vendor",
    "ansible/module_utils": ANSIBLE / "module_utils",
    "ansible/modules/ping.py": ANSIBLE / "modules" / "ping.py",
    "ansible_collections/mycosoft/rack/plugins/module_utils": ROOT / "plugins" / "module_utils",
    "ansible_collections/mycosoft/rack/plugins/modules/docker_prune.py": ROOT / "plugins" / "modules" / "docker_prune.py",
}
#: Not recursed into: Ansible's package holds the controller, too.
FLAT = ("ansible",)
MEMORY_FILE_SYSTEMS = ("tmpfs", "ramfs")


@dataclasses.dataclass(frozen=True)
class Work:
    """What one run on the server took: seconds of its work, seconds of imports before that, bytes of memory at its peak."""

    seconds: float
    imports: float = 0
    peak: int = 0


class PrunedServer:
    """One server of a rig that is up. ``kinds``: of what there is ``size`` each before everything is removed."""

    def __init__(self, rig: Rig, server: str) -> None:
        self._rig = rig
        self._server = server
        self._folder = rig.run(server, ["mktemp", "--directory"]).stdout.strip()
        # Not over the shared connection: it would hold the pipe open.
        unpack = [*rig.identity.command(rig.layout.address(server), shared=False), "--", "tar", "--extract", "--directory", self._folder]
        subprocess.run(unpack, input=_archive(), check=True)

    def say(self, *command: str) -> str:
        return self._rig.run(self._server, command).stdout.strip()

    def file_system(self) -> str:
        """Of the engine's data. In memory nothing of a prune would be measured that matters."""
        root = self.say("docker", "info", "--format", "{{.DockerRootDir}}")
        found = self.say("findmnt", "--noheadings", "--output", "FSTYPE", "--target", root)
        if found in MEMORY_FILE_SYSTEMS:
            sys.exit(f"Cannot measure: {root} of {self._server} is {found}, not on a disk. Give the engine of this machine a data folder on a disk.")
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

    def module(self, name: str, options: t.Mapping[str, t.Any]) -> Work:
        """A module in a process of its own."""
        return Work(**self._python("run_module.py", name, json.dumps(options)))

    def _objects(self, *arguments: str) -> dict[str, t.Any]:
        return self._python("objects.py", *arguments)

    def _python(self, program: str, *arguments: str) -> dict[str, t.Any]:
        command = ["env", f"PYTHONPATH={self._folder}", "python3", f"{self._folder}/{program}", *arguments]
        said: dict[str, t.Any] = json.loads(self._rig.run(self._server, command, timeout=900).stdout)
        return said

    def _holds(self, when: str, found: t.Mapping[str, int], wanted: t.Mapping[str, int]) -> None:
        wrong = [f"{number} {kind} instead of {wanted.get(kind, 0)}" for kind, number in found.items() if number != wanted.get(kind, 0)]
        if wrong:
            sys.exit(f"Cannot measure: {when} {self._server} holds {', '.join(wrong)}.")


def _archive() -> bytes:
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for place, source in FILES.items():
                for path in _sources(source, recursive=place not in FLAT):
                    tar.add(path, arcname=str(Path(place, path.relative_to(source))))
        return file.getvalue()


def _sources(source: Path, recursive: bool) -> t.Iterable[Path]:
    if source.is_file():
        return [source]
    return sorted(source.rglob("*.py") if recursive else source.glob("*.py"))
