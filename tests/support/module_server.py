# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of a rig on which modules and small programs run without Ansible's transport, each in a process of its own."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import tarfile
import typing as t
from pathlib import Path

import ansible

from tests.rig.errors import RigError
from tests.rig.rig import Rig
from tests.support.repository import ROOT

ANSIBLE = Path(ansible.__file__).parent
RUN_MODULE = Path(__file__).parent / "on_server" / "run_module.py"
COLLECTION = "ansible_collections/mycosoft/rack"
#: Places on the server <- files from here: enough of Ansible and of the collection to import a module, laid out as Ansible does.
FILES = {
    "ansible": ANSIBLE,
    "ansible/_vendor": ANSIBLE / "_vendor",
    "ansible/module_utils": ANSIBLE / "module_utils",
    "ansible/modules/ping.py": ANSIBLE / "modules" / "ping.py",
    f"{COLLECTION}/plugins/module_utils": ROOT / "plugins" / "module_utils",
    f"{COLLECTION}/plugins/modules": ROOT / "plugins" / "modules",
}
#: Not recursed into: Ansible's package holds the controller, too.
FLAT = ("ansible",)


@dataclasses.dataclass(frozen=True)
class Work:
    """What one run on the server took: seconds of its work, seconds of imports before that, bytes of memory at its peak."""

    seconds: float
    imports: float = 0
    peak: int = 0


class ModuleServer:
    """One server of a rig that is up. ``programs``: a folder of the checkout with more programs to run there."""

    def __init__(self, rig: Rig, name: str, programs: Path | None = None) -> None:
        self._rig = rig
        self.name = name
        self._folder = rig.run(name, ["mktemp", "--directory"]).stdout.strip()
        # Not over the shared connection: it would hold the pipe open.
        unpack = [*rig.identity.command(rig.layout.address(name), shared=False), "--", "tar", "--extract", "--directory", self._folder]
        subprocess.run(unpack, input=_archive(programs), check=True)

    def say(self, *command: str) -> str:
        return self._rig.run(self.name, command).stdout.strip()

    def module(self, name: str, options: t.Mapping[str, t.Any]) -> Work:
        """What a module takes, by its dotted name."""
        return self.run_module(name, options)[0]

    def run_module(self, name: str, options: t.Mapping[str, t.Any], *under: str, may_fail: bool = False) -> tuple[Work, dict[str, t.Any]]:
        """What it takes and what it returns. ``under``: a command that runs the one that follows it. Raises RigError where the module fails, unless it may."""
        said = self._json([*under, *self.command(RUN_MODULE, name, json.dumps(options))])
        result: dict[str, t.Any] = said.pop("result")
        if result.get("failed") and not may_fail:
            raise RigError(f"Cannot run {name} on {self.name}: {result['msg']}")
        return Work(**said), result

    def python(self, program: Path, *arguments: str) -> dict[str, t.Any]:
        """A program of the folder ``programs``; what it printed."""
        return self._json(self.command(program, *arguments))

    def command(self, program: Path, *arguments: str) -> list[str]:
        """What to run on the server for that."""
        return ["env", f"PYTHONPATH={self._folder}", "python3", f"{self._folder}/{program.relative_to(ROOT)}", *arguments]

    def _json(self, command: t.Sequence[str]) -> dict[str, t.Any]:
        said: dict[str, t.Any] = json.loads(self._rig.run(self.name, command, timeout=900).stdout)
        return said

    def versions(self) -> str:
        engine = self.say("docker", "version", "--format", "Docker {{.Server.Version}} (API {{.Server.APIVersion}})")
        return f"{engine}, {self.say('python3', '--version')}"


def _archive(programs: Path | None) -> bytes:
    """FILES and the programs, which lie on the server where they lie in the checkout."""
    own = {str(source.relative_to(ROOT)): source for source in (RUN_MODULE, programs) if source}
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for place, source in {**own, **FILES}.items():
                for path in _sources(source, recursive=place not in FLAT):
                    tar.add(path, arcname=str(Path(place, path.relative_to(source))))
        return file.getvalue()


def _sources(source: Path, recursive: bool) -> t.Iterable[Path]:
    if source.is_file():
        return [source]
    return sorted(source.rglob("*.py") if recursive else source.glob("*.py"))
