# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook that is under way: what it has said so far, and its death."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
import typing as t
from pathlib import Path

from tests.rig.rig import Rig
from tests.support.repository import ROOT

#: Short waits; the disk of the machine that the rig runs on decides nothing.
SHORT: dict[str, t.Any] = {"compose_deploy_watch_seconds": 5, "compose_deploy_wait_timeout": 30, "memory_guard_disk_free_minimum": "10M"}


class Process:
    """``before``: what stands before the command, such as another controller's namespaces."""

    def __init__(self, rig: Rig, playbook: str, extra: t.Mapping[str, t.Any] | None = None, before: t.Sequence[str] = ()) -> None:
        self.began = time.monotonic()
        #: When each line was said, in seconds since the beginning, and the line.
        self.lines: list[tuple[float, str]] = []
        variables = json.dumps({**SHORT, **(extra or {})})
        command = [*before, "ansible-playbook", f"playbooks/{playbook}.yml", "--inventory", str(rig.inventory), "--extra-vars", variables]
        # A session of its own, so that it and all its children can be killed at once.
        environment = {**os.environ, "COLUMNS": "4000", "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self.lines.append((time.monotonic() - self.began, line.rstrip("\n")))

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def seconds(self) -> float:
        """Since its beginning."""
        return time.monotonic() - self.began

    @property
    def output(self) -> str:
        return "\n".join(line for _moment, line in list(self.lines))

    @property
    def tasks(self) -> list[tuple[float, str]]:
        """When each task began, and its name."""
        return [(moment, line[6 : line.rindex("]")]) for moment, line in list(self.lines) if line.startswith("TASK [")]

    def until(self, ready: t.Callable[[], bool]) -> bool:
        """Wait for it; false where the run ended before."""
        while self.running:
            if ready():
                return True
            time.sleep(0.05)
        return False

    def begins(self, task: str) -> bool:
        """Wait for a task of this name (a regular expression)."""
        return self.until(lambda: any(re.search(task, name) for _moment, name in self.tasks))

    def ended(self) -> int:
        """Its exit code."""
        code = self._process.wait()
        self._reader.join(5)
        return code

    def kill(self) -> None:
        """SIGKILL to ansible-playbook and every child that it has."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self.ended()

    def keep(self, path: Path) -> None:
        """Write what it said to a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{moment:7.2f}  {line}\n" for moment, line in list(self.lines)), encoding="utf-8")
