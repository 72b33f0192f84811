"""One rig for all tests on real servers; Molecule's scenarios run on the same one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import DIRECTORY

from tests.rig.rig import Rig
from tests.support.playbooks import Run, run_playbook
from tests.support.servers import SERVERS

Playbook = Callable[..., Run]

#: The servers that have services. Of the third one, which has none, the first deploy and the schedulers' runs tell.
BUSY = "sandbox,overflow1"

#: Where the servers of these tests keep their records: not the default, so that a step that looks there for what another one wrote finds nothing.
STATE = "/srv/rack/state"


@pytest.fixture(scope="session")
def rig() -> Iterator[Rig]:
    rig = Rig("test")
    rig.up()
    (rig.inventory / "group_vars/all/state.yml").write_text(f"rack_state_directory: {STATE}\n", encoding="utf-8")
    yield rig
    strays = [server for server in SERVERS if rig.run(server, ["test", "-e", DIRECTORY], check=False).returncode == 0]
    assert strays == [], f"something was recorded in {DIRECTORY}, which is not the state directory here"
    rig.down()


@pytest.fixture(scope="session")
def playbook(rig: Rig) -> Playbook:
    """Run a playbook of the collection on the busy servers of the rig, unless ``--limit`` says otherwise: ``playbook("deploy", "--check", extra={...})``."""

    def run(name: str, *arguments: str, extra: dict[str, Any] | None = None) -> Run:
        return run_playbook(f"playbooks/{name}.yml", rig.inventory, "--limit", BUSY, *arguments, extra=extra)

    return run


@pytest.fixture(scope="session")
def deployed(rig: Rig, playbook: Playbook) -> Run:
    """The whole rack after one deploy from nothing."""
    return playbook("deploy", "--limit", "rack").succeeded()
