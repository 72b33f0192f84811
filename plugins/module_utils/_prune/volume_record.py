# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Since when each volume has been without a container: the engine does not remember, so a file does.

An engine knows when a volume was made, not when it was last used. A database that ran for a year and lost its container
a minute ago has an old volume. So a volume's grace begins when a run first finds it without a container.
"""

from __future__ import annotations

import contextlib
import json
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.files import put


@dataclass(frozen=True)
class VolumeRecord:
    """``since``: name of the volume -> seconds since 1970. ``engine``: the ID of the engine that holds the volumes."""

    engine: str
    since: t.Mapping[str, int] = field(default_factory=dict)

    def seen(self, unreferenced: t.Iterable[str], now: int) -> VolumeRecord:
        """The record after a run that found exactly ``unreferenced`` without a container."""
        return VolumeRecord(self.engine, {name: min(now, self.since.get(name, now)) for name in unreferenced})


def read_record(path: str, engine: str) -> VolumeRecord:
    """The record of this engine.

    One that cannot be understood, or is another engine's, counts as empty: then every grace begins anew, which keeps more.
    """
    with contextlib.suppress(OSError, ValueError, KeyError, AttributeError, TypeError):
        content = json.loads(Path(path).read_bytes())
        if content["engine"] == engine:
            return VolumeRecord(engine, {str(name): int(since) for name, since in content["unreferenced_since"].items()})
    return VolumeRecord(engine)


def write_record(path: str, record: VolumeRecord) -> None:
    """Replace the file in one step, so that a reader finds the old record or the new one. Raises RackError."""
    content = json.dumps({"engine": record.engine, "unreferenced_since": dict(sorted(record.since.items()))}, indent=1)
    try:
        put(Path(path), content, 0o644)
    except OSError as error:
        raise RackError(
            "Cannot note since when volumes are without a container in %s: %s. Make its directory writable for this user (role "
            "records), or set volumes_grace to 0 to remove such volumes at once." % (path, error.strerror or error)
        ) from error
