# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What services have mounted from checkouts, as a digest.

git replaces a file that changed, and a container keeps the file that it was created with. Compose compares paths, not what lies there: it has to be told.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.bounded import Run
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._git.checkout import Git, GitRefused

Json = t.Dict[str, t.Any]


def sources(configuration: Json, name: str) -> t.Set[str]:
    """The paths of this server that a service has mounted: binds, files of configs and secrets, and what it has from other services (``volumes_from``)."""
    service = configuration["services"].get(name) or {}
    found = {mount.get("source") if mount.get("type") == "bind" else _device(configuration, mount) for mount in service.get("volumes") or []}
    for kind in ("configs", "secrets"):
        known = configuration.get(kind) or {}
        found.update((known.get(one.get("source")) or {}).get("file") for one in service.get(kind) or [])
    for other in service.get("volumes_from") or []:
        if not str(other).startswith("container:"):
            found |= sources(configuration, str(other).split(":", 1)[0])
    return {str(path) for path in found if path and str(path).startswith("/")}


def _device(configuration: Json, mount: Json) -> t.Optional[str]:
    """The path that a named volume binds (``driver_opts``)."""
    volume = (configuration.get("volumes") or {}).get(mount.get("source")) or {}
    return (volume.get("driver_opts") or {}).get("device")


class Mounted:
    """What git tracks at mounted paths. ``problems``: checkout -> why git does not say it."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._known: t.Dict[Path, str] = {}
        self.problems: t.Dict[str, str] = {}

    def digests(self, configuration: Json) -> t.Dict[str, str]:
        """Service -> digest of the tracked files that it has mounted. Services without such files are left out."""
        found = {name: self._tracked(sources(configuration, name)) for name in configuration.get("services") or {}}
        return {name: hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest() for name, text in found.items() if text}

    def _tracked(self, paths: t.Iterable[str]) -> str:
        # a link that is mounted leads to a file: both may change
        both = {Path(path) for given in paths for path in (os.path.normpath(given), os.path.realpath(given))}
        return "".join(self._entries(path) for path in sorted(both))

    def _entries(self, path: Path) -> str:
        """Mode, object and path of each tracked file at and below a path; nothing where it lies in no checkout, or git does not say."""
        if path not in self._known:
            self._known[path] = ""
            top = next((folder for folder in (path, *path.parents) if os.path.lexists(str(folder / ".git"))), None)
            if top is not None:
                try:
                    self._known[path] = self._asked(top, path)
                except RackError as error:
                    self.problems[str(top)] = error.message.rstrip(".")
        return self._known[path]

    def _asked(self, top: Path, path: Path) -> str:
        if shutil.which("git") is None:
            raise GitRefused("there is no git")
        return Git(self._run, str(top)).staged(str(path.relative_to(top)))
