# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a lock: to those who wait for it, and to those who later read what happened. Pure."""

from __future__ import annotations

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.decide import Damaged, LockOnDisk, LockRequest, Moment, Transition, age, rebooted, to_json


def describe(found: LockOnDisk, moment: Moment) -> str:
    """``deploy 20261123T054500Z-3f9a by jane@controller (job 17) has it since 05:12:03 UTC, renewed 12 s ago``."""
    if found is None:
        return "nobody has it"
    if isinstance(found, Damaged):
        return "somebody unknown has it: %s" % found.cause
    where = "@%s" % found.controller.host if found.controller else ""
    job = " (job %s)" % found.job if found.job else ""
    renewed = "before the last boot" if rebooted(found, moment) else "%d s ago" % age(found, moment)
    words = "%s %s by %s%s%s has it since %s UTC, renewed %s" % (found.purpose, found.run, found.by, where, job, found.taken[11:19], renewed)
    return words + (", and is gone, but its processes %s still work there" % ", ".join(map(str, moment.survivors)) if moment.survivors else "")


def refusal(state: str, host: str, step: Transition, moment: Moment) -> str:
    """Why the run has no lock of ``host``, and what to do."""
    holder = describe(step.found, moment)
    if state == "renewed":
        return "Cannot renew the lock of %s: it is lost, %s. Another run may have changed the server since. Run again." % (host, holder)
    if state == "released":
        return "Cannot release the lock of %s: processes %s of this run still work there. End them, or restart the server; the next run takes it then." % (
            host,
            ", ".join(map(str, moment.survivors)),
        )
    return "Cannot take the lock of %s: %s. Wait for it, or set deploy_lock_break=true if it is dead." % (host, holder)


def takeover(state: str, host: str, step: Transition, moment: Moment) -> str:
    """The warning where another run's lock goes."""
    return "%s the lock of %s because %s: %s." % ("Breaks" if state == "broken" else "Takes over", host, step.why, describe(step.found, moment))


def event(state: str, request: LockRequest, step: Transition, moment: Moment) -> Facts:
    """The same as a line of the history."""
    return {
        "time": moment.now,
        "event": "lock broken" if state == "broken" else "lock taken over",
        "run": request.run,
        "by": request.by,
        "job": request.job,
        "why": step.why,
        "from": to_json(step.found),
    }
