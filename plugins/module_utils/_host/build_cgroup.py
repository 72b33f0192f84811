# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cgroup that the build steps of an engine run in.

BuildKit ignores ``docker build --memory``. Its steps run in cgroups below
``<parent>/buildkit``, though, and a limit on that one holds for all of them
together (measured on Docker 26.1, cgroup v1). With the systemd driver every
step is a scope of its own below the slice of the containers, with nothing
above it that is the builds' alone.
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._host.cgroup import read_number


@dataclass(frozen=True)
class Files:
    """The files of one cgroup version. ``limits`` are set together, in this order when lowered."""

    mount: str
    limits: t.Tuple[str, ...]
    unlimited: str
    peak: str


# v1 counts memory and swap together in memsw; v2 counts swap alone, and none is allowed.
V1 = Files("sys/fs/cgroup/memory", ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"), "-1", "memory.max_usage_in_bytes")
V2 = Files("sys/fs/cgroup", ("memory.max",), "max", "memory.peak")


class BuildCgroup:
    """The builds' cgroup below ``root``, of the engine that puts its containers below ``parent``."""

    def __init__(self, root: Path, version: int, parent: str) -> None:
        self._files = V1 if version == 1 else V2
        self._folder = root / self._files.mount / parent / "buildkit"

    @property
    def path(self) -> str:
        return str(self._folder)

    def limit(self) -> t.Optional[int]:
        """Bytes; None where there is none, or no build has run yet."""
        return self._number(self._files.limits[0])

    def peak(self) -> t.Optional[int]:
        """The most that all builds took at once since a limit was set, in bytes; None where the kernel does not tell."""
        return self._number(self._files.peak)

    def set_limit(self, size: t.Optional[int]) -> None:
        """Hold all builds together to ``size`` bytes without swap; None lifts that. Raises RackError where the kernel refuses."""
        text = self._files.unlimited if size is None else str(size)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # the kernel never lets memory alone exceed memory and swap together
            names = self._files.limits if size is not None and size <= (self.limit() or size) else self._files.limits[::-1]
            for name in names:
                self._write(name, text)
            if size is not None:
                self._forget_peak()
        except OSError as error:
            raise RackError("Cannot limit builds: %s: %s. Run this as root on the host of the engine." % (error.filename, error.strerror)) from error

    def _write(self, name: str, text: str) -> None:
        path = self._folder / name
        if name != self._files.limits[0] and not path.exists():
            return  # this kernel does not account for swap
        path.write_text(text, encoding="ascii")

    def _forget_peak(self) -> None:
        with contextlib.suppress(OSError):  # v2 has it to be read only, up to Linux 6.12
            self._write(self._files.peak, "0")

    def _number(self, name: str) -> t.Optional[int]:
        try:
            return read_number((self._folder / name).read_text(encoding="ascii"))
        except OSError:
            return None
