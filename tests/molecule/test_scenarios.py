"""Every Molecule scenario, as `molecule test` runs it, on a rig of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repository import load, mappings

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml"))
#: Roles that the scenario `roles` does not run alone, and where they are run instead.
NOT_ALONE = {
    "records": "it makes the directory that other roles need: docker_cleanup, compose_deploy and release include it",
    "report": "it shows what the other roles of a run left: the scenario deploy ends with it",
    "recover": "it needs a server short of memory: tests/system/test_recover.py makes one",
    "offload": "it needs two servers and data to move between them: tests/system/test_offload.py has both",
}


def test_every_role_runs_in_the_scenario_roles_or_has_a_reason_not_to() -> None:
    included = [task["ansible.builtin.import_role"]["name"] for task in mappings(load("molecule/roles/converge.yml")) if "ansible.builtin.import_role" in task]
    alone = {name.rpartition(".")[2] for name in included}
    assert alone | set(NOT_ALONE) == {path.name for path in (ROOT / "roles").iterdir()}
    assert not alone & set(NOT_ALONE)


@pytest.fixture(scope="module")
def one_rig() -> Iterator[None]:
    """The rig of all scenarios. Molecule believes its own note that it is up, also when somebody took it down since."""
    molecule("reset", "--scenario-name", "default")
    yield
    molecule("destroy", "--scenario-name", "default")


def molecule(*arguments: str) -> None:
    done = subprocess.run(
        ["molecule", *arguments], cwd=ROOT, env=os.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name != "default"])
def test_scenario(one_rig: None, scenario: str) -> None:
    """The rig stays up from one scenario to the next (--destroy=never)."""
    molecule("test", "--scenario-name", scenario, "--destroy=never")
