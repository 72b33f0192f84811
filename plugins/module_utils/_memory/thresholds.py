# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From when on memory is short: what people set, checked once.

The defaults have their reasons. Most follow what others act on:

- ``swap_in_warn``: 500 pages of 4 KiB a second, the rate of major page faults at which the alert NodeMemoryMajorPagesFaults
  of node_exporter's mixin speaks of high memory pressure. Ten times that is critical: at 0.1 ms for a page, what a good SSD
  needs, somebody waits half of the time.
- ``pressure_full_percent_critical``: half of the 60 % at which systemd-oomd begins to kill (oomd.conf(5),
  DefaultMemoryPressureLimit), so that there is time left to act. A warning comes when three seconds of a minute are lost.
- ``pressure_some_percent_*``: a single container at its own limit raises this, so it takes more: a fifth, and most, of the time.
- The average of a minute is what is judged: ten seconds are a burst, and five minutes come late.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.durations import parse_duration
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import exact, parse_size

#: Thresholds that are sizes, as they are written; a rate is a size for each second.
SIZES: t.Dict[str, t.Optional[str]] = {"available_warn": None, "available_critical": None, "swap_in_warn": "2M", "swap_in_critical": "20M"}

#: What has a warn and a critical value, and whether it is short below it instead of high above it.
_FALLING = {
    "available_percent": True,
    "available": True,
    "swap_used_percent": False,
    "swap_in": False,
    "pressure_some_percent": False,
    "pressure_full_percent": False,
    "container_percent": False,
}


@dataclass(frozen=True)
class Thresholds:
    """Percent, bytes, and bytes a second; a value at or beyond the threshold counts. None: not looked at.

    ``oom_within``: the seconds for which a kill for want of memory counts.
    """

    available_percent_warn: float = 15.0
    available_percent_critical: float = 7.0
    available_warn: t.Optional[int] = None
    available_critical: t.Optional[int] = None
    swap_used_percent_warn: float = 25.0
    swap_used_percent_critical: float = 50.0
    swap_in_warn: int = 2 * 1024**2
    swap_in_critical: int = 20 * 1024**2
    pressure_some_percent_warn: float = 20.0
    pressure_some_percent_critical: float = 60.0
    pressure_full_percent_warn: float = 5.0
    pressure_full_percent_critical: float = 30.0
    container_percent_warn: float = 85.0
    container_percent_critical: float = 95.0
    oom_within: int = 86400

    def __post_init__(self) -> None:
        for name, falling in _FALLING.items():
            warn, critical = getattr(self, name + "_warn"), getattr(self, name + "_critical")
            if None not in (warn, critical) and (warn < critical if falling else critical < warn):
                raise InvalidInput(
                    "Cannot judge memory by the thresholds of %s: %s and %s. Choose them so that the warning comes before the critical one."
                    % (name, _written(name, warn), _written(name, critical))
                )
            for value in (warn, critical):
                if name.endswith("_percent") and not 0 <= value <= 100:
                    raise InvalidInput("Cannot judge memory by the thresholds of %s: %g is no share. Use percent between 0 and 100." % (name, value))

    def level(self, name: str, value: t.Optional[float]) -> str:
        """``ok``, ``warn`` or ``critical``: how ``value`` stands to the thresholds of ``name``; what is not known is ok."""
        for level in ("critical", "warn"):
            threshold = getattr(self, "%s_%s" % (name, level))
            if None not in (value, threshold) and (value <= threshold if _FALLING[name] else value >= threshold):
                return level
        return "ok"


def _written(name: str, value: float) -> str:
    return "%g" % value if name.endswith("_percent") else exact(int(value))


def read_thresholds(given: t.Mapping[str, t.Any], oom_within: str) -> Thresholds:
    """From the options of the module; raises InvalidInput."""
    try:
        sizes = {name: None if given[name] is None else parse_size(given[name]) for name in SIZES}
        within = parse_duration(oom_within)
    except ValueError as error:
        raise InvalidInput("Cannot judge memory by these thresholds: %s" % error) from error
    return Thresholds(**{**given, **sizes, "oom_within": within})
