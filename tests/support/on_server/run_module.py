# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one Ansible module in this process and print as JSON what that took, and its result. Runs on the server itself.

``run_module.py MODULE ARGUMENTS``: the module's dotted name, its arguments as JSON. Ansible's transport takes no part.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import resource
import sys
import tempfile
import time


def main(name: str, arguments: str) -> None:
    begun = time.perf_counter()
    basic = importlib.import_module("ansible.module_utils.basic")
    module = importlib.import_module(name)
    # As ansible-core hands them over. Its helper for tests would load unittest.mock, and that counts as memory.
    vars(basic).update(_ANSIBLE_ARGS=json.dumps({"ANSIBLE_MODULE_ARGS": json.loads(arguments)}).encode(), _ANSIBLE_PROFILE="legacy")
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        start = time.perf_counter()
        with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
            module.main()
        end = time.perf_counter()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB
        said.seek(0)
        result = json.load(said)
    print(json.dumps({"imports": start - begun, "seconds": end - start, "peak": peak * 1024, "result": result}))


if __name__ == "__main__":
    main(*sys.argv[1:])
