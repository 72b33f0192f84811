# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stays for other reasons than a person's wish: volumes that hold data, a cache within its budget, a disk with room.

These are rules like those of ``keep.py``; only that they come from what the module may do, not from what somebody wrote.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.mycosoft.rack.plugins.module_utils._base.durations import parse_duration
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import KINDS, DockerObject
from ansible_collections.mycosoft.rack.plugins.module_utils._host.disk import Disk, Threshold, described
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.keep import Key, Rule


@dataclass(frozen=True)
class KeepNamedVolumes(Rule):
    """Volumes with a name, but for those in ``given``, which a person named one by one."""

    text: str = "volumes"
    given: t.Tuple[str, ...] = ()

    option = "named_volumes"
    kinds = ("volumes",)

    def matches(self, candidate: DockerObject) -> bool:
        return not candidate.anonymous and candidate.id not in self.given

    def unmatched(self, objects: t.Sequence[DockerObject]) -> t.List[str]:
        names = {candidate.id for candidate in objects if candidate.kind == "volumes"}
        return [name for name in self.given if name not in names]

    def __str__(self) -> str:
        return "it has a name"


@dataclass(frozen=True)
class _Grace(Rule):
    """Objects that have not been unused for a while (``text``) yet, counted from when a run first found them so; ``now`` in seconds since 1970."""

    now: int = 0

    naming = False

    def __post_init__(self) -> None:
        super().__post_init__()
        parse_duration(self.text)

    def matches(self, candidate: DockerObject) -> bool:
        return self._ends(candidate) > self.now

    def until(self, candidate: DockerObject) -> t.Optional[int]:
        return self._ends(candidate)

    def _ends(self, candidate: DockerObject) -> int:
        since = self.now if candidate.unused_since is None else candidate.unused_since
        return int(since) + parse_duration(self.text)


@dataclass(frozen=True)
class KeepAnonymousVolumes(_Grace):
    """Anonymous volumes, until they have been without a container for a while; named in ``given`` they go at once."""

    given: t.Tuple[str, ...] = ()
    wanted: bool = True

    option = "volumes_grace"
    kinds = ("volumes",)

    def matches(self, candidate: DockerObject) -> bool:
        if not candidate.anonymous or candidate.id in self.given:
            return False
        return not self.wanted or super().matches(candidate)

    def until(self, candidate: DockerObject) -> t.Optional[int]:
        return super().until(candidate) if self.wanted else None

    def __str__(self) -> str:
        if not self.wanted:
            return "anonymous volumes were not asked for"
        return "it has not been without a container for %s yet" % self.text


@dataclass(frozen=True)
class KeepIrreplaceable(_Grace):
    """Stopped containers and unused images that nothing could bring back."""

    option = "irreplaceable_grace"
    kinds = ("containers", "images")

    def matches(self, candidate: DockerObject) -> bool:
        return bool(candidate.irreplaceable) and super().matches(candidate)

    def kept(self, objects: t.Iterable[DockerObject]) -> t.Dict[Key, str]:
        return {one.key: "%s, and it has not been unused for %s yet" % (one.irreplaceable, self.text) for one in objects if self.keeps(one)}


@dataclass(frozen=True)
class KeepBelowThreshold(Rule):
    """Everything, while less of the disk is in use than the threshold. A disk that is not known counts as not that full."""

    disk: t.Optional[Disk] = None

    option = "only_if_disk_used"
    kinds = tuple(KINDS)
    naming = False

    def kept(self, objects: t.Iterable[DockerObject]) -> t.Dict[Key, str]:
        full = self.disk is not None and Threshold(self.text).reached(self.disk)
        return {} if full else {candidate.key: str(self) for candidate in objects}

    def __str__(self) -> str:
        state = described(self.disk) if self.disk else "the disk cannot be measured from here"
        return "%s, and only_if_disk_used is %s" % (state, self.text)


@dataclass(frozen=True)
class CacheBudget:
    """Bounds of the build cache in bytes; None where there is none."""

    reserved: t.Optional[int] = None
    max_used: t.Optional[int] = None
    min_free: t.Optional[int] = None


@dataclass(frozen=True)
class KeepWithinBudget(Rule):
    """The most recently used build cache, as much of it as the budget allows.

    What was longest without use goes first, and only until ``max_used`` and ``min_free`` both hold, and never below
    ``reserved``: the meaning of the engine's ``max-used-space``, ``min-free-space`` and ``reserved-space``, which only API
    1.48 and later has, and which earlier engines ignore without a word. A layer that an image shares costs nothing to keep,
    so it stays and does not count. A disk that is not known counts as having room.
    """

    text: str = "budget"
    budget: CacheBudget = field(default_factory=CacheBudget)
    disk: t.Optional[Disk] = None

    option = "build_cache_policy"
    kinds = ("build_cache",)
    naming = False

    def kept(self, objects: t.Iterable[DockerObject]) -> t.Dict[Key, str]:
        records = [candidate for candidate in objects if candidate.kind == "build_cache"]
        total = sum(map(_private, records))
        excess = self._excess(total)
        stays: t.Dict[Key, str] = {}
        for record in _longest_unused_first(records):
            size = _private(record)
            if record.shared or record.held:
                stays[record.key] = record.held or "%s: images hold it, removing it frees nothing" % self
            elif excess <= 0 or total - size < (self.budget.reserved or 0):
                stays[record.key] = "%s: it is within the bounds" % self
            else:
                excess -= size
                total -= size
        return stays

    def _excess(self, total: int) -> int:
        """Bytes too many."""
        over = total - self.budget.max_used if self.budget.max_used is not None else 0
        short = self.budget.min_free - self.disk.free if self.budget.min_free is not None and self.disk else 0
        if self.budget.max_used is None and self.budget.min_free is None:
            over = total  # a reserve alone: everything else may go
        return max(over, short)

    def __str__(self) -> str:
        bounds = ("reserved", self.budget.reserved), ("max_used", self.budget.max_used), ("min_free", self.budget.min_free)
        return "build cache budget (%s)" % ", ".join("%s %s" % (name, human(size)) for name, size in bounds if size is not None)


def _private(record: DockerObject) -> int:
    """Bytes that are gone with the record."""
    return (record.size or 0) - (record.shared or 0)


def _longest_unused_first(records: t.Sequence[DockerObject]) -> t.List[DockerObject]:
    """By last use; a record is as fresh as the freshest that is built on it, and comes after that one."""
    by_id = {record.id: record for record in records}
    used: t.Dict[str, float] = {record.id: record.used or 0 for record in records}
    height = dict.fromkeys(used, 0)
    for record in records:
        _climb(record, by_id, used, height)
    return sorted(records, key=lambda record: (used[record.id], height[record.id], record.id))


def _climb(record: DockerObject, by_id: t.Mapping[str, DockerObject], used: t.Dict[str, float], height: t.Dict[str, int]) -> None:
    """Hand last use and height of ``record`` down to what it is built on."""
    waiting = [record]
    while waiting:
        upper = waiting.pop()
        for need in upper.needs:
            lower = by_id.get(need.name)
            if lower is None or lower is upper:
                continue
            fresher, higher = max(used[lower.id], used[upper.id]), max(height[lower.id], height[upper.id] + 1)
            if (fresher, higher) != (used[lower.id], height[lower.id]) and higher <= len(by_id):
                used[lower.id], height[lower.id] = fresher, higher
                waiting.append(lower)
