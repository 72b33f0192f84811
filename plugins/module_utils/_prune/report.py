# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell what a prune did or would do: plain JSON types, and a diff that a person can read."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human
from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import iso
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import KINDS, DiskUsage, DockerObject, short_id
from ansible_collections.mycosoft.rack.plugins.module_utils._host.disk import Disk
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.apply import Outcome
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.lines import estimate, lines
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.plan import Decision, PrunePlan

Facts = t.Dict[str, t.Any]


def facts(plan: PrunePlan, outcome: Outcome, usage: t.Optional[DiskUsage]) -> Facts:
    """The return values of the module that tell of objects. ``usage``: as it was when the plan was made."""
    foreseen = estimate(plan, usage)
    freed: Facts = {kind: outcome.freed[kind] for kind in KINDS}
    freed["total"] = sum(size or 0 for size in outcome.freed.values())
    return {
        "changed": outcome.changed,
        "removed": {kind: [_described(done) for done in outcome.removed if done.target.kind == kind] for kind in KINDS},
        "kept": {kind: [_described(decision) for decision in plan.keeps(kind)] for kind in KINDS},
        "not_removed": [_described(decision) for decision in outcome.skipped],
        "failed_objects": [_described(decision) for decision in outcome.failed],
        "unmatched_rules": [{"option": option, "rule": text} for option, text in plan.unmatched],
        "freed": freed,
        "estimate": foreseen._asdict(),
        "summary": _summary(outcome, str(foreseen) if outcome.predicted else "%s of disk" % human(freed["total"])),
        "listing": lines(outcome.removed, plan.waiting),
        "diff": _diff(outcome),
    }


def _summary(outcome: Outcome, freed: str) -> str:
    """``2 containers, 1 image, 0 networks, 0 volumes and 12 build cache records: 1.2G of disk``."""
    counts = {kind: sum(done.target.kind == kind for done in outcome.removed) for kind in KINDS}
    parts = ["%d %s%s" % (count, KINDS[kind], "" if count == 1 else "s") for kind, count in counts.items()]
    return "%s and %s: %s" % (", ".join(parts[:-1]), parts[-1], freed)


def disk_facts(disk: t.Optional[Disk]) -> t.Optional[Facts]:
    """The return value ``disk``."""
    if disk is None:
        return None
    return {"path": disk.path, "total": disk.total, "used": disk.used, "free": disk.free, "used_percent": round(disk.percent, 1)}


def too_many(plan: PrunePlan, limits: t.Mapping[str, t.Optional[int]]) -> str:
    """One sentence where the plan removes more of a kind than ``limits`` allow; empty where it does not."""
    counts = {kind: len(plan.removals(kind)) for kind in KINDS}
    over = [
        "%d of kind %s, where max_delete allows %d" % (counts[kind], kind, limit)
        for kind, limit in limits.items()
        if limit is not None and counts[kind] > limit
    ]
    if not over:
        return ""
    return "Cannot prune: the plan would remove %s. Nothing was removed. Look at the plan in removed; if it is right, raise max_delete." % ", and ".join(over)


def failure(outcome: Outcome) -> str:
    """One sentence on what could not be removed, and what to do."""
    first = outcome.failed[0]
    more = " (and %d more, see failed_objects)" % (len(outcome.failed) - 1) if len(outcome.failed) > 1 else ""
    return "Cannot remove %s%s: %s Everything else was tried; run it again when the cause is gone." % (first.target, more, first.reason.rstrip(".") + ".")


def _described(decision: Decision) -> Facts:
    target = decision.target
    return {
        "kind": KINDS[target.kind],
        "id": target.id,
        "name": target.name,
        "names": list(target.names),
        "size": target.size,
        "shared": target.shared,
        "created": iso(target.created),
        "project": target.project,
        "reason": decision.reason,
        "until": iso(decision.until),
    }


def _diff(outcome: Outcome) -> Facts:
    lines = [_line(decision) for decision in outcome.removed]
    counts = ["%d %s%s" % (count, noun, "" if count == 1 else "s") for count, noun in _counts(outcome.removed)]
    return {
        "before_header": "Docker objects that nothing needs",
        "after_header": "Docker objects that nothing needs",
        "before": "".join(lines),
        "after": "removed: %s\n" % ", ".join(counts) if counts else "",
    }


def _counts(removed: t.Sequence[Decision]) -> t.Iterator[t.Tuple[int, str]]:
    for kind, noun in KINDS.items():
        count = sum(done.target.kind == kind for done in removed)
        if count:
            yield count, noun


def _line(decision: Decision) -> str:
    target: DockerObject = decision.target
    called = [str(target)]
    if target.name != short_id(target.id):
        called.append(short_id(target.id))
    if target.size is not None and target.kind != "networks":
        called.append(human(target.size))
    return "%s: %s\n" % (" ".join(called), decision.reason)
