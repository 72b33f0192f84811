# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""state_path: where a record is, for tasks that need its path."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mycosoft.rack.plugins.filter.state_path import state_path
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import DIRECTORY


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param(("/srv/x",), "/srv/x", id="the directory"),
        pytest.param(("/srv//x/",), "/srv/x", id="the directory, written as a program finds it in a command line"),
        pytest.param(("",), DIRECTORY, id="none"),
        pytest.param(("", "moved"), f"{DIRECTORY}/moved.json", id="a record in none"),
        pytest.param(("/srv/x/", "recovery"), "/srv/x/recovery.json", id="a record"),
    ],
)
def test_a_path_begins_with_the_directory(given: tuple[str, ...], found: str) -> None:
    assert state_path(*given) == found


@pytest.mark.parametrize(
    ("given", "why"), [(("/srv/x", "move"), "Cannot find move in the state directory: there are lock, "), (("x", "moved"), "an absolute path")], ids=str
)
def test_what_cannot_be_there_is_refused(given: tuple[str, str], why: str) -> None:
    with pytest.raises(AnsibleFilterError, match=why):
        state_path(*given)
