# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Since when objects that nothing could bring back have been unused: the engine does not remember, so a file does.

An engine knows when a volume or an image was made, not when it was last used. A database that ran for a year and lost its container
a minute ago has an old volume. So a grace begins when a run first finds the object unused.

The wall clock may be wrong, as on a server that boots before it has asked for the time. So the time between two runs is counted by the kernel, which knows
how long it has been up; of what was before a boot only the time since then counts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.files import put

#: Kind of object -> its name or id -> seconds since 1970.
Since = t.Mapping[str, t.Mapping[str, int]]


@dataclass(frozen=True)
class Clock:
    """One moment: seconds since 1970 by the wall clock, which boot it was, and seconds since then."""

    now: int
    boot: str
    uptime: int


@dataclass(frozen=True)
class UnusedRecord:
    """``since``: when a run first found each unused object, by a wall clock as it was at ``clock``. ``engine``: the ID of the engine that holds them."""

    engine: str
    since: Since = field(default_factory=dict)
    clock: t.Optional[Clock] = None

    def at(self, clock: Clock) -> UnusedRecord:
        """The same by the wall clock of a later moment, whatever that clock said meanwhile. Without a moment of its own a record says nothing."""
        if self.clock is None:
            return UnusedRecord(self.engine, {}, clock)
        passed = clock.uptime - (self.clock.uptime if clock.boot == self.clock.boot else 0)
        ages = {kind: {name: self.clock.now - since + max(passed, 0) for name, since in names.items()} for kind, names in self.since.items()}
        return UnusedRecord(self.engine, {kind: {name: clock.now - max(age, 0) for name, age in names.items()} for kind, names in ages.items()}, clock)

    def says_no_more_than(self, other: UnusedRecord) -> bool:
        """Whether the other record, of the same boot, tells of the same objects: then it need not be written again."""
        boots = {record.clock.boot if record.clock else "" for record in (self, other) if record.since}
        return len(boots) <= 1 and {kind: set(names) for kind, names in self.since.items()} == {kind: set(names) for kind, names in other.since.items()}

    def seen(self, kind: str, unused: t.Iterable[str], now: int) -> UnusedRecord:
        """The record after a run that found exactly ``unused`` of a ``kind``; what it says of other kinds stays."""
        known = self.of(kind)
        since = {**self.since, kind: {name: min(now, known.get(name, now)) for name in unused}}
        return dataclasses.replace(self, since={kind: names for kind, names in since.items() if names})

    def of(self, kind: str) -> t.Mapping[str, int]:
        return self.since.get(kind, {})


def read_record(path: str, engine: str) -> UnusedRecord:
    """The record of this engine.

    One that cannot be understood, or is another engine's, counts as empty: then every grace begins anew, which keeps more.
    """
    with contextlib.suppress(OSError, ValueError, KeyError, AttributeError, TypeError):
        content = json.loads(Path(path).read_bytes())
        if content["engine"] == engine:
            since = {kind: {str(name): int(since) for name, since in names.items()} for kind, names in content["unused_since"].items()}
            moment = content["clock"]
            return UnusedRecord(engine, since, Clock(int(moment["now"]), str(moment["boot"]), int(moment["uptime"])))
    return UnusedRecord(engine)


def write_record(path: str, record: UnusedRecord) -> None:
    """Replace the file in one step, so that a reader finds the old record or the new one. Raises RackError."""
    clock = dataclasses.asdict(record.clock) if record.clock else None
    content = json.dumps({"clock": clock, "engine": record.engine, "unused_since": record.since}, indent=1, sort_keys=True)
    try:
        put(Path(path), content, 0o644)
    except OSError as error:
        raise RackError(
            "Cannot note since when objects have been unused in %s: %s. Nothing was removed. Make its directory writable for this user (role "
            "records), or set volumes_grace and irreplaceable_grace to 0 to remove such objects at once." % (path, error.strerror or error)
        ) from error
