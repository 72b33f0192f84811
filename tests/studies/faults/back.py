# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Going back after a release that is healthy and wrong all the same: how long it takes, and that nothing is built."""

from __future__ import annotations

import dataclasses
import datetime

from tests.studies.faults.process import Process
from tests.studies.faults.rack import Json, Rack
from tests.studies.faults.trial import BAD, before, log, plain

TARGET = 10.0


@dataclasses.dataclass(frozen=True)
class Back:
    """Seconds: of the whole run, and of it, until the service that was started answered its health check."""

    total: float
    start: float

    @property
    def own(self) -> float:
        return self.total - self.start

    def __str__(self) -> str:
        return f"{self.total:.1f} s in total, of which the start of the website took {self.start:.1f} s: {self.own:.1f} s (target: {TARGET:.0f} s)"


def own_start(container: Json) -> float:
    """From the start of a container to the end of the first check that found it healthy."""
    healthy = next(check["End"] for check in container["State"]["Health"]["Log"] if check["ExitCode"] == 0)
    return (_moment(healthy) - _moment(container["State"]["StartedAt"])).total_seconds()


def _moment(text: str) -> datetime.datetime:
    """Of the engine's RFC 3339 text, whose nanoseconds Python does not read."""
    whole, _point, _rest = text.partition(".")
    return datetime.datetime.fromisoformat(whole + "." + _rest[:6].rstrip("Z+").ljust(6, "0"))


def go_back(rack: Rack, load: str) -> str:
    """Bring a bad release, go back, and say what that took."""
    old, word = before(rack)
    rack.push({})
    plain(rack, "rollback-bad")
    bad, _seconds = rack.settled()
    run = Process(rack.rig, "rollback")
    code = run.ended()
    total = run.seconds
    run.keep(log("rollback"))
    seen, _seconds = rack.settled()
    wrong = [] if code == 0 else [f"it ended with {code}"]
    wrong += ["the images are not those that ran before"] if seen.images != old.images else []
    wrong += ["there was nothing to go back from"] if bad.images == old.images else []
    wrong += [*seen.ailing, *seen.unlimited, *(f"the lock of {server} is left" for server in seen.locks)]
    wrong += ["data lost"] if rack.written() != word else []
    if wrong:
        return f"{BAD}: {'; '.join(wrong)}"
    took = Back(total, own_start(seen.services["mycosoft-website"]))
    late = f"{BAD}: " if took.own > TARGET else ""
    return f"{late}{took}, at a load of {load}. Every image has its previous id: nothing was built."
