#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swap_reset
short_description: Move swapped pages back into memory if they fit
description:
  - >-
    Switches each swap device off and on again, which reads back everything on it. Otherwise pages that were swapped out while memory was short come back one
    by one, whenever a process waits for one.
  - >-
    Only starts if the available memory exceeds the used swap by O(margin), and if every container has room within its memory limit for its swapped pages:
    they count towards the limit, and the kernel would kill the container. A device that cannot be emptied in time stays in use as it is.
    Every device is in use again when the module ends, even if it fails.
version_added: "0.1.0"
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  margin:
    description: Memory that has to remain available, as a size such as V(2G).
    type: str
    default: 2G
  seconds:
    description: Seconds that emptying one device may take.
    type: int
    default: 300
notes:
  - Needs root.
"""

EXAMPLES = r"""
- name: Empty the swap
  mycosoft.rack.swap_reset:
    margin: 4G
  become: true
"""

RETURN = r"""
swap:
  description: Used swap in bytes, C(before) and C(after).
  returned: always
  type: dict
  sample: {before: 5046586572, after: 0}
available:
  description: Memory that was available before, in bytes.
  returned: always
  type: int
  sample: 21474836480
devices:
  description: The devices that were emptied, or would be.
  returned: always
  type: list
  elements: str
  sample: [/dev/sda2]
stayed:
  description: Devices that were not emptied, with the cause. They are in use as before.
  returned: when something was done
  type: dict
  sample: {/dev/sdb1: it took too long}
reason:
  description: Why nothing was done.
  returned: when nothing was
  type: str
  sample: 4.7G are in swap and 5G of memory are available, 2G have to remain
"""

import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.bounded import LATE, bounded
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, InvalidInput, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human, parse_size
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._host.swap import SwapDevice, read_devices


def argument_spec() -> Facts:
    return {"margin": {"type": "str", "default": "2G"}, "seconds": {"type": "int", "default": 300}}


def used(kernel: Kernel) -> int:
    memory = kernel.meminfo()
    return memory["SwapTotal"] - memory["SwapFree"]


def why_not(swap: int, available: int, margin: int) -> t.Optional[str]:
    """Why the swap is left alone; None if it can be emptied."""
    if swap == 0:
        return "the swap is empty"
    if available - swap < margin:
        return "%s are in swap and %s of memory are available, %s have to remain" % (human(swap), human(available), human(margin))
    return None


def crowded(kernel: Kernel) -> t.Optional[str]:
    """Why the swapped pages of a container do not fit its limit; None if all do."""
    for identity, memory in sorted(kernel.containers().items()):
        if memory.limit is not None and memory.swap_used and memory.working_set + memory.swap_used > memory.limit:
            return "the container %s has %s in swap, which do not fit its limit of %s beside the %s that it uses" % (
                identity[:12],
                human(memory.swap_used),
                human(memory.limit),
                human(memory.working_set),
            )
    return None


def empty(module: AnsibleModule, kernel: Kernel, device: SwapDevice, margin: int) -> t.Optional[str]:
    """Why the device was not emptied; None if it was. It is in use again in any case. Raises RackError if that fails."""
    reason = why_not(device.used, kernel.meminfo()["MemAvailable"], margin)
    if reason is not None:
        return reason
    # when swapoff is terminated, the device stays in use
    code, _output, errors = bounded(module.run_command, module.params["seconds"])(["swapoff", device.path])
    if code == 0 or device.path not in {one.path for one in read_devices(kernel)}:
        priority = [] if device.priority < 0 else ["--priority", "%d" % device.priority]
        again, _output, complaint = module.run_command(["swapon", *priority, device.path])
        if again:
            raise RackError(
                "Cannot use the swap %s again: %s. Run swapon %s by hand: the server has less swap until then."
                % (device.path, " ".join(complaint.split()) or "exit code %d" % again, device.path)
            )
    if code == LATE:
        return "it took too long"
    return (" ".join(errors.split()) or "exit code %d" % code) if code else None


def run(module: AnsibleModule, kernel: Kernel) -> Facts:
    try:
        margin = parse_size(module.params["margin"])
    except ValueError as error:
        raise InvalidInput("Cannot use margin: %s" % error) from error
    before, available = used(kernel), kernel.meminfo()["MemAvailable"]
    facts: Facts = {"changed": False, "swap": {"before": before, "after": before}, "available": available, "devices": []}
    reason = why_not(before, available, margin) or crowded(kernel)
    if reason is not None:
        return {**facts, "reason": reason}
    devices = [device for device in read_devices(kernel) if device.used]
    facts["stayed"] = {}
    if not module.check_mode:
        causes = {device.path: empty(module, kernel, device, margin) for device in devices}
        facts["stayed"] = {path: cause for path, cause in causes.items() if cause}
        facts["swap"]["after"] = used(kernel)
    facts["devices"] = [device.path for device in devices if device.path not in facts["stayed"]]
    after = 0 if module.check_mode else facts["swap"]["after"]
    return {**facts, "changed": bool(facts["devices"]), "diff": {"before": {"swap_used": before}, "after": {"swap_used": after}}}


def main(root: t.Optional[Path] = None) -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    reported(module, lambda module: run(module, Kernel(root or "/")))


if __name__ == "__main__":
    main()
