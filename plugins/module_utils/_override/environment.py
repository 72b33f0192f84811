# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the services: apart from the plan until they are written, because their values may be secret, and hidden in what is shown of the file."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._base.foreign import HIDDEN
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import Where, each, map_of
from ansible_collections.mycosoft.rack.plugins.module_utils._override.heap import RUNTIMES
from ansible_collections.mycosoft.rack.plugins.module_utils._override.yaml import scalar

Json = t.Dict[str, t.Any]

#: (service, variable), both as they stand in the file.
Variable = t.Tuple[str, str]

#: A service, a key and a variable of a service in a rendered file; ``environment`` is the only key below which lines are indented by six.
_SERVICE, _KEY, _VARIABLE = re.compile(r"  (\S.*):"), re.compile(r"    (\S+?):.*"), re.compile(r'      ("(?:[^"\\]|\\.)*"|\S+?): (.*)')


def with_environment(stacks: t.Mapping[str, Json], given: str) -> t.Dict[str, Json]:
    """The stacks, each service with its variables (``env``). Raises InvalidInput, without what was given."""
    problems: t.List[str] = []
    try:
        raw = json.loads(given)
    except ValueError:
        raise InvalidInput("Cannot read environment: it is not JSON. Use the filters mycosoft.rack.service_environment and to_json.") from None
    variables = Where("environment", problems).read(map_of(map_of(map_of(each(str)))), raw, {})
    if problems:
        raise InvalidInput("Cannot read the environment of the services: %s" % " ".join(problems))
    return {name: {**stack, "services": _with_variables(stack["services"], variables.get(name, {}))} for name, stack in stacks.items()}


def _with_variables(services: t.Mapping[str, Json], variables: t.Mapping[str, t.Mapping[str, str]]) -> t.Dict[str, Json]:
    return {name: {**service, "env": {**service.get("addresses", {}), **variables.get(name, {})}} for name, service in services.items()}


def shown_of(stack: Json) -> t.Set[Variable]:
    """(service, variable) whose value a diff may show: addresses, and the heap where the environment does not set its variable."""
    heaps = [runtime.variable for runtime in RUNTIMES.values()]
    return {
        (scalar(name), scalar(variable))
        for name, service in stack["services"].items()
        for variable in {*service.get("addresses", {}), *heaps}
        if service["env"].get(variable, service.get("addresses", {}).get(variable)) == service.get("addresses", {}).get(variable)
    }


def difference(path: str, before: str, after: str, shown: t.Container[Variable]) -> Json:
    """What changes in a file, without values of its environment."""
    texts = {"before": without_values(before, before, shown), "after": without_values(after, before, shown)}
    return {"before_header": path, "after_header": path, **texts}


def variables(written: str) -> t.Dict[Variable, str]:
    """(service, variable) -> value of a text as ``yaml.py`` writes it, both as they stand there."""
    return {(service, name): value for _line, service, name, value in _lines(written) if name}


def without_values(written: str, compared: str, shown: t.Container[Variable]) -> str:
    """The text with values of variables only where ``shown`` has (service, variable). One that ``compared`` gives another value is marked."""
    others = variables(compared)
    result = []
    for line, service, name, value in _lines(written):
        if name and ((service, name) not in shown or "@" in value):
            mark = " # another value" if others.get((service, name), value) != value else ""
            line = "      %s: %s%s" % (name, HIDDEN, mark)
        result.append(line)
    return "\n".join(result)


def _lines(written: str) -> t.Iterator[t.Tuple[str, str, str, str]]:
    """Each line, the service that it belongs to, and the variable that it sets and its value, empty where there is none."""
    service = key = ""
    for line in written.split("\n"):
        begins, below, variable = _SERVICE.fullmatch(line), _KEY.fullmatch(line), _VARIABLE.fullmatch(line)
        service = begins.group(1) if begins else service
        key = below.group(1) if below else key
        name, value = variable.group(1, 2) if variable and key == "environment" else ("", "")
        yield line, service, name, value
