# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passed a slow check before and has not changed since. A fresh clone has no such memory and checks everything."""

from __future__ import annotations

import hashlib
import json
import typing as t

from tests.support.repository import CACHE, ROOT, files

#: What every check depends on: the tools, and their settings.
_EVERYWHERE = ("requirements.lock", "pyproject.toml", ".ansible-lint", ".yamllint", "galaxy.yml", "meta/runtime.yml")


class Passed:
    """The parts that passed one check, each with a digest of what the check reads for it. Kept in .cache."""

    def __init__(self, check: str) -> None:
        self._path = CACHE / "passed" / f"{check}.json"

    def changed(self, parts: t.Mapping[str, t.Iterable[str]]) -> list[str]:
        """The parts, each with the paths that are read for it, that have not passed as they are now."""
        known = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else {}
        return [part for part, paths in parts.items() if known.get(part) != _digest(paths)]

    def remember(self, parts: t.Mapping[str, t.Iterable[str]]) -> None:
        """All of them have passed as they are now."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps({part: _digest(paths) for part, paths in parts.items()}, indent=1), encoding="utf-8")


def _digest(paths: t.Iterable[str]) -> str:
    """Of names and contents."""
    digest = hashlib.sha256()
    for path in sorted({*paths, *files(*_EVERYWHERE)}):
        content = (ROOT / path).read_bytes()
        digest.update(f"{path} {len(content)}\n".encode() + content)
    return digest.hexdigest()
