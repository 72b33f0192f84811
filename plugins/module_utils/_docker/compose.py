# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border to Docker Compose: the command on this server, asked about the files of one stack."""

from __future__ import annotations

import contextlib
import json
import re
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.bounded import Run
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput, RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.foreign import HIDDEN, Assignment, Mask, printable, variables_in
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import Field, Fields, Where, each, fields, list_of, map_of

Json = t.Dict[str, t.Any]


#: What Compose has to know of a stack. The plan has checked the values.
STACK: Fields = {
    "directory": Field(each(str)),
    "files": Field(list_of(each(str), at_least=1)),
    "env_file": Field(each(str), default=None),
    "arguments": Field(list_of(each(str))),
    "sources": Field(list_of(each(dict)), default=()),
}


def read_stacks(raw: t.Any, known: Fields) -> t.Dict[str, Json]:
    """The stacks of a plan as a module's option; raises InvalidInput with every problem. What they say beyond ``known`` is left out."""
    problems: t.List[str] = []

    def stack(where: Where, value: t.Any) -> Json:
        return fields(where, {key: item for key, item in value.items() if key in known} if isinstance(value, dict) else value, known)

    stacks: t.Dict[str, Json] = Where("stacks", problems).read(map_of(stack), raw, {})
    if problems:
        raise InvalidInput("Cannot read the stacks: %s Hand over hosts[host].stacks of the plan." % " ".join(problems))
    return stacks


def version(run: Run) -> t.Optional[str]:
    """The version of the Compose plugin in plain numbers (``v2.40.3`` and ``2.26.1-4`` lose their letters); None where there is none."""
    try:
        code, output, _errors = run(["docker", "compose", "version", "--short"], handle_exceptions=False)
    except OSError:
        return None
    found = re.search(r"\d+(\.\d+)+", output)
    return found.group() if found and code == 0 else None


class ComposeRefused(RackError):
    """Compose does not accept the files of a stack."""


#: Where Compose quotes a line or a value that it cannot read: what follows may be a secret, cut out of its line in any way.
_QUOTING = re.compile(r"""(failed to read [^"'`]*|You may need to escape any \$ with another \$\.)(.*)""", re.DOTALL)


def env_files(arguments: t.Sequence[str]) -> t.List[str]:
    """The env files that Compose reads variables from; without one, that of the project's directory."""
    given = {option: [arguments[place + 1] for place, word in enumerate(arguments[:-1]) if word == option] for option in ("--env-file", "--project-directory")}
    return given["--env-file"] or ["%s/.env" % directory for directory in given["--project-directory"]]


def told(errors: str, hidden: Mask) -> str:
    """What Compose said, on one line, without the values of variables."""
    quoting = _QUOTING.search(errors)
    if quoting and quoting.group(2):
        errors = "%s %s" % (errors[: quoting.end(1)], HIDDEN)
    return " ".join(printable(hidden(errors)).split())


class Compose:
    """Compose on the files of one stack, which is given as in the plan: ``directory``, ``files`` and ``arguments``."""

    def __init__(self, run: Run, stack: t.Mapping[str, t.Any], variables: t.Sequence[Assignment] = ()) -> None:
        """``variables``: what is hidden in the words of Compose, in addition to the values of the env files."""
        self._run, self._stack, self._variables = run, stack, variables

    @property
    def checked_out(self) -> bool:
        """Whether the directory of the stack is there."""
        return Path(self._stack["directory"]).is_dir()

    def configuration(self) -> Json:
        """All services of the files, those in profiles too, resolved. It holds the secrets of the stack. Raises Refused, without them."""
        found: Json = json.loads(self._ask(["--profile", "*"], ["config", "--format", "json"]))
        return found

    def variables(self) -> t.List[Assignment]:
        """The variables of all services and builds, and those of the env files; only the latter where Compose refuses the files."""
        found = variables_in(env_files(self._stack["arguments"]))
        with contextlib.suppress(ComposeRefused):
            for service in (self.configuration().get("services") or {}).values():
                for variables in (service.get("environment") or {}, (service.get("build") or {}).get("args") or {}):
                    found += [(name, str(value)) for name, value in variables.items() if value is not None]
        return found

    def check(self, override: str) -> None:
        """Raises Refused where Compose does not accept the files with ``override``, a path, after them."""
        self._ask(["--file", override], ["config", "--quiet"])

    def services(self) -> t.List[str]:
        """The services that a start of everything starts: not those in profiles. Raises Refused."""
        return self._ask([], ["config", "--services"]).split()

    def images(self) -> t.List[str]:
        """The images that the files name. Raises Refused."""
        return self._ask([], ["config", "--images"]).split()

    def builds(self) -> t.Optional[bool]:
        """Whether images of the stack are built; None where its files are not checked out yet, or refused."""
        try:
            return any("build" in service for service in self.configuration()["services"].values()) if self.checked_out else None
        except ComposeRefused:
            return None

    def _ask(self, options: t.Sequence[str], command: t.Sequence[str]) -> str:
        # $ in a path is meant literally
        code, output, errors = self._run(["docker", "compose", *self._stack["arguments"], *options, *command], expand_user_and_vars=False)
        if code:
            names = ", ".join(self._stack["files"])
            words = told(errors, Mask([*self._variables, *variables_in(env_files(self._stack["arguments"]))]))
            raise ComposeRefused("Compose refuses %s in %s: %s" % (names, self._stack["directory"], words or "exit code %d" % code))
        return output
