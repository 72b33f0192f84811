# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a directory holds, as one number: two trees with the same number are the same, file for file.

An entry is its path, type, mode, owner and group by number, extended attributes, and for a file its time of change in seconds, size, content and the first of
the paths that are the same file (hard links). Where a sparse file has its holes is not part of it: they read as zeros.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import typing as t
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 20

_KINDS = ((stat.S_ISDIR, "directory"), (stat.S_ISREG, "file"), (stat.S_ISLNK, "link"), (stat.S_ISFIFO, "fifo"), (stat.S_ISSOCK, "socket"))


@dataclass(frozen=True)
class Tree:
    """``digest``: SHA-256 in hex; ``entries``: how many, without the root; ``size``: bytes of all files, each hard link once."""

    digest: str
    entries: int
    size: int


def read_tree(root: str, specials: bool = True) -> Tree:
    """``specials``: whether pipes, sockets and devices count. Raises OSError where something cannot be read: half a tree has no number."""
    digest, count, size = hashlib.sha256(), 0, 0
    first: t.Dict[t.Tuple[int, int], str] = {}
    for path in _walk(root) if specials else filter(_holds_data, _walk(root)):
        entry, weight = _entry(root, path, first)
        digest.update(json.dumps(entry, sort_keys=True).encode() + b"\n")
        count, size = count + 1, size + weight
    return Tree(digest.hexdigest(), count - 1, size)


def _walk(root: str) -> t.Iterator[str]:
    """The root and everything below it, in an order that depends on names alone; surrogates stand for bytes that are no text."""
    yield root
    with os.scandir(root) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path)
        else:
            yield entry.path


def _holds_data(path: str) -> bool:
    mode = Path(path).lstat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)


def _entry(root: str, path: str, first: t.Dict[t.Tuple[int, int], str]) -> t.Tuple[t.List[t.Any], int]:
    about = os.lstat(path)
    name = os.path.relpath(path, root)
    kind = next((word for test, word in _KINDS if test(about.st_mode)), "device")
    entry: t.List[t.Any] = [_text(name), kind, stat.S_IMODE(about.st_mode), about.st_uid, about.st_gid, _attributes(path)]
    if kind == "link":
        return [*entry, _text(str(Path(path).readlink()))], 0
    if kind == "device":
        return [*entry, about.st_rdev, stat.S_IFMT(about.st_mode)], 0
    if kind != "file":
        return entry, 0
    same = first.setdefault((about.st_dev, about.st_ino), name)
    if same != name:
        return [*entry, "hard link", _text(same)], 0
    return [*entry, int(about.st_mtime), about.st_size, _content(path)], about.st_size


def _text(name: str) -> str:
    """JSON takes no surrogates that stand for bytes."""
    return os.fsencode(name).hex() if any("\udc80" <= letter <= "\udcff" for letter in name) else name


def _attributes(path: str) -> t.Dict[str, str]:
    try:
        return {name: os.getxattr(path, name, follow_symlinks=False).hex() for name in sorted(os.listxattr(path, follow_symlinks=False))}
    except OSError:  # a file system without them
        return {}


def _content(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 # a name of bytes that are no text stays one
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()
