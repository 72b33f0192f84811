#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compose_override
short_description: Write the Compose overrides of the stacks of a server
version_added: 0.1.0
description:
  - >-
    Reads the Compose files of each stack and writes what the plan sets differently into a separate override file. The stack's own files
    are never edited.
  - All stacks are read, rendered and checked by Compose before the first file is written. If one is refused, nothing is written.
  - A limit or a reservation is written under the key that the Compose files use (C(mem_limit) or C(deploy.resources)), because Compose refuses
    two different values. The swap limit is always written, because an engine would otherwise allow as much swap again as memory.
  - >-
    The file begins with a comment line for every size of the Compose files that the plan overrides, such as
    C(# mindex-api: memory 16G, the Compose files say 4G), so that the diff shows it.
  - A reservation of the Compose files above the planned limit is cut to the limit, unless the plan sets one.
  - A service that does not run on this host is put into the profile C(elsewhere), which is never enabled, and services that run here no longer depend on it.
    On hosts other than the stack's home this includes every service that is not listed in the plan.
  - A listed service that the Compose files put into a profile is taken out of it. It always runs.
  - Values of O(environment) are literal. A dollar sign is escaped for Compose.
  - >-
    A planned heap becomes an option at the end of C(NODE_OPTIONS) (C(--max-old-space-size)) or C(JAVA_TOOL_OPTIONS) (C(-XX:MaxRAMPercentage)).
    What the Compose files or O(environment) set there stays in front of it. If they set the size of the heap themselves, nothing is added.
  - >-
    Of the values in the Compose files only these two variables are ever copied, unless they may hold a secret, such as a Java property of an
    application, an option of an agent, or a password in an address. A comment line then says what to add by hand.
  - >-
    With Docker 25 and later the first health checks of a listed service run every second (C(start_interval)), for one C(interval) or the
    C(start_period) of the Compose files, whichever is longer. A start waits for the first successful check, which otherwise comes after one interval,
    30 seconds by default. With an older engine a comment line says what that costs.
  - >-
    A service that has files of a git checkout mounted, by a bind mount or by C(file) of C(configs) or C(secrets), gets the label C(mycosoft.rack.mounted), a
    digest of what git tracks at these paths. Compose recreates its container when these files change, which would otherwise keep the old ones. Files that git
    does not track, such as data, do not count. If git cannot read a checkout the module warns, and its files do not count either.
  - Builds that give images of different sources the same name are refused, of one stack or of two, because all would run what is built last.
  - External networks that the Compose files need are refused if they neither exist nor are among the C(networks) of the stack.
  - Needs Compose 2.24.4 or newer on the server.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.docker
  - mycosoft.rack.state
attributes:
  check_mode:
    support: full
    details:
      - A stack that is not checked out yet is listed in RV(absent), where a real run fails.
  diff_mode:
    support: full
    details:
      - Values of O(environment) are replaced by C(********); a value that changed is marked.
  idempotent:
    support: full
options:
  stacks:
    description: The stacks of this server, C(hosts[host].stacks) in the plan of P(mycosoft.rack.memory_plan#filter).
    type: dict
    required: true
  environment:
    description:
      - Variables of the services, as JSON, stack to service to variable to value. P(mycosoft.rack.service_environment#filter) returns them.
      - They are written in addition to the C(addresses) of the plan, over which they take precedence.
      - Hidden in logs as one text. If they were hidden one by one, Ansible would hide every word such as C(production) in the results, too.
    type: json
    default: "{}"
  host:
    description: The name of the server in messages.
    type: str
    default: this server
seealso:
  - plugin: mycosoft.rack.memory_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the override of each stack
  mycosoft.rack.compose_override:
    stacks: "{{ plan.hosts[inventory_hostname].stacks }}"
    environment: "{{ rack_stacks | mycosoft.rack.service_environment(plan.hosts[inventory_hostname].stacks) | to_json }}"
  vars:
    plan: "{{ rack_stacks | mycosoft.rack.memory_plan(hosts=groups['rack'], memory={'sandbox': '62G', 'overflow1': '16G'}) }}"
"""

RETURN = r"""
overrides:
  description: The path of each stack's override.
  returned: success
  type: dict
  sample: {always-on: /var/lib/mycosoft-rack/stacks/always-on.yml}
absent:
  description: Stacks whose directory does not exist yet.
  returned: success
  type: list
  elements: str
  sample: []
idle:
  description: Stacks without a service on this server, because all of them are placed elsewhere.
  returned: success
  type: list
  elements: str
  sample: []
unwritten:
  description: Stacks that were never deployed here, or of which nothing runs here yet. After check mode their override still does not start anything.
  returned: success
  type: list
  elements: str
  sample: []
missing_networks:
  description: The C(networks) of the stacks that the engine does not have yet.
  returned: success
  type: list
  elements: str
  sample: [mycosoft-edge]
"""

import shlex
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, InvalidInput, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._base.files import put
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import Field, Fields, each, list_of
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import STATE_OPTIONS, override_path
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import DOCKER_OPTIONS, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.compose import STACK, Compose, read_stacks
from ansible_collections.mycosoft.rack.plugins.module_utils._override.builds import Build, builds, collisions
from ansible_collections.mycosoft.rack.plugins.module_utils._override.environment import difference, shown_of, with_environment
from ansible_collections.mycosoft.rack.plugins.module_utils._override.health import SINCE_API
from ansible_collections.mycosoft.rack.plugins.module_utils._override.mounts import Mounted
from ansible_collections.mycosoft.rack.plugins.module_utils._override.networks import Networks
from ansible_collections.mycosoft.rack.plugins.module_utils._override.render import override
from ansible_collections.mycosoft.rack.plugins.module_utils._override.yaml import text

Json = t.Dict[str, t.Any]

PLANNED: Fields = {
    **STACK,
    "project": Field(each(str)),
    "networks": Field(list_of(each(str)), default=()),
    "services": Field(each(dict)),
    "elsewhere": Field(each(dict), default={}),
    "home": Field(each(bool)),
}


def argument_spec() -> Facts:
    return {
        "stacks": {"type": "dict", "required": True},
        "environment": {"type": "json", "default": "{}", "no_log": True},
        "host": {"type": "str", "default": "this server"},
        **STATE_OPTIONS,
        **DOCKER_OPTIONS,
    }


class Server(t.NamedTuple):
    """What the overrides of all stacks depend on."""

    networks: Networks
    start_interval: bool
    mounted: Mounted


class Rendered(t.NamedTuple):
    """The text of a stack's override, whether no service of the stack runs here, and what is built for those that do."""

    text: str
    idle: bool
    builds: t.List[Build]


def active(configuration: Json, stack: Json) -> t.List[str]:
    """The services of a stack that run here. Compose refuses to start nothing."""
    unlisted = [
        name
        for name, service in (configuration.get("services") or {}).items()
        if name not in stack["elsewhere"] and name not in stack["services"] and not service.get("profiles")
    ]
    return [*stack["services"], *(unlisted if stack["home"] else [])]


def render(name: str, stack: Json, path: Path, compose: Compose, server: Server) -> Rendered:
    """What is written for a stack, and what it means. Raises RackError."""
    if not compose.checked_out:
        raise RackError("its directory %s does not exist. Check out its sources first" % stack["directory"])
    configuration = compose.configuration()
    networks = configuration.get("networks") or {}
    external = [str(network.get("name", key)) for key, network in networks.items() if (network or {}).get("external")]
    lacking = server.networks.lacking(set(external).difference(stack["networks"]))
    if lacking:
        raise RackError(
            "its Compose files need the external network %s, which does not exist. List it in rack_stacks.%s.networks to have it created, "
            "or create it by hand (docker network create %s)" % (", ".join(lacking), name, lacking[0])
        )
    header = [
        "Memory limits and placement of %s, rendered by mycosoft.rack from the inventory. Change them there, not here." % name,
        "By hand: docker compose %s --file %s up -d" % (shlex.join(stack["arguments"]), path),
    ]
    written = override(configuration, stack, server.start_interval, server.mounted.digests(configuration))
    here = active(configuration, stack)
    return Rendered(text(written, header), not here, builds(name, configuration, here))


def starts_something(module: AnsibleModule, stack: Json, path: Path, idle: bool) -> bool:
    """Whether the override that is there, which check mode leaves as it is, lets Compose foresee a start. If not, a warning says what a deploy would do."""
    name, host = path.stem, module.params["host"]
    if not path.is_file():
        module.warn("%s was never deployed to %s: a deploy would build it and create its containers, replacing those that run." % (name, host))
        return False
    if idle or Compose(module.run_command, {**stack, "arguments": [*stack["arguments"], "--file", str(path)]}).services():
        return True
    module.warn("Nothing of %s runs on %s yet: a deploy would start what comes there." % (name, host))
    return False


def checked(module: AnsibleModule, compose: Compose, content: str) -> None:
    """Raises Refused if Compose rejects the files with the override."""
    probe = Path(module.tmpdir) / "override.yml"
    put(probe, content, 0o600)
    compose.check(str(probe))


def run(module: AnsibleModule) -> Facts:
    stacks = with_environment(read_stacks(module.params["stacks"], PLANNED), module.params["environment"])
    paths = {name: override_path(module.params["state_directory"], name) for name in stacks}
    engine = connect(module.params)
    server = Server(Networks(engine), engine.knows(SINCE_API), Mounted(module.run_command))
    rendered: t.Dict[str, Rendered] = {}
    absent, problems = [], []
    for name, stack in stacks.items():
        variables = [variable for service in stack["services"].values() for variable in service["env"].items()]
        compose = Compose(module.run_command, stack, variables)
        if module.check_mode and not compose.checked_out:
            absent.append(name)
            module.warn(
                "%s is not checked out on %s yet: a deploy would check it out, render its limits, build it and start it." % (name, module.params["host"])
            )
            continue
        try:
            rendered[name] = render(name, stack, paths[name], compose, server)
            checked(module, compose, rendered[name].text)
        except RackError as error:
            problems.append("Cannot deploy %s to %s: %s." % (name, module.params["host"], error.message.rstrip(".")))
    built = [build for one in rendered.values() for build in one.builds]
    problems += ["Cannot deploy %s to %s: %s." % (" and ".join(names), module.params["host"], why) for names, why in collisions(built)]
    if problems:
        raise InvalidInput("%s No container was touched. Correct it and run again." % " ".join(problems))
    for checkout, why in server.mounted.problems.items():
        module.warn(
            "Cannot read on %s which files git tracks in %s: %s. A service that has one of them mounted is not recreated when it changes."
            % (module.params["host"], checkout, why)
        )
    unwritten = [name for name, one in rendered.items() if module.check_mode and not starts_something(module, stacks[name], paths[name], one.idle)]
    overrides = {paths[name]: one.text for name, one in rendered.items()}
    before = {path: path.read_text(encoding="utf-8") if path.is_file() else "" for path in overrides}
    changed = {path: content for path, content in overrides.items() if content != before[path]}
    if changed and not module.check_mode:
        write(changed)
    return {
        "changed": bool(changed),
        "overrides": {name: str(paths[name]) for name in rendered},
        "absent": absent,
        "idle": [name for name, one in rendered.items() if one.idle],
        "unwritten": unwritten,
        "missing_networks": server.networks.lacking([network for stack in stacks.values() for network in stack["networks"]]),
        "diff": [difference(str(path), before[path], changed[path], shown_of(stacks[name])) for name, path in paths.items() if path in changed],
    }


def write(texts: t.Mapping[Path, str]) -> None:
    """Writes each file completely or not at all, readable by its owner only: the environment in the plan may be confidential."""
    try:
        for path, content in texts.items():
            path.parent.mkdir(exist_ok=True)
            put(path, content, 0o600)
    except OSError as error:
        raise RackError(
            "Cannot write the override %s: %s. Check the free disk and the permissions; the role records creates the parent directory."
            % (error.filename, error.strerror)
        ) from error


def main() -> None:
    reported(AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True), run)


if __name__ == "__main__":
    main()
