"""One rig for all tests on real servers; Molecule's scenarios run on the same one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.rig.rig import Rig
from tests.support.playbooks import Run, run_playbook

Playbook = Callable[..., Run]

#: The servers that have services. Of the third one, which has none, the first deploy and the schedulers' runs tell.
BUSY = "sandbox,overflow1"


@pytest.fixture(scope="session")
def rig() -> Iterator[Rig]:
    rig = Rig("test")
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
