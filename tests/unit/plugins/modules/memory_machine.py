# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""memory_check, run for real against a machine of files and an engine on a real socket."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.modules import memory_check
from ansible_collections.mycosoft.rack.tests.fakes.docker_memory import Machine, StandingKernel

Result = dict[str, t.Any]
Run = t.Callable[..., Result]


def runner(machine: Machine, capsys: pytest.CaptureFixture[str], passes: t.Callable[[float], None] = lambda _seconds: None) -> Run:
    """Runs the module with options; ``passes``: what happens on the machine while the module waits."""

    def call(**options: t.Any) -> Result:
        with patch_module_args({"docker_host": machine.address, "state_directory": str(machine.root), **options}), pytest.raises(SystemExit):
            memory_check.main(StandingKernel(machine.root, passes))
        result: Result = json.loads(capsys.readouterr().out)
        return result

    return call


def levels(result: Result) -> list[tuple[str, str]]:
    return [(finding["level"], finding["subject"]) for finding in result["findings"]]
