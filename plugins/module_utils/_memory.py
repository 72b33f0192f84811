# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the memory of a host and its containers means: findings, each with what would help.

Pure. A host is judged by MemAvailable, the kernel's own estimate of what can
be had without swapping: page cache is memory at work, never a shortage.
"""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._containers import Container
from ansible_collections.mycosoft.rack.plugins.module_utils._outcome import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._procfs import Pressure
from ansible_collections.mycosoft.rack.plugins.module_utils._units import human

Json = t.Dict[str, t.Any]

LEVELS = ("ok", "warn", "critical")


@dataclass(frozen=True)
class Thresholds:
    """Percent; a value at or beyond the threshold counts. Available memory is short below it, the others are high above it."""

    available_percent_warn: float = 15.0
    available_percent_critical: float = 7.0
    swap_used_percent_warn: float = 25.0
    swap_used_percent_critical: float = 50.0
    container_percent_warn: float = 85.0
    container_percent_critical: float = 95.0

    def __post_init__(self) -> None:
        pairs = (
            ("available_percent", self.available_percent_critical, self.available_percent_warn),
            ("swap_used_percent", self.swap_used_percent_warn, self.swap_used_percent_critical),
            ("container_percent", self.container_percent_warn, self.container_percent_critical),
        )
        for name, low, high in pairs:
            if not 0 <= low <= high <= 100:
                raise InvalidInput(
                    "Cannot judge memory by the thresholds of %s: %g and %g. Use percent between 0 and 100, the warning before the critical one."
                    % (name, low, high)
                )


@dataclass(frozen=True)
class HostMemory:
    """Bytes, and the pressure the kernel measured (None where it does not)."""

    total: int
    available: int
    swap_total: int
    swap_used: int
    pressure: t.Optional[Pressure]

    @property
    def available_percent(self) -> float:
        return _percent(self.available, self.total)

    @property
    def swap_used_percent(self) -> float:
        return _percent(self.swap_used, self.swap_total)

    def facts(self) -> Json:
        """Plain JSON types, as modules return them. ``used`` is what is not available, as ``free`` of procps 4 says it."""
        return {
            "total": self.total,
            "available": self.available,
            "available_percent": self.available_percent,
            "used": self.total - self.available,
            "swap_total": self.swap_total,
            "swap_used": self.swap_used,
            "swap_used_percent": self.swap_used_percent,
            "pressure": self.pressure,
        }


@dataclass(frozen=True)
class Finding:
    """One thing that is not well: ``level`` warn or critical, what it is about, what is so, and what would help."""

    level: str
    subject: str
    message: str
    help: str

    def facts(self) -> Json:
        return asdict(self)


def host_memory(meminfo: t.Mapping[str, int], pressure: t.Optional[Pressure]) -> HostMemory:
    """From /proc/meminfo in bytes."""
    return HostMemory(
        total=meminfo["MemTotal"],
        available=meminfo["MemAvailable"],
        swap_total=meminfo["SwapTotal"],
        swap_used=meminfo["SwapTotal"] - meminfo["SwapFree"],
        pressure=pressure,
    )


def _percent(part: int, whole: int) -> float:
    return round(100.0 * part / whole, 1) if whole else 0.0


def status(findings: t.Iterable[Finding]) -> str:
    """The worst level of all findings."""
    return max((finding.level for finding in findings), key=LEVELS.index, default="ok")


def assess(host: HostMemory, containers: t.Sequence[Container], thresholds: Thresholds) -> t.List[Finding]:
    """Every finding, the critical ones first."""
    available = _falling(host.available_percent, thresholds.available_percent_warn, thresholds.available_percent_critical)
    findings = [
        *_of_available(host, containers, available),
        *_of_swap(host, thresholds, short=available != "ok"),
        *(finding for container in containers for finding in _of_container(container, thresholds)),
        *_of_unlimited(containers),
    ]
    return sorted(findings, key=lambda finding: -LEVELS.index(finding.level))


def _falling(value: float, warn: float, critical: float) -> str:
    return "critical" if value <= critical else "warn" if value <= warn else "ok"


def _rising(value: float, warn: float, critical: float) -> str:
    return "critical" if value >= critical else "warn" if value >= warn else "ok"


def _of_available(host: HostMemory, containers: t.Sequence[Container], level: str) -> t.Iterator[Finding]:
    if level == "ok":
        return
    big = biggest(containers)
    yield Finding(
        level,
        "host",
        "%s of %s memory is available (%g %%).%s"
        % (human(host.available), human(host.total), host.available_percent, " The biggest containers are %s." % big if big else ""),
        "Stop or move a service that is not essential, or lower limits so that limits and reserve fit the host.",
    )


def _of_swap(host: HostMemory, thresholds: Thresholds, short: bool) -> t.Iterator[Finding]:
    level = _rising(host.swap_used_percent, thresholds.swap_used_percent_warn, thresholds.swap_used_percent_critical)
    if level == "ok" or not host.swap_total:
        return
    # pages once swapped out stay there until they are touched: with memory to spare it is history, not a shortage
    yield Finding(
        level if short else "warn",
        "swap",
        "%s of %s swap is in use (%g %%)%s."
        % (human(host.swap_used), human(host.swap_total), host.swap_used_percent, " while memory is short" if short else "; memory is available again"),
        "Find what outgrew its memory: a container without a limit, or with a swap limit above its memory limit." if short else "Nothing, unless it grows.",
    )


def _of_container(container: Container, thresholds: Thresholds) -> t.Iterator[Finding]:
    subject = label(container)
    if container.percent is not None:
        level = _rising(container.percent, thresholds.container_percent_warn, thresholds.container_percent_critical)
        if level != "ok":
            yield Finding(
                level,
                subject,
                "%s uses %s of its limit of %s (%g %%)." % (subject, human(container.working_set or 0), human(container.limit or 0), container.percent),
                "Raise its limit if the budget of the host allows it, or make it use less; beyond the limit the kernel kills it.",
            )
    kills = (container.cgroup.oom_kills if container.cgroup else 0) or 0
    if container.oom_killed or kills:
        yield Finding(
            "warn",
            subject,
            "%s ran out of memory: the kernel killed %s." % (subject, "%d of its processes" % kills if kills else "it"),
            "Raise its limit if the budget of the host allows it, or find out what it did then.",
        )


def _of_unlimited(containers: t.Sequence[Container]) -> t.Iterator[Finding]:
    unlimited = [container for container in containers if container.limit is None and container.working_set is not None]
    if unlimited:
        yield Finding(
            "warn",
            "limits",
            "%s no memory limit and may take all memory of the host: %s."
            % ("One container has" if len(unlimited) == 1 else "%d containers have" % len(unlimited), biggest(unlimited, len(unlimited))),
            "List them in rack_stacks with a limit.",
        )


def biggest(containers: t.Sequence[Container], count: int = 3) -> str:
    """The containers with the largest working sets, for a sentence: ``website 30G, mindex-api 12.5G``."""
    running = [container for container in containers if container.working_set is not None]
    ranked = sorted(running, key=lambda container: (-(container.working_set or 0), container.name))
    return ", ".join("%s %s" % (label(container), human(container.working_set or 0)) for container in ranked[:count])


def label(container: Container) -> str:
    """What people call a container: ``project/service`` where Compose made it, else its name."""
    return "%s/%s" % (container.project, container.service) if container.project and container.service else container.name
