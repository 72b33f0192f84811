# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes and what waits, in lines for a person: each object by its name and size, or in groups where there are many. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human
from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import iso
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.image_names import split_reference
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import KINDS, DiskUsage, DockerObject
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.plan import Decision, PrunePlan

#: So many objects of a kind are named one by one, and so many of a group.
MANY = 10
EXAMPLES = 3


class Estimate(t.NamedTuple):
    """Bytes of disk that the removal of objects frees: how many depends on which layers images share with each other, and which with those that stay."""

    least: int
    most: int

    def __str__(self) -> str:
        if self.least == self.most:
            return "%s of disk" % human(self.least)
        return "%s to %s of disk, estimated because images share layers" % (human(self.least), human(self.most))


def estimate(plan: PrunePlan, usage: t.Optional[DiskUsage]) -> Estimate:
    """What the removals of ``plan`` free. A layer that a cache record and an image share counts with the image, and stays if the record stays."""
    others = sum(_private(decision.target) for kind in KINDS if kind != "images" for decision in plan.removals(kind))
    images = [decision.target for decision in plan.removals("images")]
    if usage is None or not images:
        return Estimate(others, others)
    pruned = {decision.target.id for decision in plan.removals("build_cache")}
    cached = sum(record.shared or 0 for record in usage.cache if record.id not in pruned)
    alone = sum(_private(image) for image in images if image.shared is not None)
    return Estimate(others + max(0, alone - cached), others + min(usage.layers, sum(image.size or 0 for image in images)))


def lines(going: t.Sequence[Decision], waiting: t.Sequence[Decision]) -> t.List[str]:
    """A line for each object that goes, or went, and for each that stays only until its grace ends.

    Of a kind with more than ``MANY`` there is a line for each group, the biggest first.
    """
    return [*_listed(going, lambda _group: ""), *_listed(waiting, _why)]


def _listed(decisions: t.Sequence[Decision], note: t.Callable[[t.Sequence[Decision]], str]) -> t.Iterator[str]:
    for kind in KINDS:
        found = [decision for decision in decisions if decision.target.kind == kind]
        grouped = kind == "build_cache" or len(found) > MANY
        groups: t.Dict[str, t.List[Decision]] = {}
        for decision in found:
            groups.setdefault(_group(decision.target) if grouped else decision.target.id, []).append(decision)
        for name, group in sorted(groups.items(), key=lambda item: -_size(item[1])) if grouped else groups.items():
            text = _heap(name, group) if grouped and (len(group) > 1 or kind == "build_cache") else _line(group[0].target)
            yield text + note(group)


def _why(group: t.Sequence[Decision]) -> str:
    """Why a group waits, and until when."""
    ends = [decision.until for decision in group if decision.until is not None]
    reason = group[0].reason if len({decision.reason for decision in group}) == 1 else "nothing could bring them back"
    span = "%s" % iso(min(ends)) if min(ends) == max(ends) else "%s to %s" % (iso(min(ends)), iso(max(ends)))
    return " is kept until %s, because %s" % (span, reason) if len(group) == 1 else " are kept until %s, because %s" % (span, reason)


def _line(target: DockerObject) -> str:
    name = "image %s" % ", ".join(target.names) if target.kind == "images" and target.names else str(target)
    size = [human(target.size)] if target.size is not None and target.kind != "networks" else []
    shared = ["%s of it shared with other images" % human(target.shared)] if target.kind == "images" and target.shared else []
    about = [*([target.state] if target.state else []), *size, *shared]
    return "%s (%s)" % (name, ", ".join(about)) if about else name


def _group(target: DockerObject) -> str:
    """What a person would call a heap of such objects."""
    if target.kind == "build_cache":
        return ""
    if target.kind == "images":
        return "of %s" % split_reference(target.name)[0] if target.names or target.digests else "without a tag"
    return "of the project %s" % target.project if target.project else "of no project"


def _heap(name: str, group: t.Sequence[Decision]) -> str:
    kind = group[0].target.kind
    words = "%d %s%s" % (len(group), KINDS[kind], "s" if len(group) > 1 else "")
    size = "" if kind == "networks" else " (%s)" % human(_size(group))
    if kind == "build_cache":
        return words + size
    examples = [decision.target.name for decision in group[:EXAMPLES]]
    return "%s %s%s such as %s" % (words, name, size, ", ".join(examples))


def _size(group: t.Iterable[Decision]) -> int:
    """Bytes of a group; layers that its images share count several times."""
    return sum((decision.target.size or 0) if decision.target.kind == "images" else _private(decision.target) for decision in group)


def _private(target: DockerObject) -> int:
    """Bytes that go with the object alone."""
    return (target.size or 0) - (target.shared or 0)
