# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The thresholds of memory (``_memory/thresholds.py``, ``Thresholds``), and the files to which the values are written."""

    DOCUMENTATION = r"""
options:
  thresholds:
    description:
      - When something counts as V(warn) or V(critical). A value at the threshold counts.
      - Sizes are written as in Compose files, for example V(2G). The warn threshold must be reached before the critical one.
    type: dict
    default: {}
    suboptions:
      available_percent_warn:
        description: Available memory of the host, warn at or below this share of its total.
        type: float
        default: 15
      available_percent_critical:
        description: Available memory of the host, critical at or below this share of its total.
        type: float
        default: 7
      available_warn:
        description:
          - Available memory of the host as a size, warn at or below it. The worse of this and the share counts.
          - Not checked if not set.
        type: str
      available_critical:
        description: Available memory of the host as a size, critical at or below it. Not checked if not set.
        type: str
      swap_used_percent_warn:
        description: Used swap of the host, warn at or above this share.
        type: float
        default: 25
      swap_used_percent_critical:
        description:
          - Used swap of the host, critical at or above this share.
          - Only a warning while enough memory is available, because pages that were swapped out stay in swap until they are used again.
        type: float
        default: 50
      swap_in_warn:
        description:
          - Bytes read from swap each second, as a size, warn at or above it. Checked if the rate is known, see O(watch).
          - >-
            The default is 500 pages of 4K a second, the rate of major page faults at which the alerts of node_exporter's mixin (NodeMemoryMajorPagesFaults)
            report memory pressure.
        type: str
        default: 2M
      swap_in_critical:
        description:
          - Bytes read from swap each second, as a size, critical at or above it.
          - At the default, with the 0.1 ms that a good SSD needs for a page, a process spends half of its time waiting.
        type: str
        default: 20M
      pressure_some_percent_warn:
        description:
          - Share of the last minute in which at least one task waited for memory, warn at or above it.
          - A single container at its own limit raises it, therefore the default is high.
        type: float
        default: 20
      pressure_some_percent_critical:
        description: Share of the last minute in which at least one task waited for memory, critical at or above it.
        type: float
        default: 60
      pressure_full_percent_warn:
        description: Share of the last minute in which all tasks waited for memory at once, warn at or above it. The default is three seconds of the minute.
        type: float
        default: 5
      pressure_full_percent_critical:
        description:
          - Share of the last minute in which all tasks waited for memory at once, critical at or above it.
          - The default is half of the value at which systemd-oomd begins to kill (60 %, C(DefaultMemoryPressureLimit)), which leaves time to act.
        type: float
        default: 30
      container_percent_warn:
        description: Working set of a container, warn at or above this share of its limit.
        type: float
        default: 85
      container_percent_critical:
        description: Working set of a container, critical at or above this share of its limit.
        type: float
        default: 95
  oom_within:
    description:
      - For how long an OOM kill counts as a finding, for example V(24h) or V(7d).
      - An OOM kill at an unknown time counts as long as the container exists.
    type: str
    default: 24h
  metrics:
    description:
      - Path of a file for the textfile collector of node_exporter, on the managed host. Its name must end in C(.prom).
      - Replaced atomically. Its metrics begin with C(mycosoft_rack_).
      - If it cannot be written, the module fails after everything else, and returns all values.
    type: path
  history:
    description:
      - >-
        Whether to append one line to C(memory.jsonl) of O(state_directory), a JSON object with the values of the host, its containers and the disk of the
        engine's data. P(mycosoft.rack.docker_release_info#module) reads that file.
      - If it cannot be written, the module fails after everything else, and returns all values.
    type: bool
    default: false
  history_max:
    description:
      - Maximum size of the file of O(history), at least V(128K). Beyond it the older half is dropped.
      - With a check every quarter of an hour on a host with five containers the default holds about two months.
    type: str
    default: 8M
"""
