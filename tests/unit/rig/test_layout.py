# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and addresses of a rig."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.rig.errors import RigError
from tests.rig.layout import Layout, checked_servers, free_subnets, project_of, routed_subnets

LAYOUT = Layout("rack-test-abcdef", "10.201.7.0/24", ("sandbox", "overflow1", "overflow2"))


def test_every_host_has_an_address_of_its_own() -> None:
    addresses = [LAYOUT.address(host) for host in LAYOUT.hosts]
    assert len(set(addresses)) == len(addresses)
    assert (LAYOUT.address("forge"), LAYOUT.address("overflow1")) == ("10.201.7.2", "10.201.7.12")


def test_two_checkouts_never_share_a_rig() -> None:
    assert project_of("demo", Path("/a")) != project_of("demo", Path("/b"))


@pytest.mark.parametrize("name", ["", "Demo", "a-b", "../x", "x" * 22], ids=["empty", "upper case", "dash", "path", "too long"])
def test_a_rig_with_an_unusable_name_is_refused(name: str) -> None:
    with pytest.raises(RigError, match="Cannot name a rig"):
        project_of(name)


@pytest.mark.parametrize(
    "servers",
    [[], ["sandbox", "sandbox"], ["forge"], ["under_score"], [""]],
    ids=["none", "twice", "a name of the rig itself", "no host name", "empty"],
)
def test_servers_that_cannot_be_made_are_refused(servers: list[str]) -> None:
    with pytest.raises(RigError, match="Cannot make"):
        checked_servers(servers)


def test_a_subnet_in_use_is_not_offered() -> None:
    free = free_subnets(["10.201.0.0/24", "10.201.2.128/25", "172.17.0.0/16"])
    assert list(itertools.islice(free, 2)) == ["10.201.1.0/24", "10.201.3.0/24"]


def test_routes_are_read_from_the_kernels_table() -> None:
    table = (
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "br-1\t0001C90A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    )
    assert routed_subnets(table) == ["10.201.1.0/24"]
