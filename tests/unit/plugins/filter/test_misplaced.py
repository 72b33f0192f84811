# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""misplaced: who would start on the wrong data, and which containers without data are superseded."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.filter.misplaced import misplaced

from tests.unit.plugins.filter.racks import plan, stack

Json = dict[str, t.Any]
HERE, THERE, THIRD = "sandbox", "overflow1", "overflow2"
HOSTS = (HERE, THERE, THIRD)


def copy(service: str, *data: str, **more: t.Any) -> Json:
    about = {"id": "id-" + service, "name": "shop-%s-1" % service, "project": "shop", "service": service, "directory": "/srv/x", "running": True}
    return {**about, "data": list(data), **more}


def volume(name: str, project: str = "shop") -> Json:
    return {"name": name, "project": project}


def found(arriving: t.Sequence[str] = (), missing: t.Sequence[str] = (), home: str = HERE, db: str = THERE, **checked: Json) -> Json:
    """``checked``: what service_data found, by host; ``missing``: hosts that are not in the run; the stack has its home, and its database where ``db`` says."""
    stacks = {"shop": stack(home, services={"web": {"memory": "1G"}, "db": {"memory": "1G", "host": db}})}
    seen = {host: {"present": checked.get(host, {})} for host in HOSTS if host not in missing}
    result = misplaced(plan(stacks, HOSTS), seen, arriving)
    assert json.loads(json.dumps(result)) == result
    return result


def problems(**given: t.Any) -> list[str]:
    return t.cast(list[str], found(**given)["problems"])


MOVE = (
    "To move it with its data, set rack_stacks.shop.services.db.host to sandbox, and run playbooks/offload.yml -e offload_service=shop/db"
    " -e offload_to=overflow1. If "
)


def test_a_service_whose_data_is_on_another_server_is_refused_with_the_command_that_moves_it() -> None:
    assert problems(sandbox={"containers": [copy("web"), copy("db", "shop_data")]}) == [
        "Cannot deploy shop: db is planned on overflow1, but runs on sandbox with its data (shop_data). "
        + MOVE
        + "that data is not needed, remove the container shop-db-1 on sandbox."
    ]


RENAMED = (
    "Cannot deploy shop to sandbox: web is there as part of the project x, from the same directory, and would start as part of shop without its data."
    " Set rack_stacks.shop.project to x; or, if its data is not needed, remove it: docker compose --project-name x down."
)
#: id -> the beginning of the only problem, what was found
REFUSED: dict[str, tuple[str, Json]] = {
    "stopped": ("Cannot deploy shop: db is planned on overflow1, but is on sandbox", {HERE: {"containers": [copy("db", "d", running=False)]}}),
    "two that write": (
        "Cannot deploy shop: db is planned on overflow1, but runs on sandbox",
        {HERE: {"containers": [copy("db", "d")]}, THERE: {"containers": [copy("db", "d")]}},
    ),
    "moved elsewhere": (
        "Cannot deploy shop: db is planned on overflow1, but runs on",
        {HERE: {"containers": [copy("db", "d")], "moved": {"shop": {"db": THIRD}}}},
    ),
    "a service that nobody listed": (
        "Cannot deploy shop: queue is planned on sandbox, but runs on overflow2 with its data (/srv/queue)",
        {THIRD: {"containers": [copy("queue", "/srv/queue")]}},
    ),
    "another project": (
        RENAMED,
        {HERE: {"containers": [copy("web", project="x", directory="/srv/x/")]}},
    ),
    "another directory": (
        "Cannot deploy shop to sandbox: web was started from /srv/old and keeps data there (/srv/old/data); from /srv/x it would start without it.",
        {HERE: {"containers": [copy("web", "/srv/old/data", "/srv/other", "v", directory="/srv/old")]}},
    ),
    "a volume without a container": (
        "Cannot deploy shop: the volume shop_data is on sandbox, and db, planned on overflow1, would start without it. To move it",
        {HERE: {"volumes": [volume("shop_data")], "elsewhere": {"shop": {"db": ["shop_data", "other"]}}}},
    ),
    "a volume where nothing is planned": (
        "Cannot deploy shop: the volume shop_data of it is on overflow2, where none of its services is planned, and not where they are.",
        {THIRD: {"volumes": [volume("shop_data")]}},
    ),
}


@pytest.mark.parametrize(("beginning", "checked"), REFUSED.values(), ids=REFUSED)
def test_who_would_start_without_data_is_refused(beginning: str, checked: Json) -> None:
    assert [problem[: len(beginning)] for problem in problems(**checked)] == [beginning]


#: id -> what was found, which services arrive
ALLOWED: dict[str, tuple[Json, list[str]]] = {
    "nothing anywhere": ({}, []),
    "all where it is planned": ({HERE: {"containers": [copy("web")]}, THERE: {"containers": [copy("db", "d")], "volumes": [volume("d")]}}, []),
    "a move takes care of it": ({HERE: {"containers": [copy("db", "d")], "volumes": [volume("v")], "elsewhere": {"shop": {"db": ["v"]}}}}, ["db"]),
    "moved with its data": (
        {
            HERE: {
                "containers": [copy("db", "d", running=False)],
                "volumes": [volume("v")],
                "elsewhere": {"shop": {"db": ["v"]}},
                "moved": {"shop": {"db": THERE}},
            }
        },
        [],
    ),
    "an old container beside the new one": ({HERE: {"containers": [copy("db", "d", running=False)]}, THERE: {"containers": [copy("db", "d")]}}, []),
    "the volume is there, too": ({HERE: {"volumes": [volume("v")], "elsewhere": {"shop": {"db": ["v"]}}}, THERE: {"volumes": [volume("v")]}}, []),
    "a volume that another service uses": (
        {HERE: {"containers": [copy("web", "v")], "volumes": [volume("v")], "elsewhere": {"shop": {"db": ["v"]}}}},
        [],
    ),
    "a volume of another project": ({THIRD: {"volumes": [volume("v", "x")]}}, []),
    "another project from another directory": ({HERE: {"containers": [copy("web", project="x", directory="/srv/y")]}}, []),
    "another project beside it": ({HERE: {"containers": [copy("web"), copy("web", project="x")]}}, []),
    "another directory without data in it": ({HERE: {"containers": [copy("web", "/srv/older", "v", directory="/srv/old")]}}, []),
    "another service from the same directory": ({HERE: {"containers": [copy("cron", project="x")]}}, []),
}


@pytest.mark.parametrize(("checked", "arriving"), ALLOWED.values(), ids=ALLOWED)
def test_nothing_is_refused_where_the_data_is(checked: Json, arriving: list[str]) -> None:
    assert problems(arriving=arriving, **checked) == []


@pytest.mark.parametrize("found_here", [{"containers": [copy("db", "d")]}, {"volumes": [volume("v")], "elsewhere": {"shop": {"db": ["v"]}}}])
def test_of_a_server_that_is_not_in_the_run_nothing_is_known(found_here: Json) -> None:
    assert problems(missing=[THERE], sandbox=found_here) == []
    assert len(problems(missing=[THIRD], sandbox=found_here)) == 1


def test_only_a_container_without_data_of_the_same_directory_is_superseded() -> None:
    theirs = [copy("db"), copy("db", id="of-another", directory="/home/x"), copy("db", id="of-nobody", directory=None), copy("old")]
    result = found(sandbox={"containers": [copy("web"), *theirs[:3]]}, overflow2={"containers": [theirs[3]]})
    assert result == {"problems": [], "superseded": {HERE: ["id-db"], THERE: [], THIRD: []}}
