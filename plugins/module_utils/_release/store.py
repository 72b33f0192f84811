# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a stack's releases: one folder each, and a link to the one that runs.

releases/<stack>/<release>/release.json    what it was
releases/<stack>/<release>/override.yml    the rendered override, which can hold what the inventory keeps secret
releases/<stack>/<release>/failures.json   what was not well when it failed, with its last log lines, which can hold secrets
releases/<stack>/current -> <release>
"""

from __future__ import annotations

import json
import shutil
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.files import put
from ansible_collections.mycosoft.rack.plugins.module_utils._release.model import History, Release, read_state

_RELEASE, _OVERRIDE, _FAILURES, _CURRENT = "release.json", "override.yml", "failures.json", "current"
_OWN = ("id", "result", "previous", "state")


class Store:
    """The releases below ``folder`` (``releases/<stack>``)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def history(self) -> History:
        """Everything that is there. Raises RackError for a file that cannot be read as what it is."""
        folders = sorted(path.parent for path in self._folder.glob("*/" + _RELEASE) if not path.parent.is_symlink())
        current = self._folder / _CURRENT
        name = str(current.readlink()) if current.is_symlink() else None
        return History(tuple(sorted((self._read(path) for path in folders), key=_age)), name)

    def write(self, release: Release) -> None:
        """One release, whole or not at all."""
        folder = self._folder / release.id
        self._make(folder)
        if release.state is not None and release.state.override is not None:
            write_atomically(folder / _OVERRIDE, release.state.override)
        write_atomically(folder / _RELEASE, json.dumps(release.facts(), indent=2) + "\n")

    def write_failures(self, identity: str, failures: t.Sequence[t.Mapping[str, t.Any]]) -> str:
        """What was not well when a release failed; the path of the file."""
        path = self._folder / identity / _FAILURES
        self._make(path.parent)
        write_atomically(path, json.dumps(failures, indent=2) + "\n")
        return str(path)

    def set_current(self, identity: str) -> None:
        link = self._folder / (_CURRENT + ".new")
        if link.is_symlink():
            link.unlink()
        link.symlink_to(identity)
        link.replace(self._folder / _CURRENT)

    def remove(self, release: Release) -> None:
        shutil.rmtree(str(self._folder / release.id))

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        except OSError as error:
            raise RackError("Cannot write the release: %s: %s. The role records makes this directory." % (error.filename, error.strerror)) from error

    def _read(self, folder: Path) -> Release:
        path = folder / _RELEASE
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            override = folder / _OVERRIDE
            text = override.read_text(encoding="utf-8") if override.exists() else None
            state = None if facts["state"] is None else read_state(facts["state"], text)
            about = {key: value for key, value in facts.items() if key not in _OWN}
            return Release(facts["id"], facts["result"], facts["previous"], state, about)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RackError("Cannot read the release %s: %s. Move the folder away; its images stay until somebody removes them." % (path, error)) from error


def _age(release: Release) -> t.Tuple[str, bool, str]:
    """Older first; what was found comes before the run that found it."""
    return str(release.about.get("began", "")), release.result != "found", release.id


def write_atomically(path: Path, text: str) -> None:
    """The whole file or none of it; readable by its owner only. Raises RackError where it cannot be written."""
    try:
        put(path, text, 0o600)
    except OSError as error:
        raise RackError("Cannot write %s: %s. Look at the disk and at who may write there." % (path, error.strerror)) from error
