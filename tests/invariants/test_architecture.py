# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/architecture.md and its picture show the tree as it is."""

from __future__ import annotations

import re

from tests.support.architecture import PAGE, PICTURE, page, picture
from tests.support.repository import files


def test_the_picture_shows_the_layers_as_they_are() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(), "run make architecture"


def test_the_page_lists_the_packages_as_they_are() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), "run make architecture"


def test_every_file_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`((?:plugins|playbooks|roles|tests|docs)/[^`<]*\.(?:py|ya?ml|md))`", PAGE.read_text(encoding="utf-8")))
    assert named
    assert named - set(files()) == set()
