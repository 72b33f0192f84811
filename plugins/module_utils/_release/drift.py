# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a stack differs from its release: what somebody changed by hand since.

Pure. A release holds no environment, which may be secret: Compose's own hash of
a service's configuration tells that one was started with another.
"""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import exact
from ansible_collections.mycosoft.rack.plugins.module_utils._release.model import ReleasedService, ServiceContainer, StackState

Json = t.Dict[str, t.Any]

#: Of an image's or a configuration's hash and of a commit, what people read; the rest is in the records.
_SHORT = 12


@dataclass(frozen=True)
class Drift:
    """One thing that is not as it was released: ``what`` in a word, of a service or, with None, of its stack; ``message`` in a sentence."""

    service: t.Optional[str]
    what: str
    message: str

    def facts(self) -> Json:
        return asdict(self)


def find_drift(released: StackState, copies: t.Sequence[ServiceContainer], sources: t.Mapping[str, str], override: t.Optional[str]) -> t.List[Drift]:
    """All of it, service by service, then of the stack. What is there now: ``copies``, the oldest first, and as :class:`StackState` has them the others."""
    found: t.List[Drift] = []
    for name, service in sorted(released.services.items()):
        found += _of_service(name, service, [copy for copy in copies if copy.service == name])
    strangers = {copy.service for copy in copies if copy.found.running} - set(released.services)
    found += [Drift(name, "added", "It runs, and the release does not have it.") for name in sorted(strangers)]
    return found + list(_of_stack(released, sources, override))


def _of_service(name: str, service: ReleasedService, copies: t.Sequence[ServiceContainer]) -> t.Iterator[Drift]:
    if not copies:
        yield Drift(name, "missing", "It has no container; the release has one of %s." % service.image)
        return
    running = [copy for copy in copies if copy.found.running]
    if service.running and not running and not copies[-1].found.finished:  # a job that was still at work then has ended since
        yield Drift(name, "stopped", "No container of it runs.")
    for copy in running or copies[-1:]:
        found = copy.found
        if found.image_id != service.image_id:
            yield Drift(name, "image", "%s has the image %s, the release %s." % (copy.name, _short(found.image_id), _short(service.image_id)))
        if found.config_hash != service.config_hash:
            yield Drift(name, "configuration", "%s was started with another configuration: environment, volumes, ports or the like." % copy.name)
        if service.memory is not None and found.memory != service.memory:
            yield Drift(name, "limit", "%s has %s, the release gave it %s." % (copy.name, _limit(found.memory), _limit(service.memory)))


def _of_stack(released: StackState, sources: t.Mapping[str, str], override: t.Optional[str]) -> t.Iterator[Drift]:
    """What nothing runs with yet: the next start or rollback would."""
    if released.override != override:
        yield Drift(None, "override", "The file of rendered limits is not the one of the release.")
    for folder, commit in sorted(released.sources.items()):
        there = sources.get(folder)
        if there != commit:
            yield Drift(None, "checkout", "%s is at %s, the release was built from %s." % (folder, _short(there) if there else "no commit", _short(commit)))


def _short(identity: str) -> str:
    return identity[len("sha256:") :][:_SHORT] if identity.startswith("sha256:") else identity[:_SHORT]


def _limit(memory: t.Optional[int]) -> str:
    return "a limit of %s" % exact(memory) if memory else "no limit"
