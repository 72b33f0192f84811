"""Check mode of the whole deploy runs through and changes nothing."""

from __future__ import annotations

from tests.rig.rig import Rig
from tests.system.conftest import Playbook
from tests.system.playbooks import Run
from tests.system.servers import SERVERS, snapshot


def test_check_mode_changes_nothing_on_the_servers(rig: Rig, deployed: Run, playbook: Playbook) -> None:
    rig.push("website", {"VERSION": "not deployed\n"}, "A release that only check mode sees")
    rig.clear_fake_log("cloudflare")
    before = {server: snapshot(rig, server) for server in SERVERS}

    playbook("deploy", "--check", "--diff").succeeded()

    assert {server: before[server].changes(snapshot(rig, server)) for server in SERVERS} == {server: [] for server in SERVERS}
    assert [entry for entry in rig.fake_log("cloudflare") if entry["method"] == "POST"] == []
