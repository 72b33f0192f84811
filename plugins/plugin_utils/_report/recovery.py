# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recovery did and how the server is now, for the operator. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human

Json = t.Dict[str, t.Any]


def recovery_text(stopped: Json, started: Json, memory: Json, check: bool) -> Json:
    """``text``: what was done and how the server is now; ``problem``: why memory is still short, empty where it is not.

    ``stopped`` and ``started``: the answers of docker_recovery; ``memory``: of memory_check, with processes; ``check``: whether it was check mode.
    """
    before, wanted, now = stopped["available"]["before"], stopped["available"]["wanted"], memory["host"]
    memories = ["%s (%s)" % (one["title"], human(one["memory"])) for one in stopped["stopped"]]
    names = [one["name"] for one in started["started"]]
    text = [
        "%s of %s memory available (before: %s, wanted: %s)." % (human(now["available"]), human(now["total"]), human(before), human(wanted)),
        "%s: %s." % ("Would stop" if check else "Stopped", ", ".join(memories) or "nothing"),
        "%s: %s." % ("Would start" if check else "Started", ", ".join(names) or "nothing"),
        _waiting(started.get("waiting") or ()),
    ]
    short = not check and now["available"] < wanted
    return {"text": " ".join(text), "problem": _problem(stopped, memory, wanted) if short else ""}


def _waiting(waiting: t.Sequence[str]) -> str:
    if not waiting:
        return "Nothing is still stopped."
    return "Still stopped: %s. To restart it, run the same playbook with -e recover_phase=restore." % ", ".join(waiting)


def _problem(stopped: Json, memory: Json, wanted: int) -> str:
    """A clause that follows the name of the server, and the sentences after it."""
    parts = ["%s of memory are wanted, %s are available." % (human(wanted), human(memory["host"]["available"]))]
    if stopped["left"]:
        parts.append("Because the time was up these still run: %s. Run again." % ", ".join(stopped["left"]))
    if memory["processes"]:
        parts.append("The biggest processes are %s." % ", ".join(process["name"] for process in memory["processes"]))
    return " ".join([*parts, "Lower the limit of an essential service, or move one to another server."])
