# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""memory_plan: every way in which a rack is impossible, and the sentence it gets."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.filter.memory_plan import memory_plan

from tests.unit.plugins.filter.racks import API, EXTERNALS, GONE, STACKS, WEB, changed, problems

BAD_STACKS = {
    "no mapping": ((), None, "rack_stacks: is not a mapping. Write keys and values."),
    "a stack that is none": (("mas",), ["x"], "rack_stacks.mas: is not a mapping. Write keys and values."),
    "an unknown key of a stack": (
        ("mas", "directry"),
        "/x",
        "rack_stacks.mas.directry: is not a known key. Did you mean directory?",
    ),
    "an unknown key of a service": (
        (*WEB, "tint"),
        "red",
        (
            "rack_stacks.always-on.services.website.tint: is not a known key. "
            "Known: address, drain, env, essential, health, heap, heap_percent, host, memory, needs, oom_score_adj, optional, public, reservation, "
            "rollout, swap, urls."
        ),
    ),
    "a directory missing": (("mas", "directory"), GONE, "rack_stacks.mas.directory: is missing."),
    "files missing": (("mas", "files"), GONE, "rack_stacks.mas.files: is missing."),
    "a home missing": (("mas", "host"), GONE, "rack_stacks.mas.host: is missing."),
    "a limit missing": ((*API, "memory"), GONE, "rack_stacks.always-on.services.api.memory: is missing."),
    "a limit of nothing": ((*API, "memory"), None, "rack_stacks.always-on.services.api.memory: is missing."),
    "a wrong unit": ((*API, "memory"), "16X", "rack_stacks.always-on.services.api.memory: '16X' is not a size. Write for example 16G."),
    "a size without a unit": (
        (*API, "memory"),
        16,
        "rack_stacks.always-on.services.api.memory: 16 is below the smallest limit a container can have (6M). Write for example 16G.",
    ),
    "a fraction without a unit": ((*API, "memory"), 1.5, "rack_stacks.always-on.services.api.memory: 1.5 is not a size. Write for example 16G."),
    "a reservation above the limit": (
        (*WEB, "reservation"),
        "40G",
        "rack_stacks.always-on.services.website.reservation: 40G is more than the limit of 32G. Lower it or raise memory.",
    ),
    "negative swap": ((*WEB, "swap"), -1, "rack_stacks.always-on.services.website.swap: -1 is not a size. Write for example 16G."),
    "an unknown home": (("mas", "host"), "sandbx", "rack_stacks.mas.host: 'sandbx' is not a host of the rack. Did you mean sandbox?"),
    "an unknown host of a service": (
        (*API, "host"),
        "moon",
        "rack_stacks.always-on.services.api.host: 'moon' is not a host of the rack. Known: overflow1, sandbox.",
    ),
    "a relative directory": (
        ("mas", "directory"),
        "srv/mas",
        "rack_stacks.mas.directory: 'srv/mas' is not an absolute path. Write for example /home/mycosoft/mas.",
    ),
    "an absolute file": (
        ("mas", "files"),
        ["/srv/mas.yml"],
        "rack_stacks.mas.files[0]: '/srv/mas.yml' is not a path relative to the stack's directory. Write for example docker-compose.yml.",
    ),
    "files that are no list": (("mas", "files"), "mas.yml", "rack_stacks.mas.files: is not a list. Write [a, b]."),
    "no files": (("mas", "files"), [], "rack_stacks.mas.files: is empty. Name at least 1."),
    "a project that Compose refuses": (
        ("mas", "project"),
        "Mas",
        "rack_stacks.mas.project: 'Mas' is not a Compose project name. Use lower-case letters, digits, dashes and underscores.",
    ),
    "a project used twice on a host": (
        ("mas", "project"),
        "always-on",
        (
            "rack_stacks.mas.project: 'always-on' is already the project of stack always-on on sandbox; "
            "Compose would mix the two. Give each stack its own project."
        ),
    ),
    "a flag that is a word": ((*WEB, "public"), "yes", "rack_stacks.always-on.services.website.public: 'yes' is not a yes or no. Write true or false."),
    "an address without scheme": (
        (*WEB, "urls"),
        ["https://example.org", "example.org"],
        (
            "rack_stacks.always-on.services.website.urls[1]: 'example.org' is no absolute http or https URL. "
            "Give URLs as visitors use them, such as https://example.org/logo.png."
        ),
    ),
    "an address with a part that browsers keep to themselves": (
        (*WEB, "urls"),
        ["https://example.org/#top"],
        (
            "rack_stacks.always-on.services.website.urls[0]: 'https://example.org/#top' has a part after #, which browsers keep to themselves. "
            "Write https://example.org/."
        ),
    ),
    "an address with a wildcard": (
        (*WEB, "urls"),
        ["https://example.org/docs/*"],
        (
            "rack_stacks.always-on.services.website.urls[0]: 'https://example.org/docs/*' ends in a wildcard, which is not supported in a URL. "
            "Write https://example.org/docs/, and purge by prefix for everything below it."
        ),
    ),
    "an address with a password": (
        (*WEB, "urls"),
        ["https://jane:secret@example.org/"],
        (
            "rack_stacks.always-on.services.website.urls[0]: 'https://***@example.org/' has a user name before its host, which is no part of what is cached. "
            "Leave out what stands before the @, and the @."
        ),
    ),
    "an address that only this network knows": (
        (*WEB, "urls"),
        ["http://intranet:8080/"],
        ("rack_stacks.always-on.services.website.urls[0]: 'http://intranet:8080/' has a host that is no domain name. Give it such as www.example.org."),
    ),
    "a health check that is a path": (
        (*API, "health"),
        "/health",
        "rack_stacks.always-on.services.api.health: '/health' is not a web address. Write for example https://example.org/.",
    ),
    "a bad variable name": (
        (*API, "env"),
        {"9LIVES": "x"},
        (
            "rack_stacks.always-on.services.api.env.9LIVES: '9LIVES' is not the name of an environment variable. "
            "Use letters, digits and underscores, no digit first."
        ),
    ),
    "a variable with a list": (
        (*API, "env"),
        {"HOSTS": ["secret"]},
        "rack_stacks.always-on.services.api.env.HOSTS: is not a text, a number, true or false.",
    ),
    "an unknown need": (
        (*WEB, "needs"),
        ["apy"],
        "rack_stacks.always-on.services.website.needs[0]: 'apy' is no service of the rack and no external. Did you mean api?",
    ),
    "a need of itself": (
        (*API, "needs"),
        ["api"],
        "rack_stacks.always-on.services.api.needs: goes in a circle: always-on/api -> always-on/api. Remove one of these needs.",
    ),
    "a percentage that is none": (
        (*API, "memory"),
        "half%",
        "rack_stacks.always-on.services.api.memory: 'half%' is not a percentage. Write for example 50%.",
    ),
    "a share of a memory that nobody declared": (
        (*API, "memory"),
        "25%",
        (
            "rack_stacks.always-on.services.api.memory: '25%' is a share of the memory of sandbox, which nobody declared. "
            "Set rack_memory there, for example 62G."
        ),
    ),
    "swap as a share of a memory that nobody declared": (
        (*API, "swap"),
        "5%",
        "rack_stacks.always-on.services.api.swap: '5%' is a share of the memory of sandbox, which nobody declared. Set rack_memory there, for example 62G.",
    ),
    "optional and essential": (
        API,
        {"memory": "1G", "essential": True, "optional": True},
        [
            "rack_stacks.always-on.services.api.optional: contradicts essential. Keep one of the two.",
            ("rack_stacks.always-on.services.website.needs[0]: 'api' is optional and may be stopped, website is not. Make both optional, or neither."),
        ],
    ),
    "a need of what may be stopped": (
        (*API, "optional"),
        True,
        "rack_stacks.always-on.services.website.needs[0]: 'api' is optional and may be stopped, website is not. Make both optional, or neither.",
    ),
    "an address without its port": (
        (*API, "address"),
        {"env": "API_URL"},
        "rack_stacks.always-on.services.api.address.port: is missing.",
    ),
    "an address without its variable": (
        (*API, "address"),
        {"port": 8000},
        "rack_stacks.always-on.services.api.address.env: is missing.",
    ),
    "a port that is none": (
        (*API, "address"),
        {"env": "API_URL", "port": 80000},
        "rack_stacks.always-on.services.api.address.port: 80000 is not a whole number from 1 to 65535.",
    ),
    "a published port that is a yes": (
        (*API, "address"),
        {"env": "API_URL", "port": 80, "published": True},
        "rack_stacks.always-on.services.api.address.published: True is not a whole number from 1 to 65535.",
    ),
    "a scheme with its colon": (
        (*API, "address"),
        {"env": "API_URL", "port": 80, "scheme": "http://"},
        "rack_stacks.always-on.services.api.address.scheme: 'http://' is not the scheme of a URL. Write for example http.",
    ),
    "a path without its slash": (
        (*API, "address"),
        {"env": "API_URL", "port": 80, "path": "v1"},
        "rack_stacks.always-on.services.api.address.path: 'v1' is not the path of a URL. Write for example /health.",
    ),
    "an address in the variable of another": (
        (*API, "address"),
        {"env": "BRAIN_URL", "port": 80},
        ("rack_stacks.always-on.services.website.needs: brain and always-on/api both give their address in BRAIN_URL. Name another variable for one of them."),
    ),
    "an unknown runtime": (
        (*API, "heap"),
        "nodejs",
        "rack_stacks.always-on.services.api.heap: 'nodejs' is no runtime whose heap can be told. Did you mean node?",
    ),
    "a heap of a list": (
        (*API, "heap"),
        ["node"],
        "rack_stacks.always-on.services.api.heap: ['node'] is no runtime whose heap can be told. Did you mean node?",
    ),
    "a heap larger than the limit": (
        API,
        {"memory": "1G", "heap": "node", "heap_percent": 101},
        "rack_stacks.always-on.services.api.heap_percent: 101 is not a whole number from 1 to 100.",
    ),
    "the size of a heap of no runtime": (
        (*API, "heap_percent"),
        50,
        "rack_stacks.always-on.services.api.heap_percent: means nothing without heap. Add heap, for example node.",
    ),
    "an adjustment that the kernel does not know": (
        (*API, "oom_score_adj"),
        -1001,
        "rack_stacks.always-on.services.api.oom_score_adj: -1001 is not a whole number from -1000 to 1000.",
    ),
    "an adjustment that is a word": (
        (*API, "oom_score_adj"),
        "never",
        "rack_stacks.always-on.services.api.oom_score_adj: 'never' is not a whole number from -1000 to 1000.",
    ),
    "a rollout that nobody knows": (
        (*API, "rollout"),
        "blue-green",
        "rack_stacks.always-on.services.api.rollout: 'blue-green' is no rollout. Known: auto, recreate, start-first.",
    ),
    "a drain where nothing starts first": (
        (*API, "drain"),
        {"seconds": 3},
        "rack_stacks.always-on.services.api.drain: means nothing where a service is recreated. Add rollout, for example start-first.",
    ),
    "a drain that takes no time that could be told": (
        API,
        {"memory": "1G", "rollout": "auto", "drain": {"seconds": 1.5}},
        "rack_stacks.always-on.services.api.drain.seconds: 1.5 is not a whole number of seconds from 0 to 3600.",
    ),
    "a drain whose command is no list of texts": (
        API,
        {"memory": "1G", "rollout": "auto", "drain": {"command": [True]}},
        "rack_stacks.always-on.services.api.drain.command[0]: True is no argument of a command. Write a text.",
    ),
    "a circle of needs": (
        (*API, "needs"),
        ["website"],
        "rack_stacks.always-on.services.api.needs: goes in a circle: always-on/api -> always-on/website -> always-on/api. Remove one of these needs.",
    ),
    "a password in a repository's address": (
        ("always-on", "sources", 0, "repo"),
        "https://me:hunter2@example.org/mas.git",
        (
            "rack_stacks.always-on.sources[0].repo: carries a password or a token in its address. Leave out what stands before the @, "
            "and use RACK_GIT_TOKEN or a deploy key."
        ),
    ),
    "a token in a repository's address": (
        ("always-on", "sources", 0, "repo"),
        "https://hunter2@example.org/mas.git",
        (
            "rack_stacks.always-on.sources[0].repo: carries a password or a token in its address. Leave out what stands before the @, "
            "and use RACK_GIT_TOKEN or a deploy key."
        ),
    ),
    "a password in the address of a health check": (
        (*API, "health"),
        "http://me:hunter2@example.org/health",
        (
            "rack_stacks.always-on.services.api.health: has a user name before its host. Addresses are shown in logs: "
            "give a password in env, or in an env file on the server."
        ),
    ),
    "a checkout of two versions": (
        ("mas", "sources"),
        [{"repo": "git@example.org:mas.git", "dest": "/srv/mas", "version": "next"}],
        (
            "rack_stacks.mas.sources[0].dest: /srv/mas is also the checkout of rack_stacks.always-on.sources[0], from another repository or version. "
            "Give it its own directory."
        ),
    ),
}


@pytest.mark.parametrize(("path", "value", "sentence"), BAD_STACKS.values(), ids=BAD_STACKS)
def test_an_impossible_stack_is_refused_in_one_line_for_each_problem(path: tuple[str | int, ...], value: t.Any, sentence: str | list[str]) -> None:
    assert problems(changed(path, value) if path else value) == ([sentence] if isinstance(sentence, str) else sentence)


def test_a_service_placed_twice_is_refused() -> None:
    stacks = {name: {**STACKS["mas"], "project": "mas", "host": host} for name, host in (("mas", "sandbox"), ("spare", "overflow1"))}
    assert problems(stacks) == [
        "rack_stacks.spare.services.orchestrator: is placed twice: stack mas has it too, in the same project mas. Keep one of the two.",
    ]


def test_limits_above_the_memory_name_every_part_and_what_is_missing() -> None:
    assert problems(changed((*API, "memory"), "24G"), memory={"sandbox": "62G", "overflow1": None}) == [
        (
            "memory of sandbox: always-on/api 24G + always-on/website 32G + mas/orchestrator 8G + reserve 6G together need 70G, the host has 62G: "
            "8G is missing. Lower a limit or place a service on another host."
        )
    ]


def test_all_problems_are_told_at_once() -> None:
    stacks = changed((*API, "memory"), "16X", changed(("mas", "host"), "sandbx", changed((*WEB, "memory"), "60G")))
    assert [line.split(": ")[0] for line in problems(stacks, memory={"sandbox": "62G"})] == [
        "rack_stacks.always-on.services.api.memory",
        "rack_stacks.mas.host",
        "memory of sandbox",
    ]


def test_no_value_of_the_environment_and_no_password_reaches_the_message() -> None:
    for repo in ("https://me:hunter2@example.org/x", "https://hunter2@example.org/x ", "http://hunter2@example.org/x"):
        for health in ("ftp://me:hunter2@example.org/", "http://hunter2@example.org/"):
            stacks = changed((*API, "env"), {"TOKEN": ["hunter2"]}, changed(("always-on", "sources", 0, "repo"), repo, changed((*API, "health"), health)))
            assert "hunter2" not in "\n".join(problems(stacks))


@pytest.mark.parametrize(
    "repo", ["git@example.org:mas.git", "ssh://git@example.org/mas.git", "git+ssh://git@example.org/mas.git", "https://example.org/mas.git"]
)
def test_an_address_without_a_secret_is_accepted(repo: str) -> None:
    assert memory_plan(changed(("always-on", "sources", 0, "repo"), repo), ["sandbox", "overflow1"], "6G", externals=EXTERNALS)
