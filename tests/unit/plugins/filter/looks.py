# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of status_report and of its page share: a server as the two modules and the plan tell of it."""

from __future__ import annotations

import math
import typing as t

from ansible_collections.mycosoft.rack.plugins.filter.status_report import status_report
from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import iso

from tests.unit.plugins.filter.racks import plan

M, G = 1024**2, 1024**3
Json = dict[str, t.Any]

NOW = 1795411183  # 2026-11-23T05:19:43Z
DAY = 86400
FIRST, SECOND = "20261121T040000Z-0a11", "20261123T043000Z-3f9a"
WEBSITE, MAS = "7a2509bac5e8a1c9d2e3f40516273849a0b1c2d3", "1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f70819203"

STACKS: Json = {
    "always-on": {
        "project": "mycosoft-always-on",
        "directory": "/srv/mas",
        "files": ["compose.yml"],
        "host": "sandbox",
        "services": {"mycosoft-website": {"memory": "32G", "reservation": "8G"}, "mindex-api": {"memory": "16G"}},
    },
    "mas": {"directory": "/srv/mas", "files": ["compose.yml"], "host": "overflow1", "services": {"mas-orchestrator": {"memory": "8G"}}},
}


def container(project: str | None, service: str | None, limit: int | None, working_set: int | None, **more: t.Any) -> Json:
    """As memory_check returns it."""
    percent = round(100.0 * working_set / limit, 1) if limit and working_set is not None else None
    facts = {"name": f"{project}-{service}-1", "project": project, "service": service, "limit": limit, "working_set": working_set, "percent": percent}
    return {**facts, "reservation": None, "state": "running", "restarts": 0, "oom_kills": 0, **more}


def memory(available: int, *containers: Json, total: int = 62 * G, **more: t.Any) -> Json:
    """As memory_check returns it."""
    host = {"total": total, "available": available, "swap_total": 8 * G, "swap_used": 0, "pressure": None, **more.pop("host", {})}
    return {"status": "ok", "findings": [], "host": host, "containers": list(containers), **more}


def release(identity: str = SECOND, result: str = "ok", sources: Json | None = None, **more: t.Any) -> Json:
    """As docker_release_info returns it."""
    state = {"services": {}, "sources": {"/srv/website": WEBSITE, "/srv/mas": MAS} if sources is None else sources, "override": None}
    about = {"by": "jane", "job": None, "began": "2026-11-23T04:30:00Z", "ended": "2026-11-23T04:31:34Z", "seconds": 94}
    return {"id": identity, "result": result, "previous": None, "state": state if result in ("ok", "found") else None, **about, **more}


def stack(current: Json | None = None, **more: t.Any) -> Json:
    return {"current": current, "last": current, "drift": [] if current else None, "problem": None, **more}


def released(stacks: Json | None = None, **more: t.Any) -> Json:
    """As docker_release_info returns it."""
    disk = {"path": "/var/lib/docker", "total": 200 * G, "used": 120 * G, "free": 80 * G}
    nothing: Json = {"engine": None, "disk": disk, "now": iso(NOW), "stacks": stacks or {}, "runs": [], "samples": []}
    return {**nothing, "moved": {}, "left": [], "unreadable": [], **more}


def sample(ago: float, available: int | None, total: int | None = 62 * G, swap: int | None = 0, free: int | None = None) -> Json:
    """As docker_release_info returns it; ``ago``: seconds before now."""
    disk = {"disk_total": None if free is None else 200 * G, "disk_free": free}
    return {"time": iso(NOW - ago), "memory_total": total, "memory_available": available, "swap_used": swap, **disk}


def sandbox(**more: t.Any) -> Json:
    """The server of the website, well."""
    facts = {
        "host": "sandbox",
        "plan": plan(STACKS)["hosts"]["sandbox"],
        "memory": memory(
            31 * G,
            container("mycosoft-always-on", "mycosoft-website", 32 * G, 12 * G, reservation=8 * G),
            container("mycosoft-always-on", "mindex-api", 16 * G, 4 * G),
        ),
        "released": released({"always-on": stack(release())}),
    }
    return {**facts, **more}


def report(hosts: t.Sequence[Json], check: bool = False) -> Json:
    """What the filter makes of these servers."""
    plans = {"hosts": {host["host"]: host["plan"] for host in hosts}}
    names, found, memories = ([host[key] for host in hosts] for key in ("host", "released", "memory"))
    return status_report(names, plans, found, memories, check)


def unreachable(host: str, why: str) -> Json:
    """A server that Ansible does not reach: the second task is skipped then."""
    return {"host": host, "plan": {}, "released": {"unreachable": True, "msg": why}, "memory": {"skipped": True}}


def fortnight() -> list[Json]:
    """A check each hour for two weeks but one night, with an afternoon on which memory ran short."""
    hours = [hour for hour in range(14 * 24) if not 150 < hour < 180]
    return [
        sample(
            hour * 3600,
            int((26 + 6 * math.sin(hour / 24 * 2 * math.pi) - (14 if hour < 14 or 60 < hour < 66 else 0)) * G),
            swap=int((3.2 if 58 < hour < 90 else 0.4) * G),
            free=int((60 + (hour % 72) * 0.8) * G),
        )
        for hour in reversed(hours)
    ]


def incident() -> Json:
    """The server of the website when much is wrong at once."""
    finding = {
        "level": "critical",
        "subject": "host",
        "message": "4.2G of 62G memory is available (6.8 %). The biggest containers are mycosoft-always-on/mycosoft-website 30G.",
        "help": "Stop or move a service that is not essential, or lower limits so that limits and reserve fit the host.",
    }
    drift = [
        {"service": "mindex-api", "what": "limit", "message": "mycosoft-always-on-mindex-api-1 has a limit of 20G, the release gave it 16G."},
        {
            "service": "mycosoft-website",
            "what": "image",
            "message": "mycosoft-always-on-mycosoft-website-1 has the image 4bf3c1d2e5a6, the release 9c7a11d0e2b3.",
        },
        {"service": None, "what": "checkout", "message": "/srv/website is at 1234567890ab, the release was built from 7a2509bac5e8."},
    ]
    runs = [
        {"id": FIRST, "result": "ok", "began": iso(NOW - 9 * DAY), "ended": iso(NOW - 9 * DAY + 94), "by": "jane", "stacks": ["always-on"]},
        {
            "id": "20261120T120000Z-77b0",
            "result": "rolled_back",
            "began": iso(NOW - 2.6 * DAY),
            "ended": iso(NOW - 2.6 * DAY + 300),
            "by": "cron",
            "stacks": ["always-on"],
        },
        {"id": SECOND, "result": "ok", "began": iso(NOW - 2983), "ended": iso(NOW - 2889), "by": "jane", "stacks": ["always-on"]},
    ]
    return sandbox(
        memory=memory(
            int(4.2 * G),
            container("mycosoft-always-on", "mycosoft-website", 32 * G, 30 * G, reservation=8 * G, restarts=3),
            container("mycosoft-always-on", "mindex-api", 20 * G, int(17.2 * G), oom_kills=1),
            container("mycosoft-always-on", "mindex-db", None, 700 * M),
            container(None, None, None, 120 * M, name="grafana"),
            host={
                "swap_used": int(4.7 * G),
                "pressure": {"some": {"avg10": 18.0, "avg60": 12.4, "avg300": 3.0}, "full": {"avg10": 4.0, "avg60": 2.2, "avg300": 1.0}},
            },
            status="critical",
            findings=[finding],
        ),
        released=released(
            {"always-on": stack(release(), drift=drift, last=release("20261123T050000Z-99aa", "rolled_back", ended="2026-11-23T05:03:00Z"))},
            runs=runs,
            samples=fortnight(),
        ),
    )


def rack() -> list[Json]:
    """Three servers: one in trouble, one well with little on record, one that cannot be reached."""
    orchestrator = container("mas", "mas-orchestrator", 8 * G, 2 * G)
    few = [sample(DAY * 1.2, 25 * G, None, None, 90 * G), sample(DAY * 1.2 - 90, 24 * G, None, None, 70 * G), sample(7200, 23 * G, 32 * G, 0, 71 * G)]
    well: Json = {
        "host": "overflow1",
        "plan": plan(STACKS)["hosts"]["overflow1"],
        "memory": memory(24 * G, orchestrator, total=32 * G, host={"swap_total": 0}),
        "released": released({"mas": stack(release(sources={"/srv/mas": MAS}))}, samples=few),
    }
    return [incident(), well, unreachable("overflow2", "Failed to connect to the host via ssh: connect to host 10.0.0.9 port 22: No route to host")]
