# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command that does not end is ended, and its errors say so."""

from __future__ import annotations

import subprocess
import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base import bounded


def run(argv: t.Sequence[str], **_options: t.Any) -> tuple[int, str, str]:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("command", ["sleep 600", "trap '' TERM; sleep 600 & wait; sleep 600"], ids=["ends by SIGTERM", "ignores SIGTERM"])
def test_a_command_that_hangs_is_ended_and_said_to_be(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "_GRACE", 1)
    assert bounded.bounded(run, 1)(["sh", "-c", command]) == (bounded.LATE, "", "it did not end within 1 s")


def test_one_that_ends_or_is_killed_by_somebody_is_as_it_was() -> None:
    assert bounded.bounded(run, 60)(["sh", "-c", "kill -KILL $$"])[0] in (137, -9)
    assert bounded.bounded(run, 60)(["sh", "-c", "echo out; echo err >&2; exit 3"]) == (3, "out\n", "err\n")
