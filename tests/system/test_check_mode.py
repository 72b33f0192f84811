"""Check mode of the whole deploy runs through and changes nothing."""

from __future__ import annotations

import json

from tests.rig.rig import Rig
from tests.support.playbooks import Run, run_playbook
from tests.support.servers import SERVERS, docker, running, snapshot
from tests.system.conftest import Playbook

HERE = "overflow2"  # nothing else runs there
FOLDER = "/var/tmp/hand"  # noqa: S108 (on a server of the rig)


def test_check_mode_changes_nothing_on_the_servers(rig: Rig, deployed: Run, playbook: Playbook) -> None:
    rig.push("website", {"VERSION": "not deployed\n"}, "A release that only check mode sees")
    rig.clear_fake_log("cloudflare")
    before = {server: snapshot(rig, server) for server in SERVERS}

    playbook("deploy", "--check", "--diff").succeeded()

    assert {server: before[server].changes(snapshot(rig, server)) for server in SERVERS} == {server: [] for server in SERVERS}
    assert [entry for entry in rig.fake_log("cloudflare") if entry["method"] == "POST"] == []


def test_the_first_look_at_what_was_started_by_hand_says_what_a_deploy_would_do(rig: Rig) -> None:
    content = json.dumps({"services": {"web": {"image": "redis:8.0", "tmpfs": ["/data"]}}})
    rig.run(HERE, ["sh", "-c", f"mkdir {FOLDER} && cat >{FOLDER}/compose.yml <<'END'\n{content}\nEND"])
    by_hand = ["compose", "--project-name", "hand", "--file", f"{FOLDER}/compose.yml"]
    docker(rig, HERE, "pull", "--quiet", "redis:8.0")
    docker(rig, HERE, *by_hand, "up", "--detach", "--wait")
    try:
        before = running(rig, HERE)
        hand = {"directory": FOLDER, "files": ["compose.yml"], "host": HERE, "services": {"web": {"memory": "64M"}}}
        looked = run_playbook("playbooks/deploy.yml", rig.inventory, "--limit", HERE, "--check", "--diff", extra={"rack_stacks": {"hand": hand}})
        assert f"hand was never deployed to {HERE}: a deploy would build it" in " ".join(looked.succeeded().output.split())
        assert "memory: 64M" in looked.output
        assert running(rig, HERE) == before
    finally:
        docker(rig, HERE, *by_hand, "down", "--timeout", "0")
        rig.run(HERE, ["rm", "--recursive", FOLDER])
