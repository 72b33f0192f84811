"""What a scheduler needs: AWX's own runner, a playbook by path or by name, no prompt, the facts as a document."""

from __future__ import annotations

import os
from pathlib import Path

import ansible_runner

from tests.rig.rig import Rig
from tests.support.playbooks import Run, run_playbook
from tests.support.repository import ROOT
from tests.system.conftest import Playbook


def test_a_deploy_through_ansible_runner_ends_well_and_hands_over_its_facts(rig: Rig, deployed: Run, tmp_path: Path) -> None:
    """As AWX does it: the checkout is the project, the playbook a path in it, nobody at a terminal."""
    (tmp_path / "project").symlink_to(ROOT)
    run = ansible_runner.run(
        private_data_dir=str(tmp_path),
        playbook="playbooks/deploy.yml",
        inventory=str(rig.inventory),
        envvars={name: os.environ[name] for name in ("ANSIBLE_CONFIG", "ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_HOME") if name in os.environ},
        quiet=True,
    )
    assert (run.status, run.rc) == ("successful", 0), run.stdout.read()
    ends = [event for event in run.events if event["event"] == "playbook_on_stats"]
    document = ends[-1]["event_data"]["artifact_data"]["mycosoft_rack"]
    assert sorted(document["hosts"]) == ["overflow1", "overflow2", "sandbox"]
    limits = {service["service"]: service["limit"] for service in document["hosts"]["sandbox"]["services"] if service["planned"]}
    assert limits == {"mycosoft-website": 32 * 1024**3, "mindex-api": 16 * 1024**3}


def test_a_playbook_runs_by_its_collection_name_from_any_directory(rig: Rig, deployed: Run, tmp_path: Path) -> None:
    output = run_playbook("mycosoft.rack.deploy", rig.inventory, "--check", cwd=tmp_path).succeeded().output
    assert "mycosoft.rack.cloudflare_purge : Purge | Purge" in output


def test_the_memory_check_fails_a_scheduled_run_when_the_server_is_as_in_the_incident(rig: Rig, deployed: Run, playbook: Playbook) -> None:
    playbook("memory_check").succeeded()
    rig.set_memory("sandbox", "incident")
    try:
        output = playbook("memory_check").refused().output
    finally:
        rig.set_memory("sandbox", "calm")
    assert "critical" in output
