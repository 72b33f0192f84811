# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """From when on memory is short (``_thresholds.Thresholds``), and where what was seen is written to."""

    DOCUMENTATION = r"""
options:
  thresholds:
    description:
      - When something counts as V(warn) or V(critical). A value at the threshold counts.
      - Sizes are written as in Compose files, for example V(2G). A warning must come before the critical value.
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
          - Not looked at where it is not set.
        type: str
      available_critical:
        description: Available memory of the host as a size, critical at or below it. Not looked at where it is not set.
        type: str
      swap_used_percent_warn:
        description: Used swap of the host, warn at or above this share.
        type: float
        default: 25
      swap_used_percent_critical:
        description:
          - Used swap of the host, critical at or above this share.
          - It is a warning only as long as enough memory is available, because pages that were swapped out stay there until they are used again.
        type: float
        default: 50
      swap_in_warn:
        description:
          - What comes back from swap each second, as a size, warn at or above it. Judged where it is known, see O(watch).
          - >-
            The default is 500 pages of 4K a second, the rate of major page faults from which the alerts of node_exporter's mixin (NodeMemoryMajorPagesFaults)
            speak of memory pressure.
        type: str
        default: 2M
      swap_in_critical:
        description:
          - What comes back from swap each second, as a size, critical at or above it.
          - With the 0.1 ms that a good SSD needs for a page, half of the time of a process is waiting at the default.
        type: str
        default: 20M
      pressure_some_percent_warn:
        description:
          - Share of the last minute in which some task waited for memory, warn at or above it.
          - A container at its own limit is enough to raise it, which is why it takes much.
        type: float
        default: 20
      pressure_some_percent_critical:
        description: Share of the last minute in which some task waited for memory, critical at or above it.
        type: float
        default: 60
      pressure_full_percent_warn:
        description: Share of the last minute in which all tasks waited for memory at once, warn at or above it. The default is three seconds of the minute.
        type: float
        default: 5
      pressure_full_percent_critical:
        description:
          - Share of the last minute in which all tasks waited for memory at once, critical at or above it.
          - The default is half of that at which systemd-oomd begins to kill (60 %, C(DefaultMemoryPressureLimit)), which leaves time to act.
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
      - For how long a process that the kernel killed for want of memory counts, for example V(24h) or V(7d).
      - A kill of which nobody remembers the time counts as long as the container runs on, or lies there.
    type: str
    default: 24h
  metrics:
    description:
      - Path of a file for the textfile collector of node_exporter, on the managed host. Its name must end in C(.prom).
      - It is replaced in one step. Its metrics begin with C(mycosoft_rack_).
      - Where it cannot be written, the module fails after everything else, and returns all values.
    type: path
  history:
    description:
      - >-
        Path of a file on the managed host to which one line is added, a JSON object with the values of the host, its containers and the disk of the engine's
        data.
      - Where it cannot be written, the module fails after everything else, and returns all values.
    type: path
  history_max:
    description:
      - Size of O(history), V(128K) at least, beyond which its older half is dropped.
      - The default holds about two months of a check each quarter of an hour on a host with five containers.
    type: str
    default: 8M
"""
