#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_check
short_description: Check that a server can deploy its Compose stacks
version_added: 0.1.0
description:
  - Checks the Docker Engine, the Compose plugin and the env files of the stacks, and fails with all problems at once.
  - >-
    Fails, too, if C(docker) and Compose use another engine than O(docker_host), because of their current context; if Compose could not build beside the
    installed buildx; if there is no git; or if the state directory or a checkout is read-only or full.
  - Fails, too, if a service is planned here that is recorded as moved away with its data, because the data here is old.
  - Also returns the images of the stacks and uncommitted changes in their checkouts, which the cleanup and the pull of a deploy need.
  - Changes nothing.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.docker
  - mycosoft.rack.state
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - It changes nothing.
  idempotent:
    support: full
options:
  stacks:
    description: The stacks of this server, C(hosts[host].stacks) in the plan of P(mycosoft.rack.memory_plan#filter).
    type: dict
    required: true
  engine_minimum:
    description: Oldest Docker Engine that is accepted.
    type: str
    default: "20.10"
  compose_minimum:
    description: Oldest Docker Compose that is accepted. Before 2.24.4 an override file cannot take a dependency away.
    type: str
    default: "2.24.4"
  host:
    description: The name of the server in messages.
    type: str
    default: this server
  arriving:
    description: Services that are about to move here and are allowed although they are recorded as moved away.
    type: list
    elements: str
    default: []
  externals:
    description:
      - Services outside of the rack that services of this server need, by name, each with C(url), C(health), the path to request (C(/)), and C(required).
      - All are requested at once. If one does not answer in full, with 200, within 5 seconds the module warns, or fails if it is required.
    type: dict
    default: {}
seealso:
  - module: mycosoft.rack.memory_check
"""

EXAMPLES = r"""
- name: Fail if the server cannot deploy
  mycosoft.rack.stack_check:
    stacks: "{{ plan.hosts[inventory_hostname].stacks }}"
    host: "{{ inventory_hostname }}"
  vars:
    plan: "{{ rack_stacks | mycosoft.rack.memory_plan(hosts=groups['rack'], memory={'sandbox': '62G', 'overflow1': '16G'}) }}"
"""

RETURN = r"""
machine:
  description:
    - Tells the machine that this server is from every other one until its next boot. Two servers with the same are one machine.
    - Null if the kernel does not say it.
  returned: always
  type: str
  sample: 0d1f9a4e-7a0b-4f0e-9a53-2f4b1c6d8e70/4026531836
engine:
  description: Version of the Docker Engine.
  returned: when it answers
  type: str
  sample: 26.1.5+dfsg1
compose:
  description: Version of the Compose plugin. Null if it is not installed.
  returned: always
  type: str
  sample: 2.26.1-4
images:
  description:
    - The images that the Compose files of the stacks name.
    - A stack that is not checked out yet, or whose files are invalid, names none here.
  returned: always
  type: list
  elements: str
  sample: [mycosoft-always-on-mycosoft-website, "redis:8.0"]
changes:
  description: Changed but uncommitted files, by checkout, those in submodules too. Checkouts without such files are left out.
  returned: always
  type: dict
  sample: {/home/mycosoft/mycosoft/website: [VERSION]}
silent:
  description: The externals that do not answer, each with the reason.
  returned: always
  type: dict
  sample: {mycobrain: no whole answer within 5 s}
"""

import shutil
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.compat.version import LooseVersion
from ansible_collections.mycosoft.rack.plugins.module_utils._base.bounded import Run
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, InvalidInput, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import Field, Fields, each
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import STATE_OPTIONS, state_path
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import DOCKER_OPTIONS, Engine, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.command import BUILDX_MINIMUM, COMPOSE_WITH_BUILDX, buildx_version, endpoint, is_elsewhere
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.compose import STACK, Compose, ComposeRefused, read_stacks, version
from ansible_collections.mycosoft.rack.plugins.module_utils._git.checkout import Checkout, GitRefused, local_changes
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._host.places import refusal
from ansible_collections.mycosoft.rack.plugins.module_utils._host.web import silent
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.moved import read_moved

Json = t.Dict[str, t.Any]

#: Seconds within which an external has to answer, in full.
PATIENCE = 5.0

CHECKED: Fields = {**STACK, "services": Field(each(dict), default={})}


def argument_spec() -> Facts:
    return {
        "stacks": {"type": "dict", "required": True},
        "engine_minimum": {"type": "str", "default": "20.10"},
        "compose_minimum": {"type": "str", "default": "2.24.4"},
        "host": {"type": "str", "default": "this server"},
        "arriving": {"type": "list", "elements": "str", "default": []},
        "externals": {"type": "dict", "default": {}},
        **STATE_OPTIONS,
        **DOCKER_OPTIONS,
    }


def older(found: str, minimum: str) -> bool:
    """Whether a version is older than another one. A suffix, as distributions append, does not count."""
    return bool(LooseVersion(found) < LooseVersion(minimum))


def problems_of(module: AnsibleModule, stacks: t.Mapping[str, Json], facts: Facts) -> t.Iterator[str]:
    """One sentence for each problem; versions are added to ``facts``."""
    params = module.params
    host, engine = params["host"], params["engine_minimum"]
    root = ""
    try:
        connected = connect(params)
        facts["engine"] = connected.version
        root = connected.get("/info").get("DockerRootDir") or ""
        yield from two_engines(module, connected)
    except RackError as error:
        yield "Cannot use Docker on %s: %s" % (host, error.message)
    else:
        if older(facts["engine"], engine):
            yield "Cannot deploy to %s: it has Docker %s. Install Docker %s or newer." % (host, facts["engine"], engine)
    yield from compose_problems(module, stacks, facts)
    if shutil.which("git") is None and any(stack["sources"] for stack in stacks.values()):
        yield "Cannot deploy to %s: it has no git. Install git." % host
    yield from moved_away(params, stacks)
    yield from unwritable(params, stacks, root)
    for name, stack in stacks.items():
        path = Path(stack["directory"]) / (stack["env_file"] or "")
        if stack["env_file"] and not path.exists():
            yield "Cannot deploy %s to %s: its env file %s is missing. Create it, or correct rack_stacks.%s.env_file." % (name, host, path, name)


def two_engines(module: AnsibleModule, engine: Engine) -> t.Iterator[str]:
    """Compose would build and start on another engine than the one that is checked, recorded and cleared."""
    address, found = module.params["docker_host"], endpoint(module.run_command)
    if found and is_elsewhere(module.run_command, found, address, engine):
        yield (
            "Cannot deploy to %s: Compose would use the engine at %s, by the Docker context %s, and everything else the one at %s. "
            "Select one for both: docker context use default, or DOCKER_HOST in the environment of this user."
            % (module.params["host"], found.address, found.context, address)
        )


def compose_problems(module: AnsibleModule, stacks: t.Mapping[str, Json], facts: Facts) -> t.Iterator[str]:
    """Whether Compose is there, new enough, and can build."""
    host, compose = module.params["host"], module.params["compose_minimum"]
    facts["compose"] = version(module.run_command)
    if facts["compose"] is None:
        yield "Cannot deploy to %s: it has no Compose plugin. Install it (docker compose version), %s or newer." % (host, compose)
    elif older(facts["compose"], compose):
        yield "Cannot deploy to %s: it has Compose %s. Install the Compose plugin %s or newer." % (host, facts["compose"], compose)
    elif not older(facts["compose"], COMPOSE_WITH_BUILDX):
        buildx = buildx_version(module.run_command)
        if buildx is None or not older(buildx, BUILDX_MINIMUM):
            return  # without it Compose builds with the classic builder
        remedy = "Compose %s cannot build with buildx %s. Install buildx %s or newer, or remove it." % (facts["compose"], buildx, BUILDX_MINIMUM)
        found = {name: Compose(module.run_command, stack).builds() for name, stack in stacks.items()}
        if True in found.values():
            yield "Cannot deploy %s to %s: %s" % (", ".join(name for name, known in found.items() if known), host, remedy)
        elif None in found.values():
            module.warn("On %s a stack that builds images would fail: %s" % (host, remedy))


def unwritable(params: t.Mapping[str, t.Any], stacks: t.Mapping[str, Json], docker_root: str) -> t.Iterator[str]:
    """Places that later steps write to and that are read-only or full, or belong to somebody else."""
    checkouts = dict.fromkeys(source["dest"] for stack in stacks.values() for source in stack["sources"])
    # the state directory is created, or given to this user, with privileges
    places = {params["state_directory"]: False, **dict.fromkeys(checkouts, True)}
    for place, owned in places.items():
        why = refusal(place, owned, clearable=[docker_root] if docker_root else ())
        if why:
            yield "Cannot deploy to %s: nothing can be written at %s: %s. Make room or change its permissions." % (params["host"], place, why)


def moved_away(params: t.Mapping[str, t.Any], stacks: t.Mapping[str, Json]) -> t.Iterator[str]:
    """Services that are planned here although their data moved to another server: started here they would write to old data."""
    try:
        moved = read_moved(state_path(params["state_directory"], "moved"))
    except RackError as error:
        yield error.message
        return
    for name, stack in stacks.items():
        for service in sorted(set(stack["services"]) & set(moved.get(name, {})) - set(params["arriving"])):
            yield (
                "Cannot deploy %s to %s: %s moved to %s with its data. Set rack_stacks.%s.services.%s.host to %s, or move it back (playbooks/offload.yml)."
                % (name, params["host"], service, moved[name][service], name, service, moved[name][service])
            )


def images_of(run: Run, stack: Json) -> t.List[str]:
    """The images of a stack. If its files cannot be read there are none; docker_prune then keeps the images of the project."""
    try:
        return Compose(run, stack).images() if Compose(run, stack).checked_out else []
    except ComposeRefused:
        return []


def changes_in(run: Run, path: str) -> t.List[str]:
    """Tracked files with uncommitted changes, those in submodules too. Raises RackError."""
    checkout = Checkout(run, path)
    try:
        return local_changes(checkout) if checkout.exists else []
    except GitRefused as error:
        raise RackError("Cannot check %s for changes: %s. Repair the checkout, or move it away and run again." % (path, error.message)) from error


def asked(externals: t.Mapping[str, t.Any]) -> t.Dict[str, str]:
    """The externals that do not answer, each with the reason. Raises InvalidInput if one has no address."""
    for name, external in externals.items():
        if not isinstance(external, dict) or not external.get("url"):
            raise InvalidInput("Cannot check the health of %s: it has no url. Give externals.%s.url, and health, the path to request there." % (name, name))
    return silent({name: "%s%s" % (external["url"], external.get("health") or "/") for name, external in externals.items()}, PATIENCE)


def probed(module: AnsibleModule, silent: t.Mapping[str, str]) -> t.Iterator[str]:
    """One sentence for each required external that does not answer; for the others the run warns."""
    for name, why in silent.items():
        external = module.params["externals"][name]
        said = "%s does not answer at %s: %s." % (name, external["url"], why)
        if external.get("required"):
            yield "Cannot deploy to %s: %s Start it, or remove required from rack_externals.%s." % (module.params["host"], said, name)
        else:
            module.warn("%s The deploy continues without it." % said)


def run(module: AnsibleModule) -> Facts:
    stacks = read_stacks(module.params["stacks"], CHECKED)
    facts: Facts = {"changed": False, "machine": Kernel().machine()}
    facts["silent"] = asked(module.params["externals"])
    problems = [*problems_of(module, stacks, facts), *probed(module, facts["silent"])]
    checkouts = dict.fromkeys(source["dest"] for stack in stacks.values() for source in stack["sources"])
    changes = {checkout: changes_in(module.run_command, checkout) for checkout in checkouts}
    facts["changes"] = {checkout: files for checkout, files in changes.items() if files}
    facts["images"] = sorted({image for stack in stacks.values() for image in images_of(module.run_command, stack)})
    if problems:
        raise InvalidInput(" ".join(problems), **facts)
    return facts


def main() -> None:
    reported(AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True), run)


if __name__ == "__main__":
    main()
