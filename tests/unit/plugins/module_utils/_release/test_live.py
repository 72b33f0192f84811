# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border of releases to the engine and to files: going back writes only what differs."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import connect
from ansible_collections.mycosoft.rack.plugins.module_utils._release.live import DeployedStack, LiveStack
from ansible_collections.mycosoft.rack.plugins.module_utils._release.model import ReleasedService, StackState
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine

NAME = "shop-web:latest"


@pytest.fixture
def fake(tmp_path: Path) -> t.Iterator[DockerEngine]:
    with DockerEngine(tmp_path) as running:
        yield running


@pytest.mark.parametrize(
    ("there", "wanted", "text"),
    [
        pytest.param("limits", "limits", "limits", id="as it is"),
        pytest.param("services: {}\n", None, "services: {}\n", id="as it is, with no limits"),
        pytest.param("others", "limits", "limits", id="other limits"),
        pytest.param("limits", None, "services: {}\n", id="limits where none were"),
        pytest.param(None, None, "services: {}\n", id="no file, which Compose is told to read all the same"),
    ],
)
def test_going_back_writes_only_what_differs(tmp_path: Path, fake: DockerEngine, there: str | None, wanted: str | None, text: str) -> None:
    """A disk that is full may be why one goes back."""
    image = fake.add_image(NAME)
    override = tmp_path / "shop.yml"
    if there is not None:
        override.write_text(there)
    inode = override.stat().st_ino if there == text else None
    stack = DeployedStack("shop", "shop", override, ())
    engine = connect({"docker_host": fake.address, "api_version": "auto", "timeout": 10})

    LiveStack(engine, lambda _argv: (0, "", ""), stack).restore(StackState({"web": ReleasedService(NAME, image.id, None)}, {}, wanted))

    assert override.read_text() == text
    assert inode in (None, override.stat().st_ino), "written anew"
    assert (fake.writes, fake.violations) == ([], []), "the image has its name already"


@pytest.mark.parametrize(
    ("arguments", "answer", "kept"),
    [
        pytest.param((), (1, "", "nobody should ask"), ["gone", "web"], id="the files are not known"),
        pytest.param(("--file", "compose.yml"), (0, "web\ndb\n", ""), ["web"], id="one is in no file any more"),
    ],
)
def test_only_what_the_files_have_can_be_started(
    tmp_path: Path, fake: DockerEngine, arguments: tuple[str, ...], answer: tuple[int, str, str], kept: list[str]
) -> None:
    asked: list[list[str]] = []

    def run(argv: list[str], **_options: t.Any) -> tuple[int, str, str]:
        asked.append(argv)
        return answer

    override = tmp_path / "shop.yml"
    override.touch()
    engine = connect({"docker_host": fake.address, "api_version": "auto", "timeout": 10})
    found = LiveStack(engine, run, DeployedStack("shop", "shop", override, (), arguments)).in_files(["gone", "web"])
    assert (found, asked) == (kept, [["docker", "compose", *arguments, "--file", str(override), "config", "--services"]] if arguments else [])


def test_files_that_compose_refuses_are_named_with_its_words(tmp_path: Path, fake: DockerEngine) -> None:
    engine = connect({"docker_host": fake.address, "api_version": "auto", "timeout": 10})
    stack = DeployedStack("shop", "shop", tmp_path / "none.yml", (), ("--file", "compose.yml"))
    with pytest.raises(RackError, match="Compose refuses the files of shop in this release: no such service"):
        LiveStack(engine, lambda _argv, **_options: (1, "", "no such service"), stack).in_files(["web"])
