# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person asked ``docker_prune`` for: the module's options, checked before an engine is spoken to."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.mycosoft.rack.plugins.module_utils._base.durations import parse_duration
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import parse_size
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import STATE_OPTIONS, state_path
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import KINDS
from ansible_collections.mycosoft.rack.plugins.module_utils._host.disk import Disk, Threshold
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.guards import (
    CacheBudget,
    KeepAnonymousVolumes,
    KeepBelowThreshold,
    KeepIrreplaceable,
    KeepNamedVolumes,
    KeepWithinBudget,
)
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.keep import LISTS, KeepRecovery, Rule, keep_rules
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.snapshot import SnapshotRequest
from ansible_collections.mycosoft.rack.plugins.module_utils._recovery.record import RecoveryRecord, read_record

Params = t.Mapping[str, t.Any]

#: Argument spec of ``docker_prune``, but for the connection.
PRUNE_OPTIONS: t.Dict[str, t.Any] = {
    **{kind: {"type": "bool", "default": kind != "volumes"} for kind in KINDS},
    **{rule.option: {"type": "list", "elements": "str", "default": []} for rule in LISTS},
    "keep_newer_than": {"type": "str"},
    "keep_used_within": {"type": "str"},
    "keep_newest_images": {"type": "int", "default": 0},
    "keep_rollback": {"type": "bool", "default": True},
    "irreplaceable_grace": {"type": "str", "default": "7d"},
    "volumes_grace": {"type": "str", "default": "7d"},
    "named_volumes": {"type": "list", "elements": "str", "default": []},
    "remove_named_volumes": {"type": "bool", "default": False},
    "build_cache_policy": {"type": "str", "choices": ["full", "budget"], "default": "full"},
    "build_cache_reserved": {"type": "str"},
    "build_cache_max_used": {"type": "str"},
    "build_cache_min_free": {"type": "str"},
    "only_if_disk_used": {"type": "str"},
    "disk_unknown": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
    "max_delete": {"type": "dict", "options": {kind: {"type": "int"} for kind in KINDS}},
    "wait_for_builds": {"type": "int", "default": 0},
    "busy_timeout": {"type": "int", "default": 60},
    **STATE_OPTIONS,
}

_BOUNDS = ("reserved", "max_used", "min_free")


@dataclass(frozen=True)
class PruneRequest:
    """The options in the shapes that the steps of a prune need. Makes the rules once the disk is known.

    ``graces``: kinds of which the ``record`` says since when they have been unused. ``projects``: what the rack builds.
    """

    scope: t.Tuple[str, ...]
    keep: t.Tuple[Rule, ...]
    named: t.Tuple[str, ...]
    anonymous: bool
    volumes_grace: str
    irreplaceable_grace: str
    projects: t.Tuple[str, ...]
    graces: t.Tuple[str, ...]
    record: str
    budget: t.Optional[CacheBudget]
    threshold: t.Optional[str]
    disk_unknown: str
    local: bool
    last_use: bool
    wait_for_builds: float
    busy_timeout: float
    max_delete: t.Mapping[str, t.Optional[int]] = field(default_factory=dict)

    @property
    def to_read(self) -> SnapshotRequest:
        return SnapshotRequest(self.scope, self.last_use, self.graces, self.record, self.projects, self.wait_for_builds)

    def rules(self, disk: t.Optional[Disk], now: int) -> t.List[Rule]:
        """What stays at ``now`` (the engine's clock, seconds since 1970), the weightiest reason first.

        Raises InvalidInput where the disk is needed, not known, and ``disk_unknown`` is fail.
        """
        if disk is None and self.disk_unknown == "fail" and self._needs_disk:
            raise InvalidInput(self._unmeasurable + " Run the module on the engine's own machine, leave these options out, or set disk_unknown to warn.")
        rules: t.List[Rule] = [KeepBelowThreshold(self.threshold, disk)] if self.threshold else []
        rules += [KeepNamedVolumes(given=self.named), KeepAnonymousVolumes(self.volumes_grace, now, self.named, self.anonymous)]
        rules += [rule.at(now) for rule in self.keep]
        rules += [KeepIrreplaceable(self.irreplaceable_grace, now)]
        return rules + ([KeepWithinBudget(budget=self.budget, disk=disk)] if self.budget else [])

    def warnings(self, disk: t.Optional[Disk]) -> t.List[str]:
        """Sentences for a person: bounds that could not be looked at."""
        return [self._unmeasurable + " So nothing is removed for their sake."] if disk is None and self._needs_disk else []

    @property
    def _needs_disk(self) -> t.List[str]:
        return [
            option
            for option, given in (("only_if_disk_used", self.threshold), ("build_cache_min_free", self.budget and self.budget.min_free))
            if given is not None
        ]

    @property
    def _unmeasurable(self) -> str:
        return "Cannot see how full the engine's disk is, which %s asks for: it is on another machine, or not to be read." % " and ".join(self._needs_disk)


def prune_request(params: Params) -> PruneRequest:
    """Raises InvalidInput for what cannot be meant, before anything was asked or changed."""
    named = tuple(params["named_volumes"])
    if named and not params["remove_named_volumes"]:
        raise InvalidInput(
            "Cannot remove the volumes %s: named_volumes names them, but remove_named_volumes does not confirm it, and their data "
            "would be gone for good. Set remove_named_volumes to true if that is what you want." % ", ".join(named)
        )
    scope = tuple(kind for kind in KINDS if params[kind] or (kind == "volumes" and named))
    recovered = read_record(state_path(params["state_directory"], "recovery")) or RecoveryRecord("", {})
    volumes_grace = _checked("volumes_grace", params["volumes_grace"], parse_duration)
    irreplaceable_grace = _checked("irreplaceable_grace", params["irreplaceable_grace"], parse_duration)
    spans = {"containers": irreplaceable_grace, "images": irreplaceable_grace, "volumes": params["volumes"] and volumes_grace}
    return PruneRequest(
        scope=scope,
        keep=(*(KeepRecovery(one.id) for one in recovered.containers.values()), *keep_rules(params)),
        named=named,
        anonymous=params["volumes"],
        volumes_grace=params["volumes_grace"],
        irreplaceable_grace=params["irreplaceable_grace"],
        projects=tuple(params["keep_projects"]),
        graces=tuple(kind for kind in scope if spans.get(kind)),
        record=str(state_path(params["state_directory"], "unused")),
        budget=_budget(params),
        threshold=_checked("only_if_disk_used", params["only_if_disk_used"], lambda text: Threshold(text).text),
        disk_unknown=params["disk_unknown"],
        local=params["docker_host"].startswith("unix://"),
        last_use=params["keep_used_within"] is not None,
        wait_for_builds=params["wait_for_builds"],
        busy_timeout=params["busy_timeout"],
        max_delete=params["max_delete"] or {},
    )


def _budget(params: Params) -> t.Optional[CacheBudget]:
    options = {bound: "build_cache_%s" % bound for bound in _BOUNDS}
    given = [option for option in options.values() if params[option] is not None]
    if params["build_cache_policy"] == "full":
        if given:
            raise InvalidInput(
                "Cannot keep build cache within %s: build_cache_policy is full, which removes all of it. Set build_cache_policy to budget." % ", ".join(given)
            )
        return None
    if not given:
        raise InvalidInput("Cannot keep build cache within a budget: no bound is given. Give one of %s." % ", ".join(options.values()))
    return CacheBudget(**{bound: _checked(option, params[option], parse_size) for bound, option in options.items()})


def _checked(option: str, value: t.Optional[str], parse: t.Callable[[str], t.Any]) -> t.Any:
    try:
        return None if value is None else parse(value)
    except ValueError as error:
        raise InvalidInput("Cannot use %s: %s" % (option, error)) from error
