# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception of the rig."""

from __future__ import annotations


class RigError(Exception):
    """``Cannot <verb> <object>: <cause>. <what to do>``; the command line prints it and ends with 1."""
