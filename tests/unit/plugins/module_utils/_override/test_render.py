# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""compose_override: what the override says, and what Compose itself makes of it.

Every case runs the real Compose twice, without an engine: for the resolved base, and for base and override together.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from hypothesis import given
from hypothesis import strategies as st

from tests.support.composed import Compose, Config, compose_override, limits, numbered, service, stack

BASES = {
    "no limit": "{image: x}",
    "mem_limit": "{image: x, mem_limit: 1g}",
    "mem_limit, mem_reservation and memswap_limit": "{image: x, mem_limit: 2g, mem_reservation: 1g, memswap_limit: 8g}",
    "mem_reservation": "{image: x, mem_reservation: 1g}",
    "deploy": "{image: x, deploy: {resources: {limits: {memory: 64G, cpus: '2'}, reservations: {memory: 1G}}}}",
    "mem_limit and a reservation of deploy": "{image: x, mem_limit: 2g, deploy: {resources: {reservations: {memory: 1g}}}}",
    "mem_reservation and a limit of deploy": "{image: x, mem_reservation: 1g, deploy: {resources: {limits: {memory: 2g}}}}",
    "both limits": "{image: x, mem_limit: 2g, deploy: {resources: {limits: {memory: 2g}, reservations: {memory: 1g}}}}",
    "one copy, a name and a port": "{image: x, scale: 1, container_name: web, ports: ['127.0.0.1:8080:80']}",
    "a profile": "{image: x, profiles: [big], mem_limit: 1g}",
}


@pytest.fixture(scope="module")
def based(tmp_path_factory: pytest.TempPathFactory) -> Compose:
    """All BASES as services of one file."""
    return Compose(tmp_path_factory.mktemp("based"), numbered(BASES.values()))


def test_the_plan_wins_under_whatever_key_the_base_uses(based: Compose) -> None:
    resolved = based.with_override(stack({name: service(4, 2, swap=1) for name in based.all}))
    assert {base: limits(resolved[f"web{number}"]) for number, base in enumerate(BASES)} == dict.fromkeys(BASES, (4, 2, 5))


def test_no_swap_is_allowed_unless_the_plan_says_so(based: Compose) -> None:
    resolved = based.with_override(stack({name: service(4) for name in based.all}))
    assert {base: limits(resolved[f"web{number}"])[::2] for number, base in enumerate(BASES)} == dict.fromkeys(BASES, (4, 4))


@pytest.mark.parametrize(
    "base",
    ["{image: x, mem_limit: 64g, mem_reservation: 32g}", "{image: x, deploy: {resources: {limits: {memory: 64G}, reservations: {memory: 32G}}}}"],
    ids=["mem_reservation", "deploy"],
)
def test_a_reservation_of_the_base_above_the_limit_is_cut_to_it(tmp_path: Path, base: str) -> None:
    resolved = Compose(tmp_path, "services: {web: %s}" % base).with_override(stack({"web": service(4)}))
    assert limits(resolved["web"]) == (4, 4, 4)


def test_a_reservation_of_the_base_below_the_limit_stays() -> None:
    assert "mem_reservation" not in compose_override({"services": {"web": {"mem_reservation": "1073741824"}}}, stack({"web": service(4)}))


DEPENDENCIES = {
    "the short form": "web: {image: x, depends_on: [api, db]}",
    "the long form": "web: {image: x, depends_on: {api: {condition: service_healthy}, db: {condition: service_started}}}",
    "a link": "web: {image: x, depends_on: [db], links: ['api:backend']}",
    "a link and a dependency that stays": "web: {image: x, links: [api, db]}",
    "extends": "web: {extends: {service: common}, depends_on: [db, api]}\n  common: {image: x, profiles: [never]}",
    "an anchor": "common: &common {image: x, depends_on: {api: {condition: service_started}, db: {condition: service_started}}}\n  web: {<<: *common}",
}


@pytest.mark.parametrize("form", DEPENDENCIES.values(), ids=DEPENDENCIES)
def test_a_dependency_that_lives_elsewhere_is_dropped_and_the_others_stay(tmp_path: Path, form: str) -> None:
    base = "services:\n  api: {image: x, depends_on: [db]}\n  db: {image: x}\n  %s\n" % form
    resolved = Compose(tmp_path, base).with_override(stack({"web": service(4)}, elsewhere=["api"]))
    assert "api" not in resolved
    assert list(resolved["web"]["depends_on"]) == ["db"]
    assert resolved["web"].get("links", ["db"]) == ["db"]


def test_the_last_dependency_can_be_dropped_too(tmp_path: Path) -> None:
    resolved = Compose(tmp_path, "services: {api: {image: x}, web: {image: x, depends_on: [api], links: [api]}}").with_override(
        stack({"web": service(4)}, elsewhere=["api"])
    )
    assert list(resolved) == ["web"]
    assert not {"depends_on", "links"} & set(resolved["web"])


def test_services_that_nobody_listed_run_at_home_and_let_go_too(tmp_path: Path) -> None:
    base = "services: {api: {image: x}, db: {image: x}, cron: {image: x, depends_on: [api, db]}}"
    resolved = Compose(tmp_path, base).with_override(stack({}, elsewhere=["api"]))
    assert {name: list(found.get("depends_on", {})) for name, found in resolved.items()} == {"db": [], "cron": ["db"]}


def test_away_from_home_only_listed_services_are_active(tmp_path: Path) -> None:
    base = "services: {api: {image: x, depends_on: [db]}, db: {image: x}, web: {image: x, depends_on: [api]}}"
    resolved = Compose(tmp_path, base).with_override(stack({"api": service(2)}, elsewhere=["web"], home=False))
    assert list(resolved) == ["api"]
    assert limits(resolved["api"]) == (2, None, 2)


def test_a_profile_of_a_service_elsewhere_does_not_bring_it_back(tmp_path: Path) -> None:
    compose = Compose(tmp_path, "services: {web: {image: x, profiles: [big]}, api: {image: x, profiles: [big]}, debug: {image: x, profiles: [debug]}}")
    assert list(compose.with_override(stack({"web": service(2)}, elsewhere=["api"]))) == ["web"]
    assert list(compose.config("-f", "override.yml", "--profile", "big")) == ["web"]


def test_the_environment_is_added_and_meant_literally(tmp_path: Path) -> None:
    base = "services: {web: {image: x, environment: ['KEEP=1', 'URL=old', 'PW=${SECRET:?missing}']}}"
    env: dict[str, t.Any] = {"URL": "http://192.0.2.7:8765", "PRICE": "5$ or ${SECRET}", "YES": "yes", "EMPTY": "", "UMLAUT": "Fäden: #1"}
    resolved = Compose(tmp_path, base).with_override(stack({"web": service(2, **env)}))
    given = {key: value.replace("$$", "$") for key, value in resolved["web"]["environment"].items()}
    assert given == {"KEEP": "1", "PW": "only-here", **env}


def test_nothing_secret_of_the_base_is_in_the_override(tmp_path: Path) -> None:
    compose = Compose(tmp_path, "services: {web: {image: x, environment: {PW: '${SECRET}'}, depends_on: [api]}, api: {image: x}}")
    compose.with_override(stack({"web": service(2, A="b")}, elsewhere=["api"]))
    assert "only-here" not in (tmp_path / "override.yml").read_text(encoding="utf-8")


def test_a_stack_that_needs_nothing_gets_an_empty_override() -> None:
    assert yaml.safe_load(compose_override({"services": {"cron": {}}}, stack({}))) == {"services": {}}


def test_the_text_is_short_and_readable() -> None:
    services = {"web": {"mem_limit": "1073741824", "depends_on": {"api": {}}}, "api": {}}
    text = compose_override({"services": services}, stack({"web": service(4, 2, K="v")}, ["api"]))
    assert text == (
        "# web: memory 4G, the Compose files say 1G\n"
        "services:\n  web:\n    depends_on: !reset []\n    mem_limit: 4G\n    mem_reservation: 2G\n    memswap_limit: 4G\n    environment:\n      K: v\n"
        "  api:\n    profiles: !override [elsewhere]\n"
    )


REFUSALS: dict[str, tuple[t.Any, Config, list[str]]] = {
    "a listed service that the files do not have": (
        {"web": {}, "db": {}},
        stack({"wep": service(1)}, elsewhere=["moon"]),
        [
            "the inventory lists the service wep, the Compose files do not have it. Did you mean web?",
            "the inventory lists the service moon, the Compose files do not have it. Known: db, web.",
        ],
    ),
    "several copies": (
        {"web": {"scale": 2}, "api": {"deploy": {"replicas": 3}}},
        stack({"web": service(1), "api": service(1)}),
        [
            "the Compose files start web 2 times, the plan counts its limit once. Set its scale to 1, or list each copy as a service.",
            "the Compose files start api 3 times, the plan counts its limit once. Set its scale to 1, or list each copy as a service.",
        ],
    ),
    "the network of a service elsewhere": (
        {"web": {"network_mode": "service:vpn"}, "vpn": {}},
        stack({"web": service(1)}, elsewhere=["vpn"]),
        ["web shares a part of the container of vpn, which runs on overflow1. Place both on one host."],
    ),
    "the volumes of a service at home": (
        {"web": {"volumes_from": ["data:ro", "container:other"]}, "data": {}},
        stack({"web": service(1)}, home=False),
        ["web shares a part of the container of data, which is not listed, so it runs at the stack's home. Place both on one host."],
    ),
}


@pytest.mark.parametrize(("services", "plan", "lines"), REFUSALS.values(), ids=REFUSALS)
def test_what_cannot_be_written_is_refused(services: t.Any, plan: Config, lines: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        compose_override({"services": services}, plan)
    head, *told = str(caught.value).splitlines()
    assert head == "Cannot write the override of project always-on: %s" % ("1 problem" if len(lines) == 1 else "%d problems" % len(lines))
    assert told == ["- %s" % line for line in lines]


@pytest.mark.parametrize("config", [None, "services:", [], {}, {"services": []}], ids=repr)
def test_what_is_no_configuration_is_refused(config: t.Any) -> None:
    with pytest.raises(InvalidInput, match="the configuration has no services"):
        compose_override(config, stack({}))


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_every_text_of_the_inventory_is_read_as_it_was_written(env: dict[str, str]) -> None:
    """By a library of YAML 1.1, which takes more words for something else than Compose's does."""
    read = yaml.safe_load(compose_override({"services": {"web": {}}}, stack({"web": {**service(1), "env": env}})))
    assert read["services"]["web"].get("environment", {}) == {name: value.replace("$", "$$") for name, value in env.items()}
