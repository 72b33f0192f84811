"""Check mode where nothing was ever deployed; what it foretells of a deploy that follows is in test_deploy.py."""

from __future__ import annotations

import json

from tests.rig.rig import Rig
from tests.support.playbooks import run_playbook
from tests.support.servers import docker, running

HERE = "overflow2"  # nothing else runs there
FOLDER = "/var/tmp/hand"  # noqa: S108 (on a server of the rig)


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
