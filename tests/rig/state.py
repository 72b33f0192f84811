# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rig keeps in the checkout, below ``.cache/rig/<name>`` (git-ignored)."""

from __future__ import annotations

import dataclasses
import json
import shutil
import typing as t
from pathlib import Path

from tests.rig.layout import CHECKOUT, Layout
from tests.rig.ssh import Identity


@dataclasses.dataclass(frozen=True)
class Record:
    """What is true of a finished rig; written last, so that a killed run leaves none."""

    layout: Layout
    recipe: str
    instance: str  # 8 hex digits, new each time a rig is made
    zone: str  # Cloudflare zone id, 32 hex digits
    stacks: dict[str, str]  # repository -> hash of the folder it was last filled from

    def dump(self) -> str:
        """The record as JSON."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def load(cls, text: str) -> Record:
        """The record from JSON."""
        data = json.loads(text)
        layout = data.pop("layout")
        return cls(layout=Layout(layout["project"], layout["subnet"], tuple(layout["servers"])), **data)


@dataclasses.dataclass(frozen=True)
class State:
    """The paths of one rig's files."""

    folder: Path

    @classmethod
    def of(cls, name: str, checkout: Path = CHECKOUT) -> State:
        """The state of the rig ``name``."""
        return cls(checkout / ".cache" / "rig" / name)

    @property
    def inventory(self) -> Path:
        """The inventory folder to hand to Ansible."""
        return self.folder / "inventory"

    @property
    def key(self) -> Path:
        """The private key of the person who deploys (and develops)."""
        return self.folder / "ssh" / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """The host keys of everything in the rig that speaks SSH."""
        return self.folder / "ssh" / "known_hosts"

    @property
    def token(self) -> Path:
        """The one token the stand-in for Cloudflare accepts."""
        return self.folder / "cloudflare.token"

    def seed(self, host: str) -> Path:
        """What is handed in to a container, mounted read-only at /seed."""
        return self.folder / "seed" / host

    def meminfo(self, server: str) -> Path:
        """The file mounted over the server's /proc/meminfo."""
        return self.folder / "meminfo" / server

    def logs(self, host: str) -> Path:
        """The folder a service writes its logs to."""
        return self.folder / "logs" / host

    @property
    def _record(self) -> Path:
        return self.folder / "rig.json"

    def record(self) -> Record | None:
        """The record of the finished rig, if there is one that can be read."""
        try:
            return Record.load(self._record.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write_record(self, record: Record) -> None:
        """Declare the rig finished."""
        self._record.write_text(record.dump(), encoding="utf-8")

    def identity(self, instance: str, user: str = "mycosoft") -> Identity:
        """Who logs in to this rig. The folder of shared connections is of one instance: a new rig has new host keys."""
        return Identity(user, self.key, self.known_hosts, Path(f"/tmp/rack-{instance}"))  # noqa: S108 # short; made with mode 0700

    def clear(self) -> None:
        """Forget everything about the rig."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def write(self, path: Path, content: str, mode: int = 0o600) -> None:
        """Write a file of the rig; 0600 unless told otherwise."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=mode)
        path.write_text(content, encoding="utf-8")


def json_lines(path: Path) -> list[dict[str, t.Any]]:
    """The objects of a JSON-lines file, oldest first; a line still being written is left out."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1] if line]
