# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that others read while they are written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def put(path: Path, text: str, mode: int) -> None:
    """Put a file in the place of the old one: a reader finds one of the two, whole, also after a power cut. Raises OSError, and leaves nothing then."""
    # in the same directory, because a rename works within one file system; the dot hides it from who reads all files of a kind there
    descriptor, name = tempfile.mkstemp(prefix=".%s." % path.name, dir=str(path.parent))
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink()
        raise
