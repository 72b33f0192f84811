# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server can be removed whatever is paused in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig.containers import thaw


@pytest.mark.parametrize("server", ["docker/{}", "system.slice/docker-{}.scope"])
@pytest.mark.parametrize(("mount", "file", "frozen", "thawed"), [("freezer", "freezer.state", "FROZEN", "THAWED"), ("", "cgroup.freeze", "1", "0")])
def test_what_is_paused_in_a_server_is_thawed_and_nothing_else(tmp_path: Path, server: str, mount: str, file: str, frozen: str, thawed: str) -> None:
    def state(identifier: str, inside: str) -> Path:
        return tmp_path / mount / server.format(identifier) / inside / file

    running, paused, deeper = state("ours", "docker/running"), state("ours", "docker/paused"), state("ours", "docker/paused/deeper")
    others, itself = state("theirs", "docker/paused"), state("ours", "")
    for path in (running, paused, deeper, others, itself):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{thawed if path == running else frozen}\n", encoding="ascii")
    thaw("ours", tmp_path)
    assert [path.read_text(encoding="ascii").strip() for path in (running, paused, deeper, others, itself)] == [thawed, thawed, thawed, frozen, frozen]
