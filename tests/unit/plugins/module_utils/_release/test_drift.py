# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as different from a release, and what does not."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._release.drift import Drift, find_drift
from ansible_collections.mycosoft.rack.plugins.module_utils._release.model import ReleasedService, ServiceContainer, StackState

G = 1024**3
OURS, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
WEB = ReleasedService("shop-web:latest", OURS, "h1", 2 * G)
SOURCES = {"/srv/shop": "c" * 40}


def copy(name: str = "shop-web-1", service: str = "web", **found: t.Any) -> ServiceContainer:
    return ServiceContainer(name, service, dataclasses.replace(WEB, **found))


def drift(*copies: ServiceContainer, released: ReleasedService = WEB, **more: t.Any) -> list[Drift]:
    return find_drift(StackState({"web": released}, SOURCES, "limits"), copies, **{"sources": SOURCES, "override": "limits", **more})


def found(*copies: ServiceContainer, **more: t.Any) -> list[tuple[str | None, str]]:
    return [(one.service, one.what) for one in drift(*copies, **more)]


def test_what_is_as_it_was_released_does_not_differ() -> None:
    assert found(copy(), copy("shop-web-2")) == []


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        pytest.param([], [("web", "missing")], id="no container"),
        pytest.param([copy(running=False)], [("web", "stopped")], id="stopped by hand"),
        pytest.param([copy(running=False, finished=True)], [], id="a job that has done its work since"),
        pytest.param([copy(image_id=OTHER)], [("web", "image")], id="another image"),
        pytest.param([copy(config_hash="h2")], [("web", "configuration")], id="another environment"),
        pytest.param([copy(memory=G)], [("web", "limit")], id="another limit"),
        pytest.param([copy(memory=0)], [("web", "limit")], id="no limit any more"),
        pytest.param([copy(), copy("shop-web-2", image_id=OTHER)], [("web", "image")], id="one copy of two"),
        pytest.param([copy(image_id=OTHER, running=False), copy("shop-web-2")], [], id="an old copy that does not run"),
        pytest.param([copy(), copy("x", "x")], [("x", "added")], id="a service more"),
        pytest.param([copy(), copy("x", "x", running=False)], [], id="a service more that does not run"),
    ],
)
def test_what_somebody_changed_of_a_service_is_named(there: list[ServiceContainer], expected: list[tuple[str, str]]) -> None:
    assert found(*there) == expected


def test_what_had_ended_when_it_was_released_is_not_missed() -> None:
    assert found(copy(running=False), released=dataclasses.replace(WEB, running=False)) == []


def test_a_limit_that_no_record_tells_is_not_compared() -> None:
    assert found(copy(memory=G), released=dataclasses.replace(WEB, memory=None)) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({"override": "other limits"}, "override", id="another override"),
        pytest.param({"override": None}, "override", id="no override"),
        pytest.param({"sources": {"/srv/shop": "d" * 40}}, "checkout", id="another commit"),
        pytest.param({"sources": {}}, "checkout", id="no checkout"),
    ],
)
def test_what_somebody_changed_of_a_stack_is_named(more: dict[str, t.Any], expected: str) -> None:
    assert found(copy(), **more) == [(None, expected)]


def test_a_sentence_says_what_is_there_and_what_was_released() -> None:
    assert [one.message for one in drift(copy(image_id=OTHER, memory=3 * G), sources={"/srv/shop": "d" * 40})] == [
        "shop-web-1 has the image bbbbbbbbbbbb, the release aaaaaaaaaaaa.",
        "shop-web-1 has a limit of 3G, the release gave it a limit of 2G.",
        "/srv/shop is at dddddddddddd, the release was built from cccccccccccc.",
    ]
    (limit,) = drift(copy(), released=dataclasses.replace(WEB, memory=0))
    assert limit.message == "shop-web-1 has a limit of 2G, the release gave it no limit."
