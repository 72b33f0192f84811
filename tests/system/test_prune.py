"""Clearing a server that has what people miss afterwards: `make compare-prune` tries the same cases with other ways to clear it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rig.rig import Rig
from tests.support.prune_cases.cases import CASES, Case
from tests.support.prune_cases.server import Server
from tests.support.prune_cases.trial import Verdict, attempt
from tests.support.prune_cases.ways import OURS


@pytest.fixture(scope="module")
def server(rig: Rig) -> Iterator[Server]:
    with Server.connected(rig, "overflow2") as server:
        yield server


@pytest.mark.parametrize("case", CASES, ids=[case.sentence for case in CASES])
def test_what_should_survive_does_and_nothing_else(server: Server, case: Case) -> None:
    assert attempt(case, OURS, server) == Verdict()
