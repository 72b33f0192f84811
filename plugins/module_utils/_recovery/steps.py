# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry a recovery out: one container at a time, noted before it is touched, with patience for an engine that is slow."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError, Unreachable
from ansible_collections.mycosoft.rack.plugins.module_utils._base.order import enough
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import state_path
from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import iso
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Engine, Json, NotFound
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.health import SETTLED, has_finished, wait_healthy
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._recovery.choose import InspectedContainer, PlannedService, decide, read_container
from ansible_collections.mycosoft.rack.plugins.module_utils._recovery.record import RecordedContainer, RecoveryRecord, read_record, remove_record, write_record

#: How often an engine that does not answer is asked again, and how long is waited in between, in seconds.
_TRIES = 3
_PAUSE = 5.0

#: How many of the containers that stay are named where memory stays short.
_NAMED = 3

_NEVER = {"Name": "no", "MaximumRetryCount": 0}

T = t.TypeVar("T")


class Recovery:
    """One call of the module. ``memory``: bytes that are to be available."""

    def __init__(
        self, engine: Engine, kernel: Kernel, params: t.Mapping[str, t.Any], planned: t.Sequence[PlannedService], memory: int, check_mode: bool
    ) -> None:
        self._engine, self._kernel, self._params, self._memory, self._check = engine, kernel, params, memory, check_mode
        self._deadline: float = time.monotonic() + params["seconds"]
        self._before = self._available()
        #: Running containers whose memory could not be read.
        self._unmeasured: t.Set[str] = set()
        self._found = self._look()
        self._planned = planned
        self._judgement = decide(self._found, planned, params["keep_labels"])
        self._path = state_path(params["state_directory"], params["record"])
        self._record = read_record(self._path)
        self._stopped: t.List[InspectedContainer] = []
        self._started: t.List[Json] = []
        self._left: t.List[str] = []
        self._problems: t.List[str] = []
        self._gone: t.List[str] = []
        #: Bytes that check mode has given to what it would start.
        self._promised = 0

    def stop(self) -> None:
        """Stop what can go until there is enough memory."""
        stops = [one for one in self._judgement.stops if self._may_go(one)]
        if not self._params["everything"]:
            self._fail_out_of_reach(stops)
        if self._check:
            self._stopped = stops if self._params["everything"] else enough(stops, self._memory - self._before, lambda one: one.memory)
            return
        running = [RecordedContainer(one.id, one.name, one.project, one.service, one.restart, one.memory) for one in self._found if one.runs]
        known = self._record or RecoveryRecord(t.cast(str, iso(self._kernel.now())), {})
        self._save(known.merged(running))
        for one in stops:
            if not self._params["everything"] and self._available() >= self._memory:
                return
            if self._late():
                self._left.append(one.title)
                continue
            self._save(self._recorded.stopping(one.id))
            if self._hold(one):
                self._stopped.append(one)

    def _fail_out_of_reach(self, stops: t.Sequence[InspectedContainer]) -> None:
        """Raises RackError where all of ``stops`` together do not hold the memory that is missing."""
        held = sum(one.memory for one in stops)
        if self._before + held >= self._memory or any(one.id in self._unmeasured for one in stops):
            return
        by_id = {one.id: one for one in self._found}
        staying = sorted((by_id[name] for name in self._judgement.stays), key=lambda one: -one.memory)[:_NAMED]
        raise RackError(
            "Cannot make %s of memory available: %s are, and stopping everything that may be stopped would free about %s (%s). Nothing was stopped. "
            "What stays and uses most: %s. Lower available (role recover: recover_available), move a service to another server, or set everything "
            "(recover_everything) to stop what may be stopped all the same."
            % (
                human(self._memory),
                human(self._before),
                human(held),
                ", ".join("%s %s" % (one.title, human(one.memory)) for one in stops) or "there is nothing",
                ", ".join("%s %s (%s)" % (one.title, human(one.memory), self._judgement.stays[one.id]) for one in staying) or "nothing",
            ),
            **self.facts(),
        )

    def _may_go(self, one: InspectedContainer) -> bool:
        if self._params["only_listed"]:
            return (one.project, one.service) in {(planned.project, planned.service) for planned in self._planned}
        return bool(self._params["unplanned"]) or one.project in {planned.project for planned in self._planned}

    def start(self) -> None:
        """Start what is essential, and what else ran and was not to be stopped; each after what it needs is well."""
        aside = {one.id: one for one in self._record.stopped} if self._record else {}
        ran = {one.id for one in self._record.others} if self._record else set()
        essential = [one.id for one in self._judgement.essential]
        by_id = {one.id: one for one in self._found}
        there = {(one.project, one.service) for one in self._found}
        self._problems += [
            "%s/%s has no container. Deploy it" % (one.project, one.service)
            for one in self._planned
            if one.essential and one.needed_by is None and (one.project, one.service) not in there
        ]
        for name in essential + [name for name in by_id if name in ran and name not in essential]:
            one = by_id[name]
            if name in aside:  # it became essential since
                self._bring_back(aside[name])
            elif not one.runs:
                self._up(name, one.title, None)
            elif not self._check and name in essential:
                self._wait(name, one.title, SETTLED)
        if not self._check and not self._left and self._record is not None:
            self._keep(self._record.of_stopped())

    def restore(self) -> None:
        """Start what was stopped, the last first, and forget it."""
        if self._record is None:
            return
        for one in reversed(self._record.stopped):
            self._bring_back(one)
        if not self._check and not self._record.stopped:
            self._keep(self._record)

    def facts(self) -> Json:
        """What the module returns."""
        by_id = {one.id: one for one in self._found}
        running = sorted(one.title for one in self._found if one.runs)
        after = sorted(set(running) - {one.title for one in self._stopped} | {one["name"] for one in self._started})
        return {
            "changed": bool(self._stopped or self._started),
            "available": {"before": self._before, "after": self._before if self._check else self._available(), "wanted": self._memory},
            "stopped": [one.facts() for one in self._stopped],
            "started": self._started,
            "stays": [{"name": by_id[name].title, "why": why} for name, why in self._judgement.stays.items()],
            "left": self._left,
            "problems": self._problems,
            "gone": self._gone,
            "waiting": [one.title for one in self._record.stopped] if self._record else [],
            "diff": {"before": {"running": running}, "after": {"running": after}},
        }

    @property
    def _recorded(self) -> RecoveryRecord:
        if self._record is None:  # it is written before a container is touched
            raise RackError("Cannot go on: nothing was noted of what runs. Run again.")
        return self._record

    def _save(self, record: RecoveryRecord) -> None:
        if record != self._record:
            write_record(self._path, record)
            self._record = record

    def _keep(self, record: RecoveryRecord) -> None:
        """What is still to be brought back; no file where there is nothing."""
        if record.stopped:
            self._save(record)
        else:
            remove_record(self._path)
        self._record = record

    def _late(self) -> bool:
        return time.monotonic() >= self._deadline

    def _available(self) -> int:
        return self._kernel.meminfo()["MemAvailable"]

    def _look(self) -> t.List[InspectedContainer]:
        """Every container, running or not."""
        found = []
        for entry in self._patiently(self._engine.containers):
            try:
                detail = self._patiently(lambda entry=entry: self._engine.inspect(entry["Id"]))  # type: ignore[misc]
            except NotFound:  # it went in between
                continue
            cgroup = self._kernel.container(detail["Id"], int(detail["State"].get("Pid") or 0)) if detail["State"].get("Running") else None
            if detail["State"].get("Running") and (cgroup is None or cgroup.working_set is None):
                self._unmeasured.add(detail["Id"])
            found.append(read_container(detail, (cgroup.working_set or 0) if cgroup else 0, (cgroup.swap_used or 0) if cgroup else 0))
        return found

    def _hold(self, one: InspectedContainer) -> bool:
        """Stop a container so that nothing but a restore starts it again. False where it is gone."""
        try:
            if one.restart.get("Name") not in ("", "no", None):
                self._patiently(lambda: self._engine.post("/containers/%s/update" % one.id, {"RestartPolicy": _NEVER}))
            self._patiently(lambda: self._engine.post("/containers/%s/stop" % one.id))
        except NotFound:
            return False
        return True

    def _bring_back(self, one: RecordedContainer) -> None:
        if self._returned(one) and not self._check:
            self._keep(self._recorded.without(one.id))

    def _returned(self, one: RecordedContainer) -> bool:
        """Whether a container that was stopped runs again, in itself or in one that took its place; or is gone for good."""
        current = next((found for found in self._found if found.id == one.id), None)
        if current is None:
            followers = [found for found in self._found if one.service and (found.project, found.service) == (one.project, one.service)]
            if not followers:
                self._gone.append(one.title)
            elif not any(found.runs for found in followers):
                return self._up(followers[0].id, one.title, one)
            return True
        if not self._check:
            self._patiently(lambda: self._engine.post("/containers/%s/update" % one.id, {"RestartPolicy": dict(one.restart)}))
        return True if current.runs else self._up(one.id, one.title, one)

    def _up(self, identity: str, title: str, before: t.Optional[RecordedContainer]) -> bool:
        """Start a container, and wait for one that is brought back; whether it is up. ``before``: what it was when it was stopped."""
        short = before is not None and self._available() - self._promised - before.memory < self._memory
        if self._late() or short:
            self._left.append(title + (", which took %s" % human(before.memory) if short and before else ""))
            return False
        if not self._check:
            try:
                self._patiently(lambda: self._engine.post("/containers/%s/start" % identity))
            except RackError as error:
                self._problems.append("%s could not be started: %s" % (title, error.message.rstrip(".")))
                return False
        self._started.append({"id": identity, "name": title})
        if self._check:
            self._promised += before.memory if before else 0
        return self._check or self._wait(identity, title)

    def _wait(self, identity: str, title: str, seconds: float = 0.0) -> bool:
        """Whether a container becomes healthy in time, or does its work and ends; ``seconds``: how long it has been up already."""
        waited = wait_healthy(lambda: self._patiently(lambda: self._engine.inspect(identity)), self._kernel.pause, lambda _seconds: self._late(), seconds)
        if waited.state == "ended" and has_finished(waited.detail):
            return True
        if waited.state == "ended":
            self._problems.append("%s ended with exit code %s" % (title, waited.detail["State"].get("ExitCode")))
        elif waited.state != "healthy":
            self._problems.append("%s is not healthy but %s" % (title, waited.state))
        return waited.state == "healthy"

    def _patiently(self, ask: t.Callable[[], T]) -> T:
        """Ask again where the engine does not answer in time: what is done twice here does no harm."""
        tries = 1
        while True:
            try:
                return ask()
            except Unreachable:
                if tries == _TRIES or self._late():
                    raise
            tries += 1
            self._kernel.pause(_PAUSE)
