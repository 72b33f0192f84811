#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_build_limit
short_description: Limit the total memory of image builds
version_added: 0.1.0
description:
  - BuildKit ignores the memory limit of C(docker build). This module sets one on the cgroup that all its build steps run in.
  - A step that needs more is killed by the kernel and the build fails, instead of the host running out of memory.
  - >-
    Works if the engine uses the cgroup driver C(cgroupfs). With the driver C(systemd) build steps have no cgroup of their own that could be limited:
    RV(supported) is then V(false), RV(reason) says why, and nothing is changed.
  - The limit lasts until it is lifted or the host restarts.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.docker
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  memory:
    description:
      - Memory for all builds together, in bytes, without swap.
      - V(0) lifts the limit.
    type: int
    required: true
  cgroup_parent:
    description:
      - Parent cgroup of containers, the engine's setting C(cgroup-parent).
      - By default it is read from O(daemon_config), and is C(docker) if it is not set there.
    type: str
  daemon_config:
    description: The engine's configuration file.
    type: path
    default: /etc/docker/daemon.json
notes:
  - Needs root, and has to run on the host of the engine.
"""

EXAMPLES = r"""
- name: Limit builds to 4 GiB
  mycosoft.rack.docker_build_limit:
    memory: 4294967296
  become: true

- name: Lift the limit
  mycosoft.rack.docker_build_limit:
    memory: 0
  become: true
"""

RETURN = r"""
supported:
  description: Whether the builds of this engine can be limited.
  returned: always
  type: bool
  sample: true
reason:
  description: Why not.
  returned: when RV(supported) is V(false)
  type: str
  sample: the engine uses the cgroup driver systemd, which gives build steps no cgroup of their own
cgroup:
  description: The directory of the cgroup.
  returned: when RV(supported) is V(true)
  type: str
  sample: /sys/fs/cgroup/memory/docker/buildkit
before:
  description: The limit before, in bytes. Null if there was none.
  returned: when RV(supported) is V(true)
  type: int
  sample: 4294967296
after:
  description: The limit afterwards, in bytes. Null if there is none.
  returned: when RV(supported) is V(true)
  type: int
  sample: 4294967296
peak:
  description:
    - The most that all builds used at once since a limit was set, in bytes, before this run changed anything. Null if the kernel does not report it.
    - A build step that was killed at the limit leaves a peak close to the limit.
  returned: when RV(supported) is V(true)
  type: int
  sample: 1288490188
remark:
  description: What an operator should know of the limit, such as that there is none, or that builds came close to it. Empty where there is nothing to say.
  returned: always
  type: str
  sample: Builds took 3.9G of their limit of 4G. Where a step was killed (exit code 137), builds need a larger limit.
"""

import json
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, InvalidInput, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import ENGINE_MINIMUM, exact, human
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import DOCKER_OPTIONS, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._host.build_cgroup import BuildCgroup


def argument_spec() -> Facts:
    return {
        "memory": {"type": "int", "required": True},
        "cgroup_parent": {"type": "str"},
        "daemon_config": {"type": "path", "default": "/etc/docker/daemon.json"},
        **DOCKER_OPTIONS,
    }


def unsupported(info: Facts, docker_host: str) -> t.Optional[str]:
    """Why the builds of this engine cannot be limited; None if they can."""
    if not docker_host.startswith("unix://"):
        return "the engine at %s runs on another host" % docker_host
    if info.get("CgroupDriver") != "cgroupfs":
        return "the engine uses the cgroup driver %s, which gives build steps no cgroup of their own" % info.get("CgroupDriver")
    return None


def cgroup_parent(params: t.Mapping[str, t.Any], root: Path) -> str:
    """The engine's cgroup parent, without a leading slash."""
    given = params["cgroup_parent"]
    if given is None:
        given = _configured(root / params["daemon_config"].lstrip("/")).get("cgroup-parent", "docker")
    return str(given).strip("/")


def _configured(path: Path) -> Facts:
    try:
        return t.cast(Facts, json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidInput("Cannot read where the engine puts cgroups: %s: %s. Correct it, or set cgroup_parent." % (path, error)) from error


def remark(before: t.Optional[int], peak: t.Optional[int]) -> str:
    """Whether builds came close to the limit that there was. A step that was killed at the limit leaves a peak a few pages below."""
    if not before or (peak or 0) <= 0.9 * before:
        return ""
    return "Builds took %s of their limit of %s. Where a step was killed (exit code 137), builds need a larger limit." % (human(peak or 0), human(before))


def run(module: AnsibleModule, root: Path) -> Facts:
    params = module.params
    memory = params["memory"]
    if memory < 0 or 0 < memory < ENGINE_MINIMUM:
        raise InvalidInput("Cannot limit builds to %d bytes: no step could run. Give at least %s, or 0 to lift the limit." % (memory, exact(ENGINE_MINIMUM)))
    info = connect(params).get("/info")
    reason = unsupported(info, params["docker_host"])
    if reason is not None:
        return {"changed": False, "supported": False, "reason": reason, "remark": "Builds have no memory limit: %s." % reason}

    group = BuildCgroup(root, int(info.get("CgroupVersion") or 1), cgroup_parent(params, root))
    wanted = memory - memory % 4096 or None  # the kernel counts whole pages
    before, peak = group.limit(), group.peak()
    facts: Facts = {
        "changed": before != wanted,
        "supported": True,
        "cgroup": group.path,
        "before": before,
        "after": wanted,
        "peak": peak,
        "remark": remark(before, peak),
        "diff": {"before": {"build_limit": before}, "after": {"build_limit": wanted}},
    }
    if before != wanted and not module.check_mode:
        group.set_limit(wanted)
        if group.limit() != wanted:
            raise RackError(
                "Cannot limit builds: %s says %s instead of %s. Check whether another program manages it." % (group.path, group.limit(), wanted),
                **{**facts, "changed": False},
            )
    return facts


def main(root: t.Optional[Path] = None) -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    reported(module, lambda module: run(module, root or Path("/")))


if __name__ == "__main__":
    main()
