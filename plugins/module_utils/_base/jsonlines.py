# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a check leaves behind: one line more of a history, and a file that is replaced as a whole."""

from __future__ import annotations

import contextlib
import json
import os
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.files import put

Json = t.Dict[str, t.Any]

#: Bytes at the end of a history in which its last line is looked for; a line of a hundred containers has a quarter of that.
_TAIL = 1 << 16

#: Everybody may read what is written: the one who collects metrics is another user, and there is no secret in it.
_MODE = 0o644


def last_line(path: Path) -> Json:
    """The last whole line of a history; empty where there is none, or none that can be understood."""
    with contextlib.suppress(OSError, ValueError), path.open("rb") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - _TAIL, 0))
        lines = file.read().split(b"\n")[:-1]  # what follows the last newline is not finished
        found = json.loads(lines[-1]) if lines else None
        return found if isinstance(found, dict) else {}
    return {}


def append(path: Path, line: Json, most: t.Optional[int] = None) -> None:
    """Add one line with one write, which no other writer can cut in two. Raises RackError.

    A file that is larger than ``most`` bytes then keeps its newer half, in whole lines.
    """
    content = json.dumps(line, separators=(",", ":")) + "\n"
    with _refused("history", str(path), "The role records makes its directory"):
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            os.write(file, content.encode())
            size = os.fstat(file).st_size
        finally:
            os.close(file)
        if most is not None and size > most:
            put(path, _newer(path, most // 2), _MODE)


def _newer(path: Path, size: int) -> str:
    """The last whole lines of a file, ``size`` bytes at most; what another writer adds meanwhile may be lost, one line of many."""
    with path.open("rb") as file:
        file.seek(-size, os.SEEK_END)
        return file.read().partition(b"\n")[2].decode("utf-8", "replace")


def replace(path: str, content: str) -> None:
    """Put a new file in the place of the old one, so that a reader finds one of the two, whole. Raises RackError."""
    with _refused("metrics", path, "Make its directory, writable for this user, or set metrics to another path"):
        put(Path(path), content, _MODE)


@contextlib.contextmanager
def _refused(what: str, path: str, help_text: str) -> t.Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RackError("Cannot write the %s to %s: %s. %s." % (what, path, error.strerror, help_text)) from error
