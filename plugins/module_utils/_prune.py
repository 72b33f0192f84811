# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a prune: for every object, whether it goes, and why.

Pure. Check mode returns this plan; the real run deletes exactly what it names.
"""

from __future__ import annotations

import typing as t
from collections import deque
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._docker_objects import KINDS, DockerObject
from ansible_collections.mycosoft.rack.plugins.module_utils._keep import Rule

_Key = t.Tuple[str, str]

_UNUSED = {
    "images": "no container that stays uses it",
    "networks": "no container that stays refers to it",
    "build_cache": "no build uses it",
}


@dataclass(frozen=True)
class Decision:
    """The verdict on one object, with its reason as the end of the sentence "it goes/stays because ..."."""

    target: DockerObject
    remove: bool
    reason: str


@dataclass(frozen=True)
class Plan:
    """Decisions on everything in scope: kinds in the order of removal, inside a kind what needs others before these."""

    decisions: t.Tuple[Decision, ...]
    unmatched: t.Tuple[Rule, ...]

    def removals(self, kind: str) -> t.List[Decision]:
        return [decision for decision in self.decisions if decision.remove and decision.target.kind == kind]

    def keeps(self, kind: str) -> t.List[Decision]:
        return [decision for decision in self.decisions if not decision.remove and decision.target.kind == kind]


def make_plan(objects: t.Sequence[DockerObject], scope: t.Collection[str], rules: t.Sequence[Rule]) -> Plan:
    """Decide on ``objects`` of the kinds in ``scope``; objects of other kinds all stay, and so does what they need.

    An object stays when the engine holds it, when a rule keeps it, or when an object that stays needs it.
    """
    stays = _staying(objects, scope, rules)
    decisions = [Decision(target, target.key not in stays, stays.get(target.key) or _why_unused(target)) for target in objects if target.kind in scope]
    unmatched = [rule for rule in rules if set(rule.kinds) & set(scope) and not any(map(rule.keeps, objects))]
    return Plan(tuple(sorted(decisions, key=_order(objects))), tuple(unmatched))


def _staying(objects: t.Sequence[DockerObject], scope: t.Collection[str], rules: t.Sequence[Rule]) -> t.Dict[_Key, str]:
    stays: t.Dict[_Key, str] = {}
    waiting: t.Deque[DockerObject] = deque()
    found = _index(objects)

    def stay(target: DockerObject, reason: str) -> None:
        if target.key not in stays:
            stays[target.key] = reason
            waiting.append(target)

    for target in sorted(objects, key=_by_name):
        reason = _own_reason(target, scope, rules)
        if reason:
            stay(target, reason)
    while waiting:
        user = waiting.popleft()
        for need in user.needs:
            for target in found.get((need.kind, need.name), ()):
                stay(target, "%s%s needs it" % (user, " (%s)" % user.state if user.state else ""))
    return stays


def _own_reason(target: DockerObject, scope: t.Collection[str], rules: t.Sequence[Rule]) -> str:
    """Why ``target`` stays for its own sake; empty where nothing speaks for it."""
    if target.kind not in scope:
        return "%s are out of scope" % target.kind
    if target.held:
        return target.held
    return next((str(rule) for rule in rules if rule.keeps(target)), "")


def _why_unused(target: DockerObject) -> str:
    if target.kind == "containers":
        return "it is %s" % target.state
    untagged = "it has no tag, and " if target.kind == "images" and not target.names else ""
    return untagged + _UNUSED[target.kind]


def _index(objects: t.Sequence[DockerObject]) -> t.Dict[_Key, t.List[DockerObject]]:
    """Objects by everything they are called: two networks may bear one name, and then a need keeps both."""
    found: t.Dict[_Key, t.List[DockerObject]] = {}
    for target in objects:
        for handle in target.handles:
            found.setdefault((target.kind, handle), []).append(target)
    return found


def _by_name(target: DockerObject) -> t.Tuple[int, str, str]:
    return (list(KINDS).index(target.kind), target.name, target.id)


def _order(objects: t.Sequence[DockerObject]) -> t.Callable[[Decision], t.Tuple[t.Any, ...]]:
    """Removal order: by kind; what is built on others before these; the newest image first; then by name."""
    found = _index(objects)

    def depth(target: DockerObject) -> int:
        seen = {target.key}
        while True:
            below = [lower for need in target.needs for lower in found.get((need.kind, need.name), ()) if lower.kind == target.kind and lower.key not in seen]
            if not below:
                return len(seen)
            target = below[0]
            seen.add(target.key)

    def order(decision: Decision) -> t.Tuple[t.Any, ...]:
        target = decision.target
        kind, name, identifier = _by_name(target)
        levels = depth(target) if target.kind in ("images", "networks") else 0
        return (kind, -levels, -(target.created or 0) if target.kind == "images" else 0, name, identifier)

    return order
