# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a directory holds, as one number: two trees with the same number are the same, file for file.

An entry is its path, type, mode, owner and group by number, extended attributes, and for a file its time of change in seconds, size, content and the first of
the paths that are the same file (hard links). Where a sparse file has its holes is not part of it: they read as zeros.

What was read once need not be read again: a file whose inode, size, and times of change are those of then holds what it held. The time of the last change of an
inode is the kernel's own, no program can set it back. It is not believed of a file that was changed shortly before it was read, or in memory that was not yet
on disk: the next change might not move it (clock ticks; pages that are dirty already). So a reading that is to be remembered begins with a sync.
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

#: Nanoseconds by which a change has to lie before the reading for the next one to be seen by its time.
_MARGIN = 2 * 10**9

_VERSION = 1

_KINDS = ((stat.S_ISDIR, "directory"), (stat.S_ISREG, "file"), (stat.S_ISLNK, "link"), (stat.S_ISFIFO, "fifo"), (stat.S_ISSOCK, "socket"))


@dataclass(frozen=True)
class Tree:
    """``digest``: SHA-256 in hex; ``entries``: how many, without the root; ``size``: bytes of all files, each hard link once."""

    digest: str
    entries: int
    size: int


class DigestCache:
    """Contents of files by inode. ``text``: what an earlier one :meth:`saved`; ``now``: nanoseconds since 1970, before anything is read."""

    def __init__(self, text: t.Optional[str], now: int) -> None:
        self._before, self._after, self._settled = _remembered(text), t.cast(t.Dict[str, t.List[t.Any]], {}), now - _MARGIN

    def content(self, path: str, about: os.stat_result) -> str:
        """SHA-256 of a file in hex, read only where it is not known."""
        key, state = "%d:%d" % (about.st_dev, about.st_ino), [about.st_size, about.st_mtime_ns, about.st_ctime_ns]
        known = self._before.get(key)
        found = str(known[3]) if known is not None and known[:3] == state else read_content(path)
        if about.st_ctime_ns < self._settled:
            self._after[key] = [*state, found]
        return found

    def saved(self) -> str:
        return json.dumps({"version": _VERSION, "files": self._after})


def _remembered(text: t.Optional[str]) -> t.Dict[str, t.List[t.Any]]:
    """Nothing where it is not ours: then everything is read."""
    try:
        found = json.loads(text or "null")
    except ValueError:
        return {}
    return found["files"] if isinstance(found, dict) and found.get("version") == _VERSION else {}


def read_tree(root: str, specials: bool, memory: DigestCache) -> Tree:
    """``specials``: whether pipes, sockets and devices count. Raises OSError where something cannot be read: half a tree has no number."""
    digest, count, size = hashlib.sha256(), 0, 0
    first: t.Dict[t.Tuple[int, int], str] = {}
    for path in _walk(root) if specials else filter(_holds_data, _walk(root)):
        entry, weight = _entry(root, path, first, memory)
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


def _entry(root: str, path: str, first: t.Dict[t.Tuple[int, int], str], memory: DigestCache) -> t.Tuple[t.List[t.Any], int]:
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
    return [*entry, int(about.st_mtime), about.st_size, memory.content(path, about)], about.st_size


def _text(name: str) -> str:
    """JSON takes no surrogates that stand for bytes."""
    return os.fsencode(name).hex() if any("\udc80" <= letter <= "\udcff" for letter in name) else name


def _attributes(path: str) -> t.Dict[str, str]:
    try:
        return {name: os.getxattr(path, name, follow_symlinks=False).hex() for name in sorted(os.listxattr(path, follow_symlinks=False))}
    except OSError:  # a file system without them
        return {}


def _as_it_is(path: str, flags: int) -> int:
    """Opens a file and nothing else: root reads this, and a container may have put a link or a pipe in its place since it was found."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def read_content(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0, opener=_as_it_is) as file:  # a name of bytes that are no text stays one
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()
