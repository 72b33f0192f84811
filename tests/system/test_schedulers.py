"""What a scheduler needs: AWX's own runner, a playbook by its path, no prompt, the facts as a document."""

from __future__ import annotations

from tests.system.deploys import Repeated


def test_a_deploy_through_ansible_runner_ends_well_and_hands_over_its_facts(repeated: Repeated) -> None:
    hosts = repeated.document["hosts"]
    assert (repeated.status, sorted(hosts)) == ("successful", ["overflow1", "overflow2", "sandbox"])
    limits = {service["service"]: service["limit"] for service in hosts["sandbox"]["services"] if service["planned"]}
    assert limits == {"mycosoft-website": 32 * 1024**3, "mindex-api": 16 * 1024**3}
