# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where records are kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import NAMES, override_path, state_path


def test_every_record_has_a_name_of_its_own() -> None:
    assert len(set(NAMES.values())) == len(NAMES)
    assert state_path("/srv/x/", "moved") == Path("/srv/x/moved.json")
    assert override_path("/srv/x", "shop") == Path("/srv/x/stacks/shop.yml")


@pytest.mark.parametrize("directory", ["", ".", "records", "~/records"])
def test_a_directory_that_depends_on_who_asks_is_refused(directory: str) -> None:
    with pytest.raises(InvalidInput, match="it has to be an absolute path. Correct rack_state_directory."):
        state_path(directory, "moved")
