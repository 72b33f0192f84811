# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a task with become failed, in the words of sudo."""

from __future__ import annotations

import pytest
from ansible_collections.mycosoft.rack.plugins.filter.sudo_refusal import sudo_refusal

UNREAD = "Task failed: Module result deserialization failed: No start of json char found"


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"msg": UNREAD, "module_stderr": "sudo: sorry, you must have a tty to run sudo\n"}, "sudo: sorry, you must have a tty to run sudo"),
        ({"msg": "Task failed: Premature end of stream.\n>>> Standard Error\nsudo: a password is required"}, "sudo: a password is required"),
        ({"msg": "Missing sudo password"}, "Missing sudo password"),
        ({"msg": UNREAD, "module_stderr": "mycosoft is not in the sudoers file.\n"}, "mycosoft is not in the sudoers file"),
        ({"msg": UNREAD, "module_stderr": "sh: 1: nothing\n"}, "sh: 1: nothing"),
        ({}, "no reason was given"),
    ],
)
def test_the_line_that_tells_is_found(result: dict[str, str], said: str) -> None:
    assert sudo_refusal(result) == said
