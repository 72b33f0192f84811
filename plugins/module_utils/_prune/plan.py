# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a prune: for every object, whether it goes, and why.

Pure. Check mode returns this plan; the real run deletes exactly what it names.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections import deque
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import KINDS, DockerObject
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.keep import Key, Rule

_UNUSED = {
    "images": "no container that stays uses it",
    "networks": "no container that stays refers to it",
    "volumes": "no container that stays refers to it",
    "build_cache": "no build uses it",
}


@dataclass(frozen=True)
class Decision:
    """The verdict on one object, with its reason as the end of the sentence "it goes/stays because ...".

    ``depth``: how many objects of its kind it is built on; what is built on others goes before these.
    ``until``: when the reason to keep it ends, in seconds since 1970; None where it does not end by itself.
    """

    target: DockerObject
    remove: bool
    reason: str
    depth: int = 0
    until: t.Optional[int] = None


@dataclass(frozen=True)
class PrunePlan:
    """Decisions on everything in scope, in the order of removal, and what the rules say that match nothing: (option, text)."""

    decisions: t.Tuple[Decision, ...]
    unmatched: t.Tuple[t.Tuple[str, str], ...]

    def removals(self, kind: str) -> t.List[Decision]:
        return [decision for decision in self.decisions if decision.remove and decision.target.kind == kind]

    def keeps(self, kind: str) -> t.List[Decision]:
        return [decision for decision in self.decisions if not decision.remove and decision.target.kind == kind]

    @property
    def waiting(self) -> t.List[Decision]:
        """What stays only until its grace ends."""
        return [decision for decision in self.decisions if not decision.remove and decision.until is not None]

    def waves(self, kind: str) -> t.List[t.List[Decision]]:
        """The removals of a kind in groups: inside a group none needs another, and what a group needs comes in a later one."""
        found: t.Dict[int, t.List[Decision]] = {}
        for decision in self.removals(kind):
            found.setdefault(decision.depth, []).append(decision)
        return [found[depth] for depth in sorted(found, reverse=True)]

    def measured(self, sizes: t.Mapping[Key, int]) -> PrunePlan:
        """The same plan with sizes that were not known when it was made."""

        def sized(decision: Decision) -> Decision:
            size = sizes.get(decision.target.key)
            return decision if size is None else dataclasses.replace(decision, target=dataclasses.replace(decision.target, size=size))

        return dataclasses.replace(self, decisions=tuple(map(sized, self.decisions)))


def make_plan(objects: t.Sequence[DockerObject], scope: t.Collection[str], rules: t.Sequence[Rule]) -> PrunePlan:
    """Decide on ``objects`` of the kinds in ``scope``; objects of other kinds all stay, and so does what they need.

    An object stays when the engine holds it, when a rule keeps it, or when an object that stays needs it.
    """
    wanted = [rule.kept(objects) for rule in rules]
    stays = _staying(objects, scope, wanted)
    found = _index(objects)
    decisions = [
        Decision(target, target.key not in stays, stays.get(target.key) or _why_unused(target), _depth(target, found))
        for target in objects
        if target.kind in scope
    ]
    decisions = [dataclasses.replace(decision, until=_until(decision, rules, wanted)) for decision in decisions]
    unmatched = [(rule.option, text) for rule in rules if set(rule.kinds) & set(scope) for text in rule.unmatched(objects)]
    return PrunePlan(tuple(sorted(decisions, key=_order)), tuple(unmatched))


def _until(decision: Decision, rules: t.Sequence[Rule], wanted: t.Sequence[t.Mapping[Key, str]]) -> t.Optional[int]:
    """When the rule that is the reason keeps it no longer."""
    key = decision.target.key
    if decision.remove:
        return None
    return next((rule.until(decision.target) for rule, reasons in zip(rules, wanted) if reasons.get(key) == decision.reason), None)


def _staying(objects: t.Sequence[DockerObject], scope: t.Collection[str], wanted: t.Sequence[t.Mapping[Key, str]]) -> t.Dict[Key, str]:
    """Why each object stays. ``wanted``: what each rule keeps, with the reason."""
    stays: t.Dict[Key, str] = {}
    waiting: t.Deque[DockerObject] = deque()
    found = _index(objects)

    def stay(target: DockerObject, reason: str) -> None:
        if target.key not in stays:
            stays[target.key] = reason
            waiting.append(target)

    for target in sorted(objects, key=_by_name):
        reason = _own_reason(target, scope, wanted)
        if reason:
            stay(target, reason)
    while waiting:
        user = waiting.popleft()
        for need in user.needs:
            for target in found.get((need.kind, need.name), ()):
                stay(target, "%s%s needs it" % (user, " (%s)" % user.state if user.state else ""))
    return stays


def _own_reason(target: DockerObject, scope: t.Collection[str], wanted: t.Sequence[t.Mapping[Key, str]]) -> str:
    """Why ``target`` stays for its own sake; empty where nothing speaks for it. ``wanted``: what each rule keeps, with the reason."""
    if target.kind not in scope:
        return "%s are out of scope" % target.kind
    if target.held:
        return target.held
    return next((reasons[target.key] for reasons in wanted if target.key in reasons), "")


def _why_unused(target: DockerObject) -> str:
    if target.kind == "containers":
        return "it is %s" % target.state
    untagged = "it has no tag, and " if target.kind == "images" and not target.names else ""
    return untagged + _UNUSED[target.kind]


def _index(objects: t.Sequence[DockerObject]) -> t.Dict[Key, t.List[DockerObject]]:
    """Objects by everything they are called: two networks may bear one name, and then a need keeps both."""
    found: t.Dict[Key, t.List[DockerObject]] = {}
    for target in objects:
        for handle in target.handles:
            found.setdefault((target.kind, handle), []).append(target)
    return found


def _by_name(target: DockerObject) -> t.Tuple[int, str, str]:
    return (list(KINDS).index(target.kind), target.name, target.id)


def _order(decision: Decision) -> t.Tuple[t.Any, ...]:
    """Removal order: by kind; what is built on others before these; the newest image first; then by name."""
    target = decision.target
    kind, name, identifier = _by_name(target)
    return (kind, -decision.depth, -(target.created or 0) if target.kind == "images" else 0, name, identifier)


def _depth(target: DockerObject, found: t.Mapping[Key, t.Sequence[DockerObject]]) -> int:
    """How many objects of its kind it is built on: more than each of these, unless they stand in a circle, which no engine has."""
    below: t.Set[Key] = set()
    waiting = [target]
    while waiting:
        for need in waiting.pop().needs:
            for lower in found.get((need.kind, need.name), ()) if need.kind == target.kind else ():
                if lower.key not in below and lower.key != target.key:
                    below.add(lower.key)
                    waiting.append(lower)
    return len(below)
