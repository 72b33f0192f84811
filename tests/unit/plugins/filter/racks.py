# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of memory_plan share: racks to plan and to refuse."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mycosoft.rack.plugins.filter.memory_plan import memory_plan

M, G = 1024**2, 1024**3
Json = dict[str, t.Any]


def stack(host: str = "sandbox", services: Json | None = None, **more: t.Any) -> Json:
    return {"directory": "/srv/x", "files": ["compose.yml"], "host": host, "services": services or {}, **more}


def plan(stacks: t.Any, hosts: t.Sequence[str] = ("sandbox", "overflow1"), reserve: t.Any = "6G", **more: t.Any) -> Json:
    """The plan; it must be plain JSON."""
    result = memory_plan(stacks, list(hosts), reserve, **more)
    assert json.loads(json.dumps(result)) == result
    return result


def container(name: str, working_set: int | None, limit: int | None = None, **more: t.Any) -> Json:
    """A container as memory_check returns it, with some of the keys that do not matter here."""
    return {"name": name, "project": None, "service": None, "limit": limit, "working_set": working_set, "state": "running", "percent": None, **more}


STACKS: Json = {
    "always-on": {
        "directory": "/srv/mas",
        "files": ["compose.yml"],
        "host": "sandbox",
        "sources": [{"repo": "git@example.org:mas.git", "dest": "/srv/mas", "version": "main"}],
        "services": {"api": {"memory": "16G"}, "website": {"memory": "32G", "reservation": "8G", "needs": ["api", "brain"]}},
    },
    "mas": {"directory": "/srv/mas", "files": ["mas.yml"], "host": "sandbox", "services": {"orchestrator": {"memory": "8G"}}},
}
EXTERNALS = {"brain": {"url": "http://192.0.2.7:8765", "env": "BRAIN_URL"}}
WEB, API = ("always-on", "services", "website"), ("always-on", "services", "api")
GONE = object()


def changed(path: tuple[str | int, ...], value: t.Any, data: t.Any = None) -> t.Any:
    """A copy of the data, by default of the stacks, with one value set or removed."""
    result: t.Any = copy.deepcopy(data or STACKS)
    target = result
    for key in path[:-1]:
        target = target[key]
    if value is GONE:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return result


def problems(*stacks: t.Any, **given: t.Any) -> list[str]:
    """The lines of the refusal, without its head, which counts them; what is not given is right."""
    rack = {"hosts": ["sandbox", "overflow1"], "reserve": "6G", "externals": EXTERNALS, **given}
    with pytest.raises(AnsibleFilterError) as caught:
        memory_plan(*(stacks or [STACKS]), **rack)
    head, *lines = str(caught.value).splitlines()
    assert head == "Cannot plan the rack: %d problem%s" % (len(lines), "" if len(lines) == 1 else "s")
    return [line.removeprefix("- ") for line in lines]
