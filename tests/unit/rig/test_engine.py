# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an engine has ended is seen by whoever waits for it, not only by who started it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.rig import engine
from tests.rig.engine import _alive, in_use, stop_if_unused


def test_what_ended_and_is_not_collected_by_who_started_it_does_not_run() -> None:
    # the shell becomes a program that never asks how its child ended
    with subprocess.Popen(["sh", "-c", "sleep 0.1 & echo $!; exec sleep 60"], stdout=subprocess.PIPE, text=True) as parent:
        try:
            assert parent.stdout is not None
            child = int(parent.stdout.readline())
            deadline = time.monotonic() + 30
            while _alive(child):
                assert time.monotonic() < deadline, Path(f"/proc/{child}/stat").read_text(encoding="utf-8")
                time.sleep(0.02)
            assert Path(f"/proc/{child}").exists(), "nobody collected it"
            assert _alive(os.getpid())
            assert _alive(parent.pid)
        finally:
            parent.kill()
    assert not _alive(parent.pid)


class Asked(Exception):
    """The engine was asked what is on it."""


def test_an_engine_that_another_rig_uses_is_not_even_asked_whether_it_can_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask() -> None:
        raise Asked

    monkeypatch.setenv("RACK_CACHE", str(tmp_path))
    monkeypatch.setattr(engine, "find_engine", ask)
    with in_use(), in_use():
        assert not stop_if_unused()
    with pytest.raises(Asked):
        stop_if_unused()
