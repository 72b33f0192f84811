"""Every Molecule scenario, as `molecule test` runs it, on a rig of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml"))


def test_every_role_of_a_deploy_has_a_scenario() -> None:
    roles = {path.name for path in (ROOT / "roles").iterdir()}
    # report only shows what others left, and records makes the directory that others need: their scenarios run both
    assert roles - set(SCENARIOS) == {"report", "records"}


@pytest.fixture(scope="module", autouse=True)
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
def test_scenario(scenario: str) -> None:
    """The rig stays up from one scenario to the next (--destroy=never)."""
    molecule("test", "--scenario-name", scenario, "--destroy=never")
