# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases of a stack on a host: what ran, what runs, what to go back to, what to forget.

Pure. A release is named by the run that made it. What was found running
before any release, or was changed by hand since, becomes one too, so that
there is always something to go back to.
"""

from __future__ import annotations

import hashlib
import re
import typing as t
from dataclasses import asdict, dataclass, field, replace

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import suggestion
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.image_names import ROLLBACK_REGISTRY

Json = t.Dict[str, t.Any]

#: Results of a run whose state can be gone back to.
_WHOLE = ("ok", "found")


class NoRelease(InvalidInput):
    """A stack does not have the release that is asked for."""


@dataclass(frozen=True)
class ReleasedService:
    """What one service ran: the name Compose knows its image by, the image itself, the hash of its configuration.

    ``memory``: the limit of its container in bytes, 0 for none, and None where a record does not tell; ``running``: whether it ran; ``finished``: whether it
    had done its work, as a migration does. None of them can be brought back by starting the service again: they do not make it another one.
    """

    image: str
    image_id: str
    config_hash: t.Optional[str]
    memory: t.Optional[int] = field(default=None, compare=False)
    running: bool = field(default=True, compare=False)
    finished: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class ServiceContainer:
    """One container of a service, as it is now; ``state`` in the engine's words."""

    name: str
    service: str
    found: ReleasedService
    state: str = "running"

    @property
    def is_up(self) -> bool:
        """Whether it runs, or will again."""
        return self.state in ("running", "restarting", "paused")


@dataclass(frozen=True)
class StackState:
    """What a stack is made of at one moment. ``sources``: directory -> commit; ``override``: the text of the rendered file."""

    services: t.Mapping[str, ReleasedService]
    sources: t.Mapping[str, str]
    override: t.Optional[str]

    def same_containers(self, other: StackState) -> bool:
        """Whether the same images run with the same configuration."""
        return self.services == other.services

    def with_hashes_of(self, running: StackState) -> StackState:
        """This state with the hashes that Compose gave to what it started again from the same images.

        A service that is started without what it depends on can get another hash than in the release, although nothing else differs.
        """
        again = {name: found for name, found in running.services.items() if name in self.services and found.image_id == self.services[name].image_id}
        return replace(self, services={name: replace(was, config_hash=again.get(name, was).config_hash) for name, was in self.services.items()})

    def to_start(self, copies: t.Iterable[ServiceContainer]) -> t.List[str]:
        """Services that a start has to bring back, by name; ``copies``: what is there now.

        What still runs as it did is left alone. What did not run is started only if another version of it runs now, and what had done its work never:
        see :meth:`to_stop`.
        """
        up = [copy for copy in copies if copy.is_up]
        running = {copy.service for copy in up if copy.found.running}
        changed = {copy.service for copy in up if copy.service in self.services and copy.found != self.services[copy.service]}
        return sorted(
            name for name, service in self.services.items() if not service.finished and (name in changed or (service.running and name not in running))
        )

    def to_stop(self, copies: t.Iterable[ServiceContainer]) -> t.Set[str]:
        """Services of which a container is up although nothing of them was: they were not there, or had done their work."""
        return {copy.service for copy in copies if copy.is_up and (copy.service not in self.services or self.services[copy.service].finished)}

    def facts(self) -> Json:
        """Plain JSON types. The override has its own file: only its hash is told."""
        return {
            "services": {name: asdict(service) for name, service in self.services.items()},
            "sources": dict(self.sources),
            "override": None if self.override is None else hashlib.sha256(self.override.encode()).hexdigest(),
        }


def read_state(facts: Json, override: t.Optional[str]) -> StackState:
    """From what :meth:`StackState.facts` told; raises KeyError or TypeError for what is none of it."""
    return StackState({name: _read_service(service) for name, service in facts["services"].items()}, dict(facts["sources"]), override)


def _read_service(facts: Json) -> ReleasedService:
    return ReleasedService(
        facts["image"], facts["image_id"], facts["config_hash"], facts.get("memory"), facts.get("running", True), facts.get("finished", False)
    )


@dataclass(frozen=True)
class Release:
    """One run of a stack on this host. ``state`` is None while it is under way and where it failed.

    ``result``: ``started``, ``ok``, ``found``, ``failed`` or ``rolled_back``; ``previous``: the release that ran before it;
    ``about``: who, when, how long, with which memory and disk.
    """

    id: str
    result: str
    previous: t.Optional[str]
    state: t.Optional[StackState]
    about: t.Mapping[str, t.Any]

    @property
    def whole(self) -> bool:
        """Whether one can go back to it."""
        return self.result in _WHOLE and self.state is not None

    def facts(self) -> Json:
        """Plain JSON types, as they are written and returned."""
        return {"id": self.id, "result": self.result, "previous": self.previous, "state": self.state and self.state.facts(), **self.about}


@dataclass(frozen=True)
class History:
    """All releases of a stack on this host, the oldest first, and the id of the one that runs."""

    releases: t.Tuple[Release, ...]
    current: t.Optional[str]

    def find(self, identity: t.Optional[str]) -> t.Optional[Release]:
        return next((release for release in self.releases if release.id == identity), None)

    def begun(self, run: str, running: StackState, about: Json) -> t.List[Release]:
        """The releases to write when ``run`` begins: itself, and before it what was found, where that is none of ours.

        After a run that died half-way, what runs may be half of each: the last whole release stays what to go back to.
        """
        last = self.releases[-1] if self.releases else None
        current = self.find(self.current)
        if last is not None and last.id == run:
            return []
        if last is not None and last.result == "started":
            return [Release(run, "started", last.previous, None, about)]
        if current is not None and current.state is not None and current.state.same_containers(running):
            return [Release(run, "started", current.id, None, about)]
        if not running.services:
            return [Release(run, "started", None, None, about)]
        found = Release("%s-found" % run, "found", self.current, running, about)
        return [found, Release(run, "started", found.id, None, about)]

    def ended(self, run: str, result: str, running: StackState, about: Json) -> Release:
        """The release of ``run`` as it is written at its end."""
        begun = self.find(run)
        if begun is None:
            raise InvalidInput("Cannot finish the release %s: it never began. Pin what runs first (state pinned)." % run)
        return replace(begun, result=result, state=running if result == "ok" else None, about={**begun.about, **about})

    def target(self, run: str, to: t.Optional[str]) -> Release:
        """What to go back to: by name; ``previous``, the one before the current; None, the one that ran before ``run``.

        Raises NoRelease where there is none, and InvalidInput for one that cannot be gone back to.
        """
        wanted = to
        if to is None:
            begun = self.find(run)
            wanted = begun.previous if begun else None
        elif to == "previous":
            current = self.find(self.current)
            wanted = current.previous if current else None
        found = self.find(wanted)
        if found is not None and found.whole:
            return found
        known = [release.id for release in self.releases if release.whole]
        if not wanted:
            raise NoRelease("nothing of ours ran before. Deploy instead.")
        kind = NoRelease if found is None else InvalidInput
        raise kind("%s is no release one can go back to. %s" % (wanted, suggestion(wanted, known)))

    def forgettable(self, keep: int) -> t.List[Release]:
        """All but the newest ``keep`` whole releases; never the current one, the one before it, and what is under way."""
        current = self.find(self.current)
        whole = [release.id for release in self.releases if release.whole]
        kept = {*(whole[-keep:] if keep else ()), self.current, current.previous if current else None}
        oldest = next((number for number, release in enumerate(self.releases) if release.id in kept), 0)
        return [
            release
            for number, release in enumerate(self.releases)
            if release.id not in kept and (release.whole or number < oldest) and release.result != "started"
        ]


def pin(project: str, service: str, release: str) -> t.Tuple[str, str]:
    """Repository and tag that keep an image for a release. A name that no repository can have is told apart by a hash."""
    name = re.sub("[^a-z0-9]+", "-", service.lower()).strip("-")
    if name != service:
        name = ("%s-%s" % (name, hashlib.sha256(service.encode()).hexdigest()[:8])).lstrip("-")
    return "%s/%s/%s" % (ROLLBACK_REGISTRY, project, name), release
