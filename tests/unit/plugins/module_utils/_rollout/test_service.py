# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollout tells of the words of Compose and of a container: without the values of their environment."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import connect
from ansible_collections.mycosoft.rack.plugins.module_utils._rollout.service import ServiceContainers
from ansible_collections.mycosoft.rack.tests.fakes.docker_memory import Machine

VALUE = "1-value-of-the-service"


@pytest.fixture
def service(tmp_path: Path) -> t.Iterator[ServiceContainers]:
    """Whose every command fails and says its environment, in red."""
    (tmp_path / ".env").write_text(f"X={VALUE}\n", encoding="utf-8")
    with Machine(tmp_path) as machine:
        machine.add("web-1", "web")
        machine.environments["web-1"] = [f"X={VALUE}"]
        engine = connect({"docker_host": machine.address, "api_version": "auto", "timeout": 10, "tls": False, "via": "auto"})
        arguments = ["--project-directory", str(tmp_path)]
        yield ServiceContainers(engine, lambda *_a, **_o: (1, "", f"\x1b[31mwrong\x1b[0m: {VALUE}\n"), "shop", arguments, "web")


def test_a_command_that_drains_says_why_it_failed(service: ServiceContainers) -> None:
    assert service.drain("web-1", ["drain"]) == "wrong: ********"
    assert service.drain("gone", ["drain"]) == "exit code 1"


def test_compose_says_why_it_starts_nothing(service: ServiceContainers) -> None:
    with pytest.raises(RackError, match=r"^Cannot start a new container of shop/web: wrong: \*{8}$"):
        service.add(2)
