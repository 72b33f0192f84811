# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against two copies of a service side by side; services as the real Compose resolves them."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._rollout.blockers import blocker

from tests.support.composed import Compose, G

NETWORKS = "\nnetworks: {edge: {ipam: {config: [{subnet: 10.9.0.0/24}]}}}"

SERVICES: dict[str, tuple[str, str | None]] = {
    "nothing of its own": ("{image: x}", None),
    "a port inside only": ("{image: x, expose: ['80']}", None),
    "a port that the engine chooses": ("{image: x, ports: ['80']}", None),
    "a network": ("{image: x, networks: [edge]}", None),
    "a fixed name": ("{image: x, container_name: site}", "its container has a fixed name (container_name: site)"),
    "a fixed port": ("{image: x, ports: ['3000:80']}", "it publishes the port 3000 of the host, which one container can have"),
    "a fixed port of one address": ("{image: x, ports: ['127.0.0.1:3000:80']}", "it publishes the port 3000 of the host, which one container can have"),
    "a fixed address": ("{image: x, networks: {edge: {ipv4_address: 10.9.0.7}}}", "it has a fixed address in the network edge"),
    "the network of the host": ("{image: x, network_mode: host}", "it shares what is not its own (network_mode: host)"),
    "the network of another one": ("{image: x, network_mode: 'service:db'}", "it shares what is not its own (network_mode: service:db)"),
    "the processes of the host": ("{image: x, pid: host}", "it shares what is not its own (pid: host)"),
}


@pytest.mark.parametrize(("written", "why"), SERVICES.values(), ids=SERVICES)
def test_what_only_one_container_can_have_stands_against_it(tmp_path: Path, written: str, why: str | None) -> None:
    service = Compose(tmp_path, "services: {web: %s, db: {image: x}}%s" % (written, NETWORKS)).config()["web"]
    assert blocker(service, [], (), None, G, "start-first") == why


ANONYMOUS = "0f" * 32
NAMED = {"Type": "volume", "Name": "shop_data", "Destination": "/data", "RW": True}
NAMELESS = "it has a volume without a name at /data, which a second copy would not get"
MOUNTS: dict[str, tuple[dict[str, t.Any], str | None, str | None]] = {
    # a mount: why not start-first, why not auto
    "a volume that both write to": (NAMED, None, "two copies would write to its volume shop_data; where that does no harm, set rollout to start-first"),
    "a volume that both read": ({**NAMED, "RW": False}, None, None),
    "a volume without a name": ({**NAMED, "Name": ANONYMOUS}, NAMELESS, NAMELESS),
    "a volume whose name the engine leaves out": ({**NAMED, "Name": None}, NAMELESS, NAMELESS),
    "a folder of the host": ({"Type": "bind", "Source": "/srv", "Destination": "/srv", "RW": True}, None, None),
}


@pytest.mark.parametrize(("mount", "start_first", "auto"), MOUNTS.values(), ids=MOUNTS)
def test_a_volume_stands_against_it_where_data_could_be_missing_or_harmed(mount: dict[str, t.Any], start_first: str | None, auto: str | None) -> None:
    assert (blocker({}, [mount], {ANONYMOUS}, None, G, "start-first"), blocker({}, [mount], {ANONYMOUS}, None, G, "auto")) == (start_first, auto)


@pytest.mark.parametrize(
    ("available", "why"),
    [(4 * G, None), (4 * G - 1, "a second copy needs 4G, and 4G are available"), (G, "a second copy needs 4G, and 1G are available"), (None, None)],
)
def test_memory_for_a_second_copy_has_to_be_available(available: int | None, why: str | None) -> None:
    assert blocker({}, [], (), available, 4 * G, "auto") == why
