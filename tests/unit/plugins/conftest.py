# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How hypothesis works here: without a deadline, because other tests share the processors, without a folder in the checkout,
and with 40 examples a test: what one run does not draw, one of the next does."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(Path(os.environ.get("RACK_CACHE") or Path(__file__).parents[3] / ".cache") / "hypothesis")
hypothesis.settings.register_profile("shared", deadline=None, max_examples=40)
hypothesis.settings.load_profile("shared")
