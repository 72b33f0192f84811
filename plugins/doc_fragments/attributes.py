# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The attributes of every module of the collection; the module adds ``support`` (and ``details``) to each."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: With C(--check) the module predicts what it would do and changes nothing.
  diff_mode:
    description: With C(--diff) the module shows what it changes, before and after.
  idempotent:
    description: A second run directly after the first, with the same options, changes nothing.
"""
