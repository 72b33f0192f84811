# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers can go, in which order, and why the others stay."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import CONFIG_HASH, DEPENDS_ON
from ansible_collections.mycosoft.rack.plugins.module_utils._recovery.choose import InspectedContainer, PlannedService, RecoveryPlan, decide

PLAN = [
    PlannedService("mas", "worker", essential=False),
    PlannedService("mas", "orchestrator", essential=False),
    PlannedService("on", "website", essential=True),
    PlannedService("on", "api", essential=True, needed_by="on/website"),
]


def container(name: str, service: str | None = None, project: str = "on", memory: int = 1, **more: t.Any) -> InspectedContainer:
    compose = {"com.docker.compose.project": project, "com.docker.compose.service": service, CONFIG_HASH: "c0ffee"} if service else {}
    labels = {**compose, DEPENDS_ON: ",".join("%s:service_started:true" % need for need in more.pop("needs", ())), **more.pop("labels", {})}
    given = {"state": "running", "swap": 0, "restart": {"Name": "no"}, "auto_remove": False, "shares": (), **more}
    return InspectedContainer(id="id-" + name, name=name, labels=labels, memory=memory, **given)


def judged(*found: InspectedContainer, keep: t.Sequence[str] = ()) -> RecoveryPlan:
    return decide(found, PLAN, keep)


def stops(judgement: RecoveryPlan) -> list[str]:
    return [one.name for one in judgement.stops]


WEBSITE = container("w", "website", needs=["cache"])


def test_what_an_essential_container_was_told_to_depend_on_stays_also_where_no_plan_lists_it() -> None:
    api, cache, disk = container("a", "api", needs=["db"]), container("c", "cache"), container("d", "db")
    result = judged(WEBSITE, api, cache, disk, container("h", "helper"))
    assert stops(result) == ["h"]
    assert result.stays == {
        "id-w": "it is essential",
        "id-a": "on/website, which is essential, needs it",
        "id-c": "on/website, which is essential, needs it",
        "id-d": "on/api, which is essential, needs it",
    }
    assert [one.name for one in result.essential][-1] in ("w", "a")
    order = [one.name for one in result.essential]
    assert order.index("c") < order.index("w")
    assert order.index("d") < order.index("a")


@pytest.mark.parametrize("shares", [("id-p",), ("p",)])
def test_whose_network_or_processes_it_shares_stays(shares: tuple[str, ...]) -> None:
    result = judged(container("w", "website", shares=shares), container("p"), container("q"))
    assert stops(result) == ["q"]


def test_the_plan_goes_first_then_its_projects_then_what_nobody_planned_each_the_biggest_first() -> None:
    found = [
        container("unknown-big", memory=90),
        container("unknown", memory=10),
        container("sibling", "helper", memory=20),
        container("sibling-big", "other", memory=30),
        container("orchestrator", "orchestrator", "mas", memory=5),
        container("worker", "worker", "mas", memory=1),
    ]
    assert stops(judged(*found)) == ["worker", "orchestrator", "sibling-big", "sibling", "unknown-big", "unknown"]


def test_users_go_before_what_they_use() -> None:
    found = [container("db", "db", memory=90), container("app", "app", memory=1, needs=["db"])]
    assert stops(judged(*found)) == ["app", "db"]


def test_a_circle_ends_no_search() -> None:
    found = [container("one", "one", needs=["two"]), container("two", "two", needs=["one"]), container("free")]
    assert sorted(stops(judged(*found))) == ["free", "one", "two"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        pytest.param({"auto_remove": True}, "it removes itself", id="removes itself"),
        pytest.param({"labels": {"com.docker.compose.oneoff": "True"}}, "it is a job", id="job"),
        pytest.param({"labels": {"com.docker.swarm.service.id": "x"}}, "its Swarm would", id="swarm"),
        pytest.param({"labels": {"keep": "yes"}}, "keep_labels: keep=yes", id="label"),
    ],
)
def test_what_could_not_be_brought_back_or_is_to_be_kept_stays_with_what_it_needs(more: dict[str, t.Any], why: str) -> None:
    result = judged(container("x", "x", needs=["y"], **more), container("y", "y"), keep=["keep=yes"])
    assert stops(result) == []
    assert result.stays["id-x"].startswith(why)
    assert result.stays["id-y"] == "on/x, which stays, needs it"


def test_a_name_tells_nothing_and_neither_does_an_image_that_compose_built() -> None:
    by_hand = {"com.docker.compose.project": "on", "com.docker.compose.service": "website"}
    result = judged(WEBSITE, container("on-website-1"), container("by-hand", labels=by_hand))
    assert stops(result) == ["by-hand", "on-website-1"]


def test_what_does_not_run_is_neither_stopped_nor_kept() -> None:
    result = judged(container("down", state="exited"), container("held", state="paused"), container("loop", state="restarting"))
    assert stops(result) == ["loop"]
    assert result.stays == {}
