# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory and disk of a host over time, from what checks and deploys left behind.

Pure. A check leaves a line in its history, a run one in that of the releases, with what was free before and after it.
"""

from __future__ import annotations

import contextlib
import json
import typing as t
from dataclasses import asdict, dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import iso, timestamp

Json = t.Dict[str, t.Any]

#: A page cannot show more moments than this, and a person would not see them.
MOST = 400


@dataclass(frozen=True)
class Sample:
    """One moment, in seconds since 1970; bytes, None for what nobody measured then."""

    time: int
    memory_total: t.Optional[int] = None
    memory_available: t.Optional[int] = None
    swap_used: t.Optional[int] = None
    disk_total: t.Optional[int] = None
    disk_free: t.Optional[int] = None

    def facts(self) -> Json:
        """Plain JSON types; the moment in ISO 8601, UTC."""
        return {**asdict(self), "time": iso(self.time)}


def read_lines(content: bytes, whole: bool) -> t.List[Json]:
    """The lines of a history that can be understood; ``whole``: whether ``content`` begins where the file does, so that its first line is no piece."""
    found = []
    for line in content.split(b"\n")[0 if whole else 1 :]:
        try:
            read = json.loads(line)
        except ValueError:
            continue
        if isinstance(read, dict):
            found.append(read)
    return found


def of_checks(lines: t.Iterable[Json]) -> t.Iterator[Sample]:
    """From the history of memory_check."""
    for line in lines:
        moment, host, disk = _moment(line.get("time")), line.get("host"), line.get("disk")
        if moment is None or not isinstance(host, dict):
            continue
        disk = disk if isinstance(disk, dict) else {}
        yield Sample(
            moment, _bytes(host.get("total")), _bytes(host.get("available")), _bytes(host.get("swap_used")), _bytes(disk.get("total")), _bytes(disk.get("free"))
        )


def of_releases(lines: t.Iterable[Json]) -> t.Iterator[Sample]:
    """From the history of releases: one moment before and one after each run. How much there was in all is not on record."""
    for line in lines:
        for name, when in (("before", "began"), ("after", "ended")):
            moment = _moment(line.get(when)) if line.get("event") == "release" else None
            memory, disk = (_bytes(line.get("%s_available_%s" % (what, name))) for what in ("memory", "disk"))
            if moment is not None and (memory, disk) != (None, None):
                yield Sample(moment, memory_available=memory, disk_free=disk)


def runs(lines: t.Iterable[Json], since: float) -> t.List[Json]:
    """The runs that ended after ``since``, each once however many stacks it had: ``id``, ``result``, ``began``, ``ended``, ``by``, ``stacks``."""
    found: t.Dict[str, Json] = {}
    for line in lines:
        ended = _moment(line.get("ended"))
        if line.get("event") != "release" or ended is None or ended < since:
            continue
        run = found.setdefault(str(line.get("id")), {**{key: line.get(key) for key in ("id", "result", "began", "ended", "by")}, "stacks": []})
        run["stacks"].append(str(line.get("stack")))
    return list(found.values())


def timeline(samples: t.Iterable[Sample], since: float, now: float, most: int = MOST) -> t.List[Sample]:
    """The samples between ``since`` and ``now`` in the order of time, ``most`` at most.

    Where there are more, each span of time keeps the one with the least available memory: what was worst is never smoothed away.
    """
    wanted = sorted((sample for sample in samples if since <= sample.time <= now), key=lambda sample: sample.time)
    if len(wanted) <= most:
        return wanted
    span = (now - wanted[0].time) / most or 1
    worst: t.Dict[int, Sample] = {}
    for sample in wanted:
        place = min(int((sample.time - wanted[0].time) / span), most - 1)
        if place not in worst or _worse(sample) < _worse(worst[place]):
            worst[place] = sample
    return list(worst.values())


def _worse(sample: Sample) -> t.Tuple[bool, int]:
    return sample.memory_available is None, sample.memory_available or 0


def _moment(text: t.Any) -> t.Optional[int]:
    with contextlib.suppress(ValueError):  # a month 13
        return timestamp(text) if isinstance(text, str) else None
    return None


def _bytes(value: t.Any) -> t.Optional[int]:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
