"""Clearing a server that has what people miss afterwards, on every engine: `make compare-prune` tries the same cases with other ways to clear it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rig.rig import Rig
from tests.support.prune_cases.cases import CASES, Case
from tests.support.prune_cases.server import Server
from tests.support.prune_cases.trial import Verdict, attempt
from tests.support.prune_cases.ways import OURS_UNPACKED


@pytest.fixture(scope="module", params=["sandbox", "overflow1", "overflow2"])
def server(engines: Rig, request: pytest.FixtureRequest) -> Iterator[Server]:
    with Server.connected(engines, request.param) as server:
        _ = server.modules  # once, before a case that runs the module twice at once
        yield server


@pytest.mark.parametrize("case", CASES, ids=[case.sentence for case in CASES])
def test_what_should_survive_does_and_nothing_else(server: Server, case: Case) -> None:
    assert attempt(case, OURS_UNPACKED, server) == Verdict()
