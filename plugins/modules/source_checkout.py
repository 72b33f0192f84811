#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: source_checkout
short_description: Check out the wanted commit of sources, without losing work on the server
version_added: 0.1.0
description:
  - Fetches what is wanted for all checkouts, finds out what would be lost in any of them, and checks out only if that is nothing.
  - >-
    What would be lost are changes that nobody committed, also in submodules and in files that git was told not to look at; files that git does not track or
    that it ignores, where the new commit has a file of its own; and commits that are on no remote branch.
  - >-
    Where the new commit has a file or a link in the place of a submodule, git removes the directory of the submodule: then everything in it that is in no
    commit counts. A submodule whose directory holds its own repository is not replaced.
  - A checkout is a path with a git repository whose wanted commit is on its remote. All else at that path is refused by name.
  - Nothing is forced. What comes in the way between the look and the checkout is refused by git.
  - A tag that moved upstream stops nothing. A shallow clone remains shallow, and one of a single branch can change its branch.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.state
attributes:
  check_mode:
    support: full
    details:
      - Fetches into temporary directories, and without the content of files where the server can leave it out.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - As long as nothing new was pushed.
options:
  checkouts:
    description: The checkouts, each once.
    type: list
    elements: dict
    required: true
    suboptions:
      repo:
        description: Address of the repository.
        type: str
        required: true
      dest:
        description: Absolute path of the checkout on this server. It is cloned if there is nothing.
        type: path
        required: true
      version:
        description: Branch, tag or commit. C(HEAD) is the branch that is checked out, or the default branch of the remote.
        type: str
        default: HEAD
  key_file:
    description: Deploy key on this server. Empty means SSH's default keys.
    type: path
  submodules:
    description: Whether submodules are checked out, too.
    type: bool
    default: true
  force:
    description:
      - Whether to keep what would be lost, and continue, instead of failing.
      - >-
        It is kept in one directory for each checkout, below C(kept) in O(state_directory): files in an archive, commits and changes in a bundle, and how
        to get them back in a README. Both are read back and compared before anything is overwritten. What cannot be kept is refused.
      - Nothing ever removes these directories. Commits and changes also have names below C(refs/mycosoft.rack/kept) in the checkout.
    type: bool
    default: false
  run:
    description: Name of the run, a part of the path of what is kept. By default the time.
    type: str
    default: ""
  log:
    description: Maximum number of commits between the old and the new one to return.
    type: int
    default: 20
  host:
    description: The name of the server in messages.
    type: str
    default: this server
seealso:
  - module: ansible.builtin.git
"""

EXAMPLES = r"""
- name: Check out the website
  mycosoft.rack.source_checkout:
    checkouts:
      - {repo: "git@git.example.org:website.git", dest: /srv/website, version: main}
    host: "{{ inventory_hostname }}"
"""

RETURN = r"""
commits:
  description: The old and new commit of each checkout, and the subjects of the commits between. C(from) is null for a new clone.
  returned: success
  type: list
  elements: dict
  sample: [{dest: /srv/website, from: 1f0d0f1d2f6b0f1c7f4c, to: 9a8b7c6d5e4f3a2b1c0d, log: [9a8b7c6 Show the opening hours]}]
kept:
  description: Where the work of a checkout is kept. Checkouts without such work are left out.
  returned: success
  type: dict
  sample: {/srv/website: /srv/rack/state/kept/20260102T030405Z-1a2b/srv-website}
"""

import os
import shlex
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, InvalidInput, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._base.foreign import printable
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import STATE_OPTIONS, state_path
from ansible_collections.mycosoft.rack.plugins.module_utils._git.checkout import Checkout, masked
from ansible_collections.mycosoft.rack.plugins.module_utils._source.examine import Source, examine
from ansible_collections.mycosoft.rack.plugins.module_utils._source.keep import clear, folder_for, keep
from ansible_collections.mycosoft.rack.plugins.module_utils._source.switch import bring

#: A server that cannot be reached is given up, and one that went away during the transfer, too.
_SSH = "ssh -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15 -o ServerAliveCountMax=4"


def argument_spec() -> Facts:
    return {
        "checkouts": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "repo": {"type": "str", "required": True},
                "dest": {"type": "path", "required": True},
                "version": {"type": "str", "default": "HEAD"},
            },
        },
        "key_file": {"type": "path", "no_log": False},
        "submodules": {"type": "bool", "default": True},
        "force": {"type": "bool", "default": False},
        "run": {"type": "str", "default": ""},
        "log": {"type": "int", "default": 20},
        "host": {"type": "str", "default": "this server"},
        **STATE_OPTIONS,
    }


def environment(key_file: t.Optional[str]) -> t.Dict[str, str]:
    """What git needs to know of SSH."""
    if any(name in os.environ for name in ("GIT_SSH", "GIT_SSH_COMMAND")) and not key_file:
        return {}
    return {"GIT_SSH_COMMAND": _SSH + (" -i %s -o IdentitiesOnly=yes" % shlex.quote(key_file) if key_file else "")}


def examine_all(module: AnsibleModule) -> t.List[Source]:
    """What is wanted in each checkout, and what it would overwrite. Raises InvalidInput with everything that cannot be pulled."""
    params, found, problems = module.params, [], []
    for entry in params["checkouts"]:
        checkout = Checkout(module.run_command, entry["dest"].rstrip("/"), environment(params["key_file"]))
        try:
            found.append(examine(checkout, entry["repo"], entry["version"], params["submodules"], module.check_mode))
        except (RackError, OSError) as error:
            problems.append("in %s: %s." % (checkout.path, masked(getattr(error, "message", str(error)))))
    if problems:
        raise InvalidInput("Cannot pull the code of %s: %s Nothing was pulled." % (params["host"], " ".join(problems)))
    return found


def refuse_loss(module: AnsibleModule, sources: t.Sequence[Source]) -> None:
    """Raise InvalidInput where work would be lost."""
    losses = ["in %s %s" % (source.dest, source.losses()) for source in sources if source.work]
    if losses and not module.params["force"]:
        raise InvalidInput(
            "Cannot pull the code of %s: %s. Nothing was pulled. Commit and push what is needed, move files elsewhere, or set source_code_force=true: "
            "it keeps all of this in a directory of the server." % (module.params["host"], "; ".join(losses))
        )


def keep_all(module: AnsibleModule, sources: t.Sequence[Source]) -> t.Dict[str, str]:
    """Keep the work of all checkouts, before any of it is overwritten; where it is, by checkout. Raises InvalidInput."""
    root = state_path(module.params["state_directory"], "kept")
    run = module.params["run"] or time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    folders = {source.dest: folder_for(root, run, source) for source in sources if source.work}
    for source in sources:
        if source.work and not module.check_mode:
            try:
                keep(source, folders[source.dest])
            except RackError as error:
                raise InvalidInput("Cannot pull the code of %s: %s. Nothing was overwritten." % (module.params["host"], masked(error.message))) from error
    return {dest: str(folder) for dest, folder in folders.items()}


def brought(module: AnsibleModule, source: Source) -> bool:
    """Check out what is wanted, in the place of what was kept; whether that changes anything. In check mode only the latter."""
    if module.check_mode:
        return bool(source.work) or source.before != source.commit or source.moved
    for work in reversed(source.work):  # a submodule before its checkout, where its .git may be in the way
        clear(work)
    return bring(source, module.params["submodules"]) or bool(source.work)


def log_of(source: Source, count: int) -> t.List[str]:
    """The subjects between the old and the new commit; none after a forced push, whose old commit may be gone."""
    if not source.before or source.before == source.commit:
        return []
    code, output, _errors = source.checkout.ask("log", "--format=%h %s", "--max-count=%d" % count, "%s..%s" % (source.before, source.commit))
    return [printable(line) for line in output.splitlines()] if code == 0 else []


def run(module: AnsibleModule) -> Facts:
    sources = examine_all(module)
    refuse_loss(module, sources)
    facts: Facts = {"changed": False, "kept": keep_all(module, sources), "commits": []}
    for source in sources:
        try:
            facts["changed"] = brought(module, source) or facts["changed"]
        except (RackError, OSError) as error:
            cause = masked(getattr(error, "message", str(error)))
            where = " What was there is kept in %s." % facts["kept"][source.dest] if source.work else ""
            raise RackError(
                "Cannot pull %s on %s: %s.%s Repair the checkout, then run again." % (source.dest, module.params["host"], cause, where), **facts
            ) from error
        after = source.commit if module.check_mode else source.checkout.head
        facts["commits"].append({"dest": source.dest, "from": source.before, "to": after, "log": log_of(source, module.params["log"])})
    return facts


def main() -> None:
    reported(AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True), run)


if __name__ == "__main__":
    main()
