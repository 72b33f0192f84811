# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the containers of a rig are told."""

from __future__ import annotations

from pathlib import Path

from tests.rig.layout import Layout
from tests.rig.seeds import daemon_settings, origin, resolver_settings, write_seeds
from tests.rig.state import State

LAYOUT = Layout("rack-test-abcdef", "10.201.7.0/24", ("sandbox", "overflow1"))


def test_a_server_asks_the_rig_and_nobody_else() -> None:
    settings = daemon_settings(LAYOUT)
    assert settings["dns"] == ["10.201.7.2"]
    assert settings["registry-mirrors"] == ["http://10.201.7.2:5000"]


def test_the_resolver_knows_every_host_and_forwards_nothing() -> None:
    lines = resolver_settings(LAYOUT).splitlines()
    assert [line.split("=")[1] for line in lines if line.startswith("host-record")] == [f"{host},{LAYOUT.address(host)}" for host in LAYOUT.hosts]
    assert "no-resolv" in lines
    assert not [line for line in lines if line.startswith("server")]


def test_the_edge_finds_the_website_on_the_first_server(tmp_path: Path) -> None:
    state = State(tmp_path)
    write_seeds(state, LAYOUT)
    assert (state.seed("edge") / "origin.vcl").read_text() == origin(LAYOUT) == 'backend origin { .host = "10.201.7.11"; .port = "3000"; }\n'


def test_both_sides_know_the_forge_by_its_real_key(tmp_path: Path) -> None:
    state = State(tmp_path)
    write_seeds(state, LAYOUT)
    key = (state.seed("forge") / "ssh_host_ed25519_key.pub").read_text().split()[1]
    assert f"forge,10.201.7.2 ssh-ed25519 {key}\n" in state.known_hosts.read_text()
    assert (state.seed("sandbox") / "known_hosts").read_text() == f"forge,10.201.7.2 ssh-ed25519 {key}\n"


def test_every_server_gets_the_same_secrets_of_the_stacks(tmp_path: Path) -> None:
    state = State(tmp_path)
    write_seeds(state, LAYOUT)
    files = {server: {path.name: path.read_text() for path in (state.seed(server) / "env").iterdir()} for server in LAYOUT.servers}
    assert files["sandbox"] == files["overflow1"]
    assert sorted(files["sandbox"]) == ["always-on.env", "mas.env"]
    assert files["sandbox"]["mas.env"].startswith("MAS_TOKEN=")


def test_private_keys_are_for_the_owner_only(tmp_path: Path) -> None:
    state = State(tmp_path)
    write_seeds(state, LAYOUT)
    keys = [path for path in tmp_path.rglob("*") if path.is_file() and "PRIVATE KEY" in path.read_text()]
    assert len(keys) == 7
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}
