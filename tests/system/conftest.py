"""The rigs that tests on real servers share, and the deploys that several of them look at.

One deploy serves every test that only looks at what it left. They come in this order, each at most once in a run: `deployed` (from nothing),
`released` (a new version, first in check mode), `repeated` (nothing new). tests/conftest.py runs the files in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import DIRECTORY

from tests.rig.rig import Rig
from tests.support.playbooks import Run, run_playbook
from tests.support.servers import SERVERS
from tests.system.deploys import Released, Repeated, release, repeat

Playbook = Callable[..., Run]

#: The servers that have services. The third one, which has none, takes part in the deploys that are shared.
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
def engines() -> Iterator[Rig]:
    """A rack whose servers run every engine of the matrix: the newest, the oldest, and, where nothing is placed, the one of the other rig."""
    rig = Rig("engines", engine={"sandbox": "20.10", "overflow1": "28.5", "overflow2": "26.1"})
    rig.up()
    yield rig
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


@pytest.fixture(scope="session")
def released(rig: Rig, deployed: Run, tmp_path_factory: pytest.TempPathFactory) -> Released:
    """The rack after a new version was deployed, with rubbish to clear, data to keep, and an edge that holds the old pages."""
    return release(rig, STATE, tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture(scope="session")
def repeated(rig: Rig, released: Released, tmp_path_factory: pytest.TempPathFactory) -> Repeated:
    """The rack after one deploy more with nothing pushed and the build cache kept, run as AWX runs it."""
    return repeat(rig, tmp_path_factory.mktemp("runner"))
