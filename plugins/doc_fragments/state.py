# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Where records are kept (``_base/state.py``, ``STATE_OPTIONS``)."""

    DOCUMENTATION = r"""
options:
  state_directory:
    description:
      - The directory on the managed host in which the modules of this collection keep their records, as an absolute path.
      - Give every module the same directory, because one module reads what another has written. The roles pass C(rack_state_directory).
      - The role P(mycosoft.rack.records#role) creates it.
    type: path
    default: /var/lib/mycosoft-rack
"""
