# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a container is healthy, and waiting until it is."""

from __future__ import annotations

import time
import typing as t

Json = t.Dict[str, t.Any]

#: Seconds between two inspections of a container.
POLL = 0.5

#: Seconds after which a running container without a health check counts as healthy.
SETTLED = 5.0


#: Restart policies that leave a container alone once it has ended with 0.
_LEFT_ALONE = ("", "no", "on-failure")


def has_finished(detail: Json) -> bool:
    """Whether an inspected container has done its work: it ended with 0, and its restart policy does not start it again. So does a migration."""
    state, policy = detail["State"], (detail.get("HostConfig") or {}).get("RestartPolicy") or {}
    return state.get("Status") == "exited" and state.get("ExitCode") == 0 and str(policy.get("Name") or "") in _LEFT_ALONE


class Waited(t.NamedTuple):
    """``state``: ``healthy``, ``starting``, ``unhealthy`` or ``ended``; ``seconds`` waited so far; ``detail``: the last inspection."""

    state: str
    seconds: float
    detail: Json


def health(detail: Json, seconds: float, settled: float = SETTLED) -> str:
    """The state of an inspected container that has been up for ``seconds``; one without a health check is healthy after ``settled`` seconds."""
    state = detail["State"]
    if not state["Running"]:
        return "ended"
    status = str((state.get("Health") or {}).get("Status", "none"))
    if status != "none":
        return status
    return "healthy" if seconds >= settled else "starting"


def wait_healthy(
    inspect: t.Callable[[], Json],
    pause: t.Callable[[float], None],
    over: t.Callable[[float], bool],
    seconds: float = 0.0,
    settled: float = SETTLED,
    final: t.Container[str] = ("ended",),
) -> Waited:
    """Inspect a container until it is healthy or in a ``final`` state, or ``over(seconds)`` says that the time is up.

    ``seconds``: how long the container has been up already. The time that an engine under load takes to answer counts as well as the pauses.
    """
    before, began, paused = seconds, time.monotonic(), 0.0
    while True:
        detail = inspect()
        seconds = before + max(paused, time.monotonic() - began)
        state = health(detail, seconds, settled)
        if state == "healthy" or state in final or over(seconds):
            return Waited(state, seconds, detail)
        pause(POLL)
        paused += POLL
