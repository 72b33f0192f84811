# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""data_move: what each step of a move gets from what the steps before found."""

from __future__ import annotations

import copy
import hashlib
import json
import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.filter.data_move import data_move
from ansible_collections.mycosoft.rack.plugins.filter.relocated import relocated

from tests.unit.plugins.filter.racks import G, plan, stack

Json = dict[str, t.Any]
HOSTS = ["sandbox", "overflow1"]
STACKS: Json = {
    "always-on": stack(
        project="on",
        services={
            "website": {"memory": "8G", "needs": ["api"]},
            "api": {"memory": "4G", "needs": ["db"], "address": {"env": "API_URL", "port": 8000}},
            "db": {"memory": "1G"},
        },
    ),
    "mas": stack(services={"orchestrator": {"memory": "8G", "needs": ["always-on/api"]}}),
}
MOVE = relocated(STACKS, "db,api", "overflow1", HOSTS)
PLAN = plan(MOVE["stacks"], HOSTS, addresses={"overflow1": "192.0.2.10"})
DATA: Json = {
    "volumes": [{"name": "on_data", "path": "/var/lib/docker/volumes/on_data/_data", "size": 2 * G, "labels": {}, "services": ["db"]}],
    "binds": [{"path": "/srv/index", "size": G // 2, "services": ["db", "api"]}],
    "problems": [],
}
TARGET = {"address": "192.0.2.10", "user": "mycosoft"}
VOLUME, BIND = DATA["volumes"][0]["path"], DATA["binds"][0]["path"]
COMMITTED = {"always-on": {"api": "overflow1", "db": "overflow1"}}


def state(source: Json | None = None, target: Json | None = None, **seconds: int) -> Json:
    """The result; it must be plain JSON."""
    given = {"copy_timeout": 100, "stop_seconds": 30, **seconds}
    result = data_move(MOVE, PLAN, {"data": DATA, **(source or {})}, {**TARGET, **(target or {})}, **given)
    assert json.loads(json.dumps(result)) == result
    return result


def test_before_anything_was_found_nothing_is_copied_and_nothing_blocks() -> None:
    result = data_move(MOVE, PLAN, {}, TARGET, 100, 30)
    assert (result["copies"], result["problems"], result["sources"], result["known_hosts"]) == ([], [], [], "")
    assert (result["committed"], result["switched"], result["same"]) == (False, False, False)
    assert result["key_seconds"] == 30


def test_each_directory_is_copied_with_a_key_of_its_own() -> None:
    first, second = state({"keys": "/state/offload-x"})["copies"]
    assert (first["path"], second["path"]) == (VOLUME, BIND)
    assert first["key"] == hashlib.sha1(VOLUME.encode(), usedforsecurity=False).hexdigest()
    assert first["key"] != second["key"]
    rsh = first["argv"][first["argv"].index("--rsh") + 1]
    assert rsh.startswith("ssh -p 22 -i /state/offload-x/%s -o IdentitiesOnly=yes " % first["key"])
    assert " -o UserKnownHostsFile=/state/offload-x/known_hosts -o StrictHostKeyChecking=yes " in rsh
    assert first["argv"][-2:] == [VOLUME + "/", "mycosoft@192.0.2.10:./"]
    assert [word for word in first["checksum"] if word not in first["argv"]] == ["--checksum"]


@pytest.mark.parametrize(("port", "name"), [(22, "192.0.2.10"), (2222, "[192.0.2.10]:2222")])
def test_the_other_server_is_known_by_the_name_that_ssh_looks_up(port: int, name: str) -> None:
    result = state(target={"port": port, "host_keys": ["127.0.0.1 ssh-ed25519 AAAA", "[127.0.0.1]:2222 ssh-rsa BBBB"]})
    assert result["known_hosts"] == "%s ssh-ed25519 AAAA\n%s ssh-rsa BBBB\n" % (name, name)
    assert " -p %d " % port in " ".join(result["copies"][0]["argv"])


def test_a_key_lives_as_long_as_two_copies_of_every_directory_and_the_stop_may_take() -> None:
    assert state(copy_timeout=100, stop_seconds=30)["key_seconds"] == 2 * 2 * 100 + 30


def test_the_sources_are_at_the_commits_of_the_original_server() -> None:
    source = {"repo": "git@example.org:mas.git", "dest": "/srv/mas", "version": "main"}
    assert state({"commits": [{"item": source, "stdout": "a" * 40, "rc": 0}]})["sources"] == [{**source, "version": "a" * 40}]


def test_users_stop_before_what_they_need_and_nothing_is_kept_as_essential() -> None:
    result = state()
    assert result["stop"] == [{"project": "on", "service": name, "essential": False} for name in ("api", "db")]
    assert sorted(result["stop_names"]) == ["on/api", "on/db"]


def test_the_containers_of_the_other_server_are_removed_by_the_project_and_files_of_the_stack() -> None:
    assert state()["remove"] == [
        *("docker", "compose", "--project-name", "on", "--project-directory", "/srv/x", "--file", "/srv/x/compose.yml"),
        *("rm", "--stop", "--force", *MOVE["services"]),
    ]


#: id -> of the original server, of the other one, committed, switched, same
PROGRESS: dict[str, tuple[Json, Json, tuple[bool, bool, bool]]] = {
    "only copied": ({}, {}, (False, False, False)),
    "the same": ({"trees": {"/srv": "1"}}, {"trees": {"/srv": "1"}}, (False, True, True)),
    "another": ({"trees": {"/srv": "1"}}, {"trees": {"/srv": "2"}}, (False, True, False)),
    "only one was read": ({"trees": {"/srv": "1"}}, {}, (False, True, False)),
    "no data": ({"trees": {}}, {"trees": {}}, (False, True, True)),
    "by an earlier run": ({"moved": COMMITTED}, {}, (True, False, False)),
    "by an earlier run to another server": ({"moved": {"always-on": {"api": "overflow1", "db": "overflow2"}}}, {}, (False, False, False)),
    "one of two": ({"moved": {"always-on": {"api": "overflow1"}}}, {}, (False, False, False)),
    "another stack": ({"moved": {"mas": COMMITTED["always-on"]}}, {}, (False, False, False)),
}


@pytest.mark.parametrize(("source", "target", "expected"), PROGRESS.values(), ids=PROGRESS)
def test_how_far_a_move_is_comes_from_the_records_and_the_comparison(source: Json, target: Json, expected: tuple[bool, bool, bool]) -> None:
    result = state(source, target)
    assert (result["committed"], result["switched"], result["same"]) == expected


#: id -> of the original server, of the other one, what blocks the move
BLOCKERS: dict[str, tuple[Json, Json, list[str]]] = {
    "nothing": ({}, {}, []),
    "the data": (
        {"data": {**DATA, "problems": ["db has no container here.", "api uses a volume of website."]}},
        {},
        ["db has no container here.", "api uses a volume of website."],
    ),
    "the data, copied by an earlier run": (
        {"data": {**DATA, "problems": ["db has no container here.", "api uses a volume of website."]}, "moved": COMMITTED},
        {},
        ["api uses a volume of website."],
    ),
    "the other server": ({}, {"problems": ["/srv/index is not empty."]}, ["overflow1: /srv/index is not empty."]),
    "no user": ({}, {"user": ""}, ["overflow1: ansible_user is not set, and the copy logs in with it."]),
    "no user and no data": ({"data": {"problems": []}}, {"user": ""}, []),
    "tools": (
        {"tools": 1},
        {"tools": 2},
        ["%s lacks a tool: install rsync (with rrsync), openssh-client and procps." % host for host in HOSTS],
    ),
}


@pytest.mark.parametrize(("source", "target", "expected"), BLOCKERS.values(), ids=BLOCKERS)
def test_what_blocks_a_move_is_told_of_both_servers(source: Json, target: Json, expected: list[str]) -> None:
    assert state(source, target)["problems"] == expected


def test_the_text_names_the_data_and_the_addresses_that_change() -> None:
    assert state()["text"] == (
        "%s of always-on from sandbox to overflow1, with 2.5G in %s, %s. Addresses that change: "
        "website on sandbox: API_URL=http://192.0.2.10:8000; orchestrator on sandbox: API_URL=http://192.0.2.10:8000."
        % (", ".join(MOVE["services"]), VOLUME, BIND)
    )


def test_the_text_of_a_move_without_data_that_went_so_far_before() -> None:
    text = state({"data": {"volumes": [], "binds": [], "problems": []}, "moved": COMMITTED}, {"address": "192.0.2.99"})["text"]
    assert text.endswith("to overflow1, with no data. The data is on overflow1 already: an earlier run copied it. Addresses that change: none.")


def place(path: str, host: str, *services: str, stack: str = "always-on", volume: str | None = None) -> Json:
    return {"path": path, "volume": volume, "stack": stack, "project": "on", "services": list(services), "host": host}


def test_both_servers_record_where_the_services_are_and_keep_what_they_knew() -> None:
    result = state(
        {"moved": {"always-on": {"cache": "overflow2"}, "mas": {"x": "overflow2"}}}, {"moved": {"always-on": {"api": "sandbox", "cache": "overflow2"}}}
    )
    assert result["moved_from"] == {"always-on": {"cache": "overflow2", "api": "overflow1", "db": "overflow1"}, "mas": {"x": "overflow2"}}
    assert result["moved_to"] == {"always-on": {"cache": "overflow2"}}


def test_both_servers_record_whose_data_is_where_and_keep_what_they_knew() -> None:
    others = [place("/srv/c", "overflow2", "cache"), place("/srv/m", "overflow1", "db", stack="mas")]
    before = {"left": [place("/srv/old", "sandbox", "api"), *others], "arriving": [place(VOLUME, "sandbox", "db", volume="on_data"), others[0]]}
    result = state({"places": before}, {"places": before})
    entries = [place(VOLUME, "?", "db", volume="on_data"), place(BIND, "?", "db", "api")]
    assert result["left"] == {"left": [*others, *({**one, "host": "overflow1"} for one in entries)], "arriving": others[:1]}
    assert result["arriving"] == {"left": before["left"], "arriving": [others[0], *({**one, "host": "sandbox"} for one in entries)]}
    assert result["settled"] == {"left": others, "arriving": others[:1]}


def stays(path: str, why: str, checkout: str | None = None, writable: bool = False, file: bool = False) -> Json:
    return {"path": path, "why": why, "checkout": checkout, "writable": writable, "file": file}


CLEAN, DIRTY = {"rc": 0, "stdout": "", "stderr": ""}, {"rc": 0, "stdout": "", "stderr": "warning: could not open directory 'data/': Permission denied"}
#: id -> what stays, whether it is missing on the other server, what git said of it, the beginning of the problem
STAYING: dict[str, tuple[Json, bool, Json | None, str]] = {
    "of the system": (stays("/", "system"), False, None, ""),
    "read-only, there": (stays("/srv/certs", "read-only"), False, None, ""),
    "read-only": (stays("/srv/certs", "read-only"), True, None, "/srv/certs is mounted read-only, does not move, and does not exist on overflow1."),
    "a file, there": (stays("/srv/acme.json", "file", writable=True, file=True), False, None, ""),
    "a file": (
        stays("/srv/acme.json", "file", writable=True, file=True),
        True,
        None,
        "/srv/acme.json is a file, not a directory, and does not exist on overflow1",
    ),
    "of git": (stays("/srv/x/conf", "checkout", "/srv/x", writable=True), True, CLEAN, ""),
    "data in a checkout": (
        stays("/srv/x/data", "checkout", "/srv/x", writable=True),
        False,
        DIRTY,
        "/srv/x/data lies in a checkout, and git does not have all",
    ),
    "a file in a checkout": (stays("/srv/x/.env", "checkout", "/srv/x", file=True), True, {**CLEAN, "stdout": "!! .env"}, "/srv/x/.env lies in a checkout"),
    "a file in a checkout, there": (stays("/srv/x/.env", "checkout", "/srv/x", file=True), False, {**CLEAN, "stdout": "!! .env"}, ""),
    "a checkout": (stays("/srv/x", "checkout", "/srv/x", writable=True), True, {**CLEAN, "stdout": "?? y"}, "/srv/x is a checkout that a service may write to"),
    "a checkout to read": (stays("/srv/x", "checkout", "/srv/x"), True, {**CLEAN, "stdout": "?? y"}, ""),
}


@pytest.mark.parametrize(("stay", "missing", "git", "beginning"), STAYING.values(), ids=STAYING)
def test_what_stays_has_to_be_on_the_other_server(stay: Json, missing: bool, git: Json | None, beginning: str) -> None:
    source = {"data": {**DATA, "stays": [stay]}, "untracked": [{"item": stay, **git}] if git else []}
    result = state(source, {"missing": [stay["path"]] if missing else []})
    assert [problem[: len(beginning)] for problem in result["problems"]] == ([beginning] if beginning else [])
    assert " Not moved: %s (%s)." % (stay["path"], stay["why"]) in result["text"]


def test_a_service_on_the_other_server_loses_nothing() -> None:
    stacks = copy.deepcopy(STACKS)
    for name in ("api", "db"):
        stacks["always-on"]["services"][name]["host"] = "overflow1"
    move = relocated(stacks, "db,api", "sandbox", HOSTS)
    assert [user["service"] for user in move["users"]] == ["website", "orchestrator"]
    assert data_move(move, plan(move["stacks"], HOSTS), {"data": DATA}, {**TARGET, "address": "192.0.2.9"}, 100, 30)["problems"] == []


@pytest.mark.parametrize(
    ("change", "dependants", "needed"),
    [
        ({}, [], None),
        ({"address": None}, [], "api"),
        ({"address": None, "env": "http://192.0.2.10:8000"}, [], "api"),
        ({"env": "http://192.0.2.10:8000"}, [], None),
        ({}, ["website"], None),
        ({}, ["worker"], "db"),
    ],
)
def test_a_service_that_stays_and_would_lose_what_it_needs_is_told(change: Json, dependants: list[str], needed: str | None) -> None:
    stacks = copy.deepcopy(STACKS)
    services = stacks["always-on"]["services"]
    services["api"] |= {key: value for key, value in change.items() if key == "address"}
    services["website"]["env"] = {"API_URL": change["env"]} if "env" in change else {}
    move = relocated(stacks, "db,api", "overflow1", HOSTS)
    rack = plan(move["stacks"], HOSTS, addresses={"overflow1": "192.0.2.10"})
    problems = data_move(move, rack, {"data": {**DATA, "dependants": dict.fromkeys(dependants, "db")}}, TARGET, 100, 30)["problems"]
    name = dependants[0] if dependants else "website"
    problem = (
        f"{name} needs {needed}, would stay on sandbox, and would not be told the new address. Give rack_stacks.always-on.services.{needed} an address,"
        f" and list it in the needs of {name}; or move both."
    )
    assert problems == ([problem] if needed else [])
