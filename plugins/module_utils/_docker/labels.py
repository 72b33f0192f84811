# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels that Docker Compose and the engine set, and the one of ours, and what they mean. Pure."""

from __future__ import annotations

import typing as t

Labels = t.Mapping[str, str]

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
#: Set to ``True`` by ``docker compose run``: such a container is a job, not a copy of its service.
ONEOFF = "com.docker.compose.oneoff"
#: The hash of a service's configuration. Compose sets it on containers only.
CONFIG_HASH = "com.docker.compose.config-hash"
#: ``depends_on`` of a service: ``db:service_healthy:false,cache:service_started:false``.
DEPENDS_ON = "com.docker.compose.depends_on"
#: Set on a container that Compose created to replace another one.
REPLACE = "com.docker.compose.replace"
SWARM_SERVICE = "com.docker.swarm.service.id"
#: On a volume that the engine named itself; engines before 23.0 do not set it.
ANONYMOUS_VOLUME = "com.docker.volume.anonymous"
#: Ours, in the override: a digest of the tracked files that a service has mounted, so that Compose creates its container anew when they change.
MOUNTED = "mycosoft.rack.mounted"


class Member(t.NamedTuple):
    """Project and service of a container; both None where Compose did not create it."""

    project: t.Optional[str]
    service: t.Optional[str]


def member(labels: Labels) -> Member:
    """What Compose created a container for, jobs included.

    An image that Compose built carries project and service, too, and hands them on to a container that somebody runs from it by hand: only the hash
    of the configuration proves that Compose created the container.
    """
    return Member(labels.get(PROJECT), labels.get(SERVICE)) if CONFIG_HASH in labels else Member(None, None)


def title(project: t.Optional[str], service: t.Optional[str], name: str) -> str:
    """What people call a container: ``project/service``, or its name where Compose did not create it."""
    return "%s/%s" % (project, service) if project and service else name


def is_job(labels: Labels) -> bool:
    """Whether ``docker compose run`` created the container."""
    return labels.get(ONEOFF) == "True"


def copy_of(labels: Labels) -> t.Optional[t.Tuple[str, str]]:
    """(project, service) of which a container is a copy; None for jobs and for what Compose did not create."""
    project, service = member(labels)
    return (project, service) if project and service and not is_job(labels) else None


def depends_on(labels: Labels) -> t.List[str]:
    """The services of its project that a container was told to depend on."""
    return [entry.partition(":")[0] for entry in labels.get(DEPENDS_ON, "").split(",") if entry]


def matches(labels: Labels, text: str) -> bool:
    """Whether there is a label ``key``, or exactly ``key=value``."""
    key, equals, value = text.partition("=")
    return key in labels and (not equals or labels[key] == value)


def of_entry(entry: t.Mapping[str, t.Any]) -> Labels:
    """The labels in an element of ``GET /containers/json``."""
    return entry.get("Labels") or {}


def of_detail(detail: t.Mapping[str, t.Any]) -> Labels:
    """The labels in ``GET /containers/{id}/json``."""
    return detail["Config"].get("Labels") or {}
