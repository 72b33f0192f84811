# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a thing is made of, as a short hash: equal recipe, nothing to do."""

from __future__ import annotations

import hashlib
import typing as t
from pathlib import Path


def digest_of(*parts: str, folders: t.Iterable[Path] = ()) -> str:
    """12 hex digits over ``parts`` and every file below ``folders`` (relative name and content), in a stable order."""
    hasher = hashlib.sha256()
    for part in parts:
        _add(hasher, part.encode())
    for folder in folders:
        for path in sorted(_files(folder)):
            _add(hasher, str(path.relative_to(folder)).encode())
            _add(hasher, path.read_bytes())
    return hasher.hexdigest()[:12]


def _files(folder: Path) -> t.Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _add(hasher: hashlib._Hash, content: bytes) -> None:
    hasher.update(len(content).to_bytes(8, "big"))
    hasher.update(content)
