# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run does with the release of one stack: begin it, end it, go back.

Decisions are in ``model.py``, borders in ``live.py`` (engine, git) and ``store.py`` (files).
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, InvalidInput, RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import iso, timestamp
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Engine
from ansible_collections.mycosoft.rack.plugins.module_utils._host.disk import measure
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._release.live import LiveStack
from ansible_collections.mycosoft.rack.plugins.module_utils._release.model import History, NoRelease, Release
from ansible_collections.mycosoft.rack.plugins.module_utils._release.store import Store

#: What is told of a stack to which nothing was done.
NOTHING: Facts = {
    "changed": False,
    "release": None,
    "found": False,
    "forgotten": [],
    "stopped": [],
    "start": [],
    "without_image": [],
    "failures": None,
    "left": {},
    "stays": None,
    "problem": None,
}


def read_room(kernel: Kernel, engine: Engine) -> Facts:
    """Bytes that are free now: of the memory, and of the disk that holds the engine's data where that is on this machine."""
    disk = measure(engine.get("/info").get("DockerRootDir") or "")
    return {"memory_available": kernel.meminfo().get("MemAvailable"), "disk_available": disk and disk.free}


def _at(moment: str, room: Facts) -> Facts:
    return {"%s_%s" % (name, moment): size for name, size in room.items()}


@dataclass(frozen=True)
class ReleaseRun:
    """One ``stack`` in one call. ``starter``: who started the run; ``room``: free memory and disk now; ``check``: only say what would be done."""

    params: t.Mapping[str, t.Any]
    starter: Facts
    room: Facts
    stack: str
    released: LiveStack
    store: Store
    history: History
    now: float
    check: bool

    @property
    def run(self) -> str:
        return str(self.params["run"])

    def begin(self) -> ReleaseRun:
        """The same work once the run has begun, with what runs kept; nothing is done where it had begun before."""
        about = {**self.starter, **self.params["about"], "began": iso(self.now), **_at("before", self.room)}
        begun = self.history.begun(self.run, self.released.state(), about)
        found = next((release.id for release in begun if release.state is not None), None)
        self._refuse_lost([service for release in begun for service in self.released.without_image(release) if _runs(release, service)])
        for release in begun if not self.check else ():
            self.released.keep(release)
            self.store.write(release)
        if found and not self.check:
            self.store.set_current(found)
        return replace(self, history=History(self.history.releases + tuple(begun), found or self.history.current))

    def _refuse_lost(self, services: t.Sequence[str]) -> None:
        """Raise InvalidInput if the image of a service that runs is gone: whatever replaces it, nobody could go back."""
        if services:
            raise InvalidInput(
                "Cannot record what runs of %s: the image of %s was removed while its container runs, so that a rollback could not start it again. "
                "Pull or load that image again, or have Compose recreate the service (docker compose up), then run again." % (self.stack, ", ".join(services))
            )

    def pinned(self) -> Facts:
        after = self.begin().history
        new, release = after.releases[len(self.history.releases) :], after.find(self.run)
        lost = [service for one in new for service in self.released.without_image(one)]
        found = any(one.state is not None for one in new)
        return {**NOTHING, "changed": bool(new), "release": release and release.facts(), "found": found, "without_image": lost}

    def finished(self) -> Facts:
        begun, result = self.history.find(self.run), self.params["result"]
        if self.check and begun is None:  # it was only said that it would be pinned
            return {**NOTHING, "changed": True}
        if result == "rolled_back" and begun is not None and "restored" not in begun.about:
            result = "failed"  # there was nothing to go back to
        began = timestamp(str(begun.about.get("began", "")) if begun else "") or self.now
        about = {"ended": iso(self.now), "seconds": round(self.now - began), **_at("after", self.room)}
        running = self.released.state()
        release = self.history.ended(self.run, result, running, about)
        current = {"ok": release.id, "rolled_back": release.about.get("restored")}.get(result) or self.history.current
        restored = self.history.find(current) if result == "rolled_back" else None
        after = History(tuple(release if one.id == release.id else one for one in self.history.releases), current)
        forgotten = after.forgettable(self.params["keep"])
        if not self.check:
            if restored is not None and restored.state is not None:
                self.store.write(replace(restored, state=restored.state.with_hashes_of(running)))
            self._write(release, current, forgotten)
        lost = self.released.without_image(release)
        return {**NOTHING, "changed": True, "release": release.facts(), "forgotten": [one.id for one in forgotten], "without_image": lost}

    def _write(self, release: Release, current: t.Optional[str], forgotten: t.Iterable[Release]) -> None:
        """In the order that a run which dies in between can be understood: images first, the link after them, what is old last."""
        self.released.keep(release)
        self.store.write(release)
        if current is not None:
            self.store.set_current(current)
        for old in forgotten:
            self.released.forget(old)
            self.store.remove(old)

    def target(self) -> t.Optional[Release]:
        """What to go back to, whole and still here; None where nothing of ours ran before. Raises InvalidInput, NoRelease where somebody named one that
        this stack does not have.
        """
        begun = self.history.find(self.run)
        if self.params["to"] is None and (begun.previous is None if begun else self.check):
            return None
        try:
            target = self.history.target(self.run, self.params["to"])
        except InvalidInput as error:
            raise error.__class__("Cannot roll back %s: %s" % (self.stack, error.message)) from error
        if target.state is not None:
            self.released.refuse_incomplete(target, target.state)
        return target

    def restored(self, target: t.Optional[Release]) -> Facts:
        begun = self.history.find(self.run)
        if target is None or target.state is None or begun is None:
            return dict(NOTHING)
        changed, left = self.released.differs(target.state), self.released.sources()
        start, stopped = self.released.to_start(target.state), t.cast(t.List[str], [])
        if not self.check:
            self.released.restore(target.state)
            stopped = self.released.stop_strangers(target.state, timestamp(str(begun.about.get("began", ""))) or self.now)
            # Where a full disk takes no note, what ran before is back all the same; where somebody named it, the note decides what is current.
            with contextlib.suppress(*(() if self.params["to"] else (RackError,))):
                self.store.write(replace(begun, about={**begun.about, "restored": target.id}))
        start = self.released.in_files(start)
        return {**NOTHING, "changed": changed or bool(stopped), "release": target.facts(), "stopped": stopped, "start": start, "left": left}

    def noted(self) -> t.Optional[str]:
        """Where what was not well is kept, with its log; None where there is nothing. A full disk, which may be the cause, keeps nobody from going back."""
        known, logs = self.released.project, self.params["logs"]
        failures = [{**problem, "log": logs.get(problem["container"], [])} for problem in self.params["problems"] if problem["project"] == known]
        told = {failure["container"] for failure in failures}
        failures += [{"project": known, "container": name, "log": log} for name, log in logs.items() if name.startswith(known + "-") and name not in told]
        if not failures or self.check or self.history.find(self.run) is None:
            return None
        with contextlib.suppress(RackError):
            return self.store.write_failures(self.run, failures)
        return None


def _runs(release: Release, service: str) -> bool:
    return release.state is not None and release.state.services[service].running


def refuse_moved(moved: t.Mapping[str, t.Mapping[str, str]], targets: t.Mapping[str, t.Optional[Release]]) -> None:
    """Raises InvalidInput if a release would start a service here whose data is now on another server."""
    old = [
        "%s of %s is on %s" % (service, stack, host)
        for stack, target in targets.items()
        for service, host in moved.get(stack, {}).items()
        if target is not None and target.state is not None and service in target.state.services
    ]
    if old:
        raise InvalidInput("Cannot roll back: %s, moved since that release. Deploy an older commit, or move it back first." % ", ".join(old), moved=old)


def aimed(work: ReleaseRun, wanted: bool) -> t.Tuple[t.Optional[Release], Facts]:
    """What a stack goes back to, or what keeps it from that; ``wanted``: somebody asked for the rollback."""
    try:
        return work.target(), {}
    except InvalidInput as error:
        return None, {"stays" if wanted and isinstance(error, NoRelease) else "problem": error.message}


def attempted(work: ReleaseRun, target: t.Optional[Release], kept: Facts) -> Facts:
    """What was done with one stack. One that cannot be restored does not keep the others from it."""
    failures = work.noted()
    try:
        return {**((kept and {**NOTHING, **kept}) or work.restored(target)), "failures": failures}
    except RackError as error:
        return {**NOTHING, "problem": error.message, "failures": failures}
