# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers that a start is judged by: those of the services that somebody names, and what the run started besides."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Engine
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import copy_of, of_entry
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.containers import UP, Container, read_container

Json = t.Dict[str, t.Any]


@dataclass(frozen=True)
class Judged:
    """What a start is judged by. ``services``: (project, service); ``projects``: those of which other services count, too, if they were created or started
    ``since``, in seconds since 1970.
    """

    services: t.AbstractSet[t.Tuple[str, str]]
    projects: t.AbstractSet[str]
    since: t.Optional[float]

    def containers(self, engine: Engine, kernel: Kernel) -> t.List[Container]:
        """By name: of each service the copies that are up, or if none is the newest one; and those of other services."""
        wanted: t.Dict[t.Tuple[str, str], t.List[Json]] = {}
        others: t.List[Json] = []
        for entry in sorted(engine.containers(), key=lambda entry: t.cast(int, entry["Created"])):
            copy = copy_of(of_entry(entry))
            if copy in self.services:
                wanted.setdefault(t.cast(t.Tuple[str, str], copy), []).append(entry)
            elif copy and copy[0] in self.projects and self.since is not None:
                others.append(entry)
        entries = [entry for copies in wanted.values() for entry in ([one for one in copies if one["State"] in UP] or copies[-1:])]
        found = [read_container(engine, kernel, entry["Id"]) for entry in entries]
        found += [one for one in (read_container(engine, kernel, entry["Id"]) for entry in others) if one and _belongs(one, self.since)]
        return sorted((container for container in found if container is not None), key=lambda container: container.name)


def _belongs(container: Container, since: t.Optional[float]) -> bool:
    """Whether a run that began then created or started a container. One that the engine restarts by itself is nothing that the run did."""
    if since is None:
        return False
    return (container.created or 0) >= since or (container.restarts == 0 and (container.started_at or 0) >= since)
