# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the rack stands: the document keeps every fact, the table fits a screen, a server that was not seen is shown."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.plugins.filter.looks import FIRST, MAS, SECOND, WEBSITE, G, container, memory, rack, release, released, report, sandbox, stack, unreachable

Json = dict[str, t.Any]


def drifted(service: str | None, what: str) -> Json:
    return {"service": service, "what": what, "message": "It is so."}


def text(*hosts: Json) -> list[str]:
    lines: list[str] = report(hosts)["text"].splitlines()
    return lines


def test_the_table_shows_memory_disk_releases_limits_and_use() -> None:
    assert text(sandbox()) == [
        "1 server, nothing differs from the release",
        "",
        "sandbox: 31G of 62G memory available, 80G of 200G disk free",
        "  0B of 8G swap used, pressure not measured by this kernel",
        "  budget: 62G = limits 48G + reserve 6G + headroom 8G",
        "  stack      release                result  ended             by",
        "  always-on  20261123T043000Z-3f9a  ok      2026-11-23 04:31  jane",
        "    website 7a2509b, mas 1c2d3e4",
        "  service           limit  reserved  in use  of limit",
        "  mycosoft-website  32G    8G        12G     37.5 %",
        "  mindex-api        16G    -         4G      25 %",
    ]


def test_the_table_of_the_usual_rack_fits_a_screen_of_80_with_what_ansible_puts_in_front() -> None:
    _trouble, *others = rack()
    assert max(len(line) for line in text(sandbox(released=released({"always-on": stack(release(), drift=[drifted("mindex-api", "limit")])})), *others)) <= 72


def test_a_difference_stands_beside_its_service_and_as_a_sentence_below() -> None:
    drift = [drifted("mindex-api", "limit"), drifted(None, "checkout")]
    lines = text(sandbox(released=released({"always-on": stack(release(), drift=drift)})))
    assert lines[0] == "1 server, 2 differences from the release"
    assert "  mindex-api        16G    -         4G      25 %      drift" in lines
    assert lines[-2:] == ["  drift, always-on/mindex-api: It is so.", "  drift, always-on: It is so."]


def test_services_of_one_name_are_told_apart_by_their_project() -> None:
    there = memory(31 * G, container("mycosoft-always-on", "app", 32 * G, 12 * G), container("shop", "app", 32 * G, 12 * G))
    assert [line.split()[0] for line in text(sandbox(memory=there)) if "37.5 %" in line] == ["mycosoft-always-on/app", "shop/app"]


def test_a_service_without_a_container_has_a_row_all_the_same() -> None:
    there = memory(31 * G, container("mycosoft-always-on", "mycosoft-website", 32 * G, 12 * G))
    facts = sandbox(memory=there, released=released({"always-on": stack(release(), drift=[drifted("mindex-api", "missing")])}))
    assert "  mindex-api        -      -         -       -         missing" in text(facts)
    (absent,) = [service for service in report([facts])["document"]["hosts"]["sandbox"]["services"] if service["service"] == "mindex-api"]
    assert (absent["state"], absent["drift"], absent["working_set"]) == ("missing", ["missing"], None)


@pytest.mark.parametrize(
    ("last", "said"),
    [
        pytest.param(release(FIRST, "started", ended=None), "last run %s is in progress, or was killed, since 2026-11-23 04:30" % FIRST, id="started"),
        pytest.param(release(FIRST, "failed"), "last run %s failed, at 2026-11-23 04:31" % FIRST, id="failed"),
        pytest.param(release(FIRST, "rolled_back"), "last run %s was rolled back, at 2026-11-23 04:31" % FIRST, id="rolled back"),
    ],
)
def test_a_newer_run_than_the_release_is_told(last: Json, said: str) -> None:
    lines = text(sandbox(released=released({"always-on": stack(release(), last=last)})))
    assert said in " ".join(" ".join(lines).split())


def test_what_was_never_released_has_nothing_to_differ_from() -> None:
    facts = sandbox(released=released({"always-on": stack()}))
    assert "  always-on  none     -       -      -" in text(facts)
    assert text(facts)[0] == "1 server"
    assert report([facts])["document"]["hosts"]["sandbox"]["releases"]["always-on"]["drift"] is None


def test_records_that_cannot_be_read_are_told() -> None:
    assert "    Cannot read it." in text(sandbox(released=released({"always-on": stack(problem="Cannot read it.")})))


@pytest.mark.parametrize(
    ("lost", "problem"),
    [
        pytest.param(unreachable("overflow1", "No route."), "It cannot be reached. No route.", id="not reached"),
        pytest.param({"released": released(), "memory": {"unreachable": True, "msg": "Gone."}}, "It cannot be reached. Gone.", id="lost meanwhile"),
        pytest.param({"released": {"failed": True, "msg": "Cannot look."}, "memory": {}}, "Cannot look.", id="a module failed"),
        pytest.param({"released": {}, "memory": {}}, "Nobody looked.", id="no task ran"),
    ],
)
def test_a_server_that_was_not_seen_is_shown_and_counted(lost: Json, problem: str) -> None:
    result = report([sandbox(), {"host": "overflow1", "plan": {}, **lost}])
    assert result["text"].splitlines()[0] == "2 servers, 1 unreachable"
    assert result["text"].splitlines()[-1] == f"overflow1: {problem}"
    assert result["document"]["hosts"]["overflow1"] == {"problem": problem}
    assert [host["level"] for host in result["page"]["hosts"]] == ["ok", "lost"]


LEFT = {"path": "/v/_data", "volume": "on_data", "stack": "always-on", "project": "on", "services": ["mindex-api"], "host": "overflow1"}


def test_moves_that_wait_for_the_inventory_and_what_they_left_are_told() -> None:
    moved = {"always-on": {"mindex-api": "overflow1", "gone": "overflow2"}, "mas": {"mas-orchestrator": "overflow2"}}
    facts = sandbox(released=released({"always-on": stack(release())}, moved=moved, left=[LEFT, {**LEFT, "path": "/srv/x", "volume": None}]))
    result = report([facts])
    lines = " ".join(result["text"].split())
    assert lines.startswith("1 server, 1 move waits for the inventory, 2 volumes or directories left behind by moves sandbox:")
    said = [
        "mindex-api of always-on moved to overflow1 with its data. Set rack_stacks.always-on.services.mindex-api.host to overflow1: until then no deploy runs.",
        "left behind: the volume on_data of mindex-api, now on overflow1. playbooks/offload_confirm.yml removes it.",
        "left behind: the directory /srv/x of mindex-api, now on overflow1. Remove it when nobody needs it.",
    ]
    assert [text for text in said if text not in lines] == []
    assert result["page"]["hosts"][0]["moves"] == said


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"stacks": {"always-on": stack(release()), "mas": stack()}}, id="a stack was never released"),
        pytest.param({"unreadable": ["Cannot tell whose data is here."]}, id="records of moves cannot be read"),
    ],
)
def test_nothing_differs_is_said_only_where_all_is_known(more: Json) -> None:
    given = {"stacks": {"always-on": stack(release())}, **more}
    assert text(sandbox(released=released(**given)))[0] == "1 server"


def test_pressure_is_told_where_the_kernel_measures_it() -> None:
    pressure = {kind: {"avg10": 0.0, "avg60": 12.5, "avg300": 0.0} for kind in ("some", "full")}
    there = memory(31 * G, host={"pressure": pressure, "swap_total": 0})
    assert "  no swap, pressure: 12.5 % of the last minute" in text(sandbox(memory=there))


def test_the_document_keeps_bytes_full_commits_and_all_of_a_deploys_document() -> None:
    document = report([sandbox()], check=True)["document"]
    host = document["hosts"]["sandbox"]
    assert (document["version"], document["check_mode"]) == (1, True)
    assert (host["memory_available"], host["disk"]["free"], host["budget"]["headroom"]) == (31 * G, 80 * G, 8 * G)
    assert host["releases"]["always-on"]["current"] == {
        "id": SECOND,
        "result": "ok",
        "by": "jane",
        "job": None,
        "began": "2026-11-23T04:30:00Z",
        "ended": "2026-11-23T04:31:34Z",
        "seconds": 94,
        "commits": {"/srv/website": WEBSITE, "/srv/mas": MAS},
    }
    assert {service["service"]: service["drift"] for service in host["services"]} == {"mycosoft-website": [], "mindex-api": []}
