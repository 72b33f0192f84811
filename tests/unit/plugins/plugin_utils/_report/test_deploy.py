# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deploy says of itself: the document keeps every fact, the table shows it to a person."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.filter.deploy_report import deploy_report
from ansible_collections.mycosoft.rack.plugins.plugin_utils._report.deploy import aligned

G = 1024**3


BUDGET = {"memory": {"total": None, "reserve": 6 * G, "build": 4 * G, "limits": 48 * G, "others": 0, "unlimited": 0, "headroom": None}}


STACKS = {"site": {"project": "always-on", "services": {"website": {}}}, "mas": {"project": "mas", "services": {}}}


def container(service: t.Optional[str], limit: t.Optional[int] = None, **more: t.Any) -> t.Dict[str, t.Any]:
    facts = {"name": "c-1", "project": "always-on", "service": service, "limit": limit, "reservation": None, "working_set": G // 2, "percent": None}
    return {**facts, "state": "running", "restarts": 0, "oom_kills": 0, **more}


def host(**more: t.Any) -> t.Dict[str, t.Any]:
    facts = {
        "host": "sandbox",
        "plan": {**BUDGET, "starts": [{"stack": "mas"}, {"stack": "site"}, {"stack": "site"}], "stacks": STACKS},
        "memory_before": {"available": 30 * G},
        "memory": {
            "status": "ok",
            "findings": [],
            "host": {"total": 62 * G, "available": 31 * G},
            "containers": [container("website", 32 * G, reservation=8 * G, percent=1.6)],
        },
        "freed": {"total": 3 * G},
        "commits": [{"dest": "/srv/website", "from": "a" * 40, "to": "b" * 40, "log": ["bbbbbbb Release 2"]}],
        "changed_projects": ["always-on", "by-hand"],
    }
    return {**facts, **more}


def test_the_table_shows_limit_use_memory_before_and_after_disk_and_commits() -> None:
    assert deploy_report([host()])["text"].splitlines() == [
        "sandbox: 31G of 62G memory available (before: 30G), 3G of disk freed",
        "  budget: 62G = limits 48G + reserve 6G (builds up to 4G) + headroom 8G",
        "  service  limit  reserved  in use  of limit",
        "  website  32G    8G        512M    1.6 %",
        "  checkout      from          to",
        "  /srv/website  aaaaaaaaaaaa  bbbbbbbbbbbb",
        "    bbbbbbb Release 2",
    ]


OLD, BAD = "a" * 40, "b" * 40


@pytest.mark.parametrize(
    ("version", "left", "says", "holds"),
    [
        pytest.param("main", BAD, "checks out main", True, id="a branch, which had the bad commit"),
        pytest.param(BAD, BAD, "checks out bbbbbbbbbbbb", True, id="the bad commit itself"),
        pytest.param(OLD, BAD, "the same", False, id="held already"),
        pytest.param(OLD[:12], BAD, "the same", False, id="held already, by a short commit"),
        pytest.param("main", OLD, "checks out main", False, id="the code was not the cause"),
    ],
)
def test_after_a_rollback_it_tells_what_runs_and_whether_the_next_deploy_brings_back_what_was_left(version: str, left: str, says: str, holds: bool) -> None:
    release = {"id": "r1", "state": {"sources": {"/srv/website": OLD}}}
    restored = {"site": {"release": release, "left": {"/srv/website": left}}, "mas": {"release": None, "left": {}}}
    stacks = {**STACKS, "site": {**STACKS["site"], "sources": [{"dest": "/srv/website", "version": version}]}}
    report = deploy_report([host(restored=restored, plan={**BUDGET, "starts": [], "stacks": stacks}, commits=[])])

    left_of = {"dest": "/srv/website", "commit": OLD, "left": left, "version": version}
    assert report["document"]["hosts"]["sandbox"]["rolled_back"] == {"site": {"release": "r1", "checkouts": [left_of]}}
    lines = report["text"].splitlines()[4:]
    assert [line.split("  ")[-1] for line in lines[:2]] == ["next deploy", says]
    assert ("  " * 2 + f"version: {OLD}  # of the source with dest: /srv/website" in lines) is holds


def test_the_document_names_the_stacks_of_changed_projects_and_in_check_mode_those_that_would_be_started() -> None:
    changed = [deploy_report([host()], check=check)["document"]["hosts"]["sandbox"]["changed_stacks"] for check in (False, True)]
    assert changed == [["site"], ["mas", "site"]]


def test_the_document_keeps_bytes_and_full_commits() -> None:
    document = deploy_report([host()], check=True, purge={"changed": True})["document"]
    assert (document["version"], document["check_mode"], document["purge"]) == (1, True, {"purged": True})
    sandbox = document["hosts"]["sandbox"]
    assert (sandbox["memory_available_before"], sandbox["memory_available"], sandbox["disk_freed"]) == (30 * G, 31 * G, 3 * G)
    (service,) = sandbox["services"]
    assert {key: service[key] for key in ("service", "limit", "reservation", "working_set", "planned", "oom_kills")} == {
        "service": "website",
        "limit": 32 * G,
        "reservation": 8 * G,
        "working_set": G // 2,
        "planned": True,
        "oom_kills": 0,
    }
    assert sandbox["budget"] == {"total": 62 * G, "reserve": 6 * G, "build": 4 * G, "limits": 48 * G, "others": 0, "unlimited": 0, "headroom": 8 * G}
    assert sandbox["commits"][0]["to"] == "b" * 40


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        pytest.param(container("database"), "database (not in the inventory)  -      -         512M    -", id="unlisted service"),
        pytest.param(container(None, project=None), "c-1 (not in the inventory)  -      -         512M    -", id="container of no stack"),
        pytest.param(container("database"), "reserve 6G (builds up to 4G, containers without a limit 512M)", id="unlisted service in the budget"),
        pytest.param(container("database", G), "limits 48G + limits of others 1G + reserve 6G (builds up to 4G) + headroom 7G", id="its limit in the budget"),
        pytest.param(container("website", working_set=None, state="exited"), "website  -      -         -       -         exited", id="stopped"),
        pytest.param(container("website", oom_kills=1, restarts=3), "-         killed for want of memory once, restarted 3 times", id="killed"),
    ],
)
def test_a_container_without_a_limit_a_plan_or_a_process_is_shown_as_such(found: t.Dict[str, t.Any], shown: str) -> None:
    memory = {"status": "ok", "findings": [], "host": {"total": 62 * G, "available": 31 * G}, "containers": [found]}
    assert shown in deploy_report([host(memory=memory)])["text"]


def test_services_of_one_name_are_told_apart_by_their_project() -> None:
    both = [container("app", G), container("app", G, project="shop"), container("app", project=None), container("website", G)]
    memory = {"status": "ok", "findings": [], "host": {"total": 62 * G, "available": 31 * G}, "containers": both}
    shown = [line.split("  ")[1] for line in deploy_report([host(memory=memory)])["text"].splitlines()[3:7]]
    assert shown == ["always-on/app (not in the inventory)", "shop/app (not in the inventory)", "app (not in the inventory)", "website"]


def test_what_is_not_well_stands_between_the_host_and_its_table() -> None:
    finding = {"level": "critical", "subject": "host", "message": "4G of 62G memory is available (6.5 %).", "help": "Move a service."}
    memory = {"status": "critical", "findings": [finding], "host": {"total": 62 * G, "available": 4 * G}, "containers": []}
    lines = deploy_report([host(memory=memory)])["text"].splitlines()
    assert lines[1] == "  critical, host: 4G of 62G memory is available (6.5 %). Move a service."
    assert lines[2].startswith("  budget: ")


def test_a_step_that_did_not_run_is_left_out() -> None:
    text = deploy_report([host(memory_before={}, freed={}, commits=[])])["text"]
    assert "before" not in text
    assert "disk" not in text
    assert "checkout" not in text


def test_a_first_checkout_comes_from_nothing() -> None:
    text = deploy_report([host(commits=[{"dest": "/srv/website", "from": None, "to": "b" * 40}])])["text"]
    assert "/srv/website  -     bbbbbbbbbbbb" in text


def test_columns_are_as_wide_as_their_widest_cell_and_lines_end_without_blanks() -> None:
    assert aligned([("a", "bb", "c"), ("aaa", "b", "")]) == ["a    bb  c", "aaa  b"]
