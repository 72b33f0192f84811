#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: long_command
short_description: Run a long command and show its progress
version_added: 0.1.0
description:
  - Runs a command on the host in a session of its own, and shows while it runs how long it has taken and the last line of its output,
    on a terminal and in the log of a scheduler.
  - The command survives a lost connection. The task finds it again as soon as the host answers.
  - Its output is kept in a directory below O(state_directory) until the command has ended.
  - In check mode nothing is run.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
  - mycosoft.rack.state
attributes:
  check_mode:
    support: none
    details:
      - The command is skipped.
  diff_mode:
    support: none
  idempotent:
    support: N/A
    details:
      - Depends on the command.
options:
  argv:
    description: The command and its arguments. No shell is involved.
    type: list
    elements: str
  chdir:
    description: The directory to run it in.
    type: path
  label:
    description: The name of the command in the progress lines. By default the first argument.
    type: str
  timeout:
    description:
      - Seconds after which the command is stopped, with every process that it started. A process that ignores SIGTERM for 10 seconds is killed.
      - The task fails when all of them are gone. If one cannot be ended, the task names it, and M(mycosoft.rack.deploy_lock) does not release the
        lock of its run.
    type: int
    default: 3600
  patience:
    description: Seconds without an answer from the host after which the task fails. The command is not stopped then.
    type: int
    default: 180
  every:
    description: Minimum seconds between two progress lines.
    type: int
    default: 10
  done:
    description:
      - Last words of output lines about something that is finished, such as C(Healthy) in C(Container shop-web-1 Healthy).
      - Of lines that differ only in that word, the newest counts. The progress line shows the last one that is not finished, so it tells what is waited for.
    type: list
    elements: str
    default: []
  warning:
    description: Regular expression of output lines that are warnings. Its first group is the text of the warning.
    type: str
  tail:
    description: How many of the last lines of its output to return.
    type: int
    default: 40
  compare:
    description:
      - A command that reads what O(argv) may change. It runs before and after O(argv), and RV(changed) is whether its output differs.
      - Without it RV(changed) is always true.
    type: list
    elements: str
    default: []
  hide_environment_of:
    description:
      - >-
        Arguments of C(docker compose) that name the files of a stack. The values of its env files and of the environment of its services and builds are
        replaced by C(********) in the output that is shown and returned.
      - >-
        Values that are obviously no secret stay readable, such as a word, a version, a path, or an address without a password, unless the name
        of the variable says that it is one.
    type: list
    elements: str
    default: []
  step:
    description: The part to run. For the action plugin of this module only.
    type: str
    choices: [start, look, stop]
  wait:
    description: Seconds to wait for the command to end. For the action plugin of this module only.
    type: float
    default: 3
  job:
    description:
      - Directory of a running command, for the start its name below O(state_directory). For the action plugin of this module only.
    type: path
"""

EXAMPLES = r"""
- name: Build and show the progress
  mycosoft.rack.long_command:
    argv: [docker, compose, build]
    chdir: /srv/shop
    label: build of shop

- name: Start what is not running, and tell whether a container was made, started or removed
  mycosoft.rack.long_command:
    argv: [docker, compose, up, --detach, --wait]
    chdir: /srv/shop
    compare: [docker, compose, --project-directory, /srv/shop, ps, --all, --no-trunc, --format, "{{ '{{.ID}} {{.State}}' }}"]
"""

RETURN = r"""
changed:
  description: Whether the output of O(compare) differs after the command; always true where there is none.
  returned: when it was run
  type: bool
  sample: true
rc:
  description: Exit code of the command.
  returned: when it ended
  type: int
  sample: 0
seconds:
  description: Seconds that it took.
  returned: when it was run
  type: int
  sample: 312
lines:
  description: The last lines of its output.
  returned: when it was run
  type: list
  elements: str
  sample: ["#12 exporting to image", "#12 DONE 3.1s"]
"""

import json
import os
import shutil
import time
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.bounded import bounded
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, InvalidInput, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._base.files import put
from ansible_collections.mycosoft.rack.plugins.module_utils._base.foreign import Assignment, Mask, last_lines
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import STATE_OPTIONS
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.compose import Compose
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._host.session import COOKIE, NOBODY, Session, read_leader, write_leader

#: Prints its process id, runs the command, and writes its exit code last: complete or not at all.
_WRAPPER = 'echo $$; exec >/dev/null; "$@" >output 2>&1 </dev/null; echo $? >code.new; mv code.new code'

#: Starts the wrapper in a session of its own, which the end of the connection does not reach; ends when the wrapper has printed its process id.
_APART = 'echo "$(setsid sh -c "$0" sh "$@" 2>/dev/null </dev/null &)"'

#: Seconds from the directory of a job to its process, at most.
_BEGIN = 10

#: Seconds that ``compare`` may take: an engine that hangs must not keep the task for ever.
_COMPARE = 120


def argument_spec() -> Facts:
    return {
        "argv": {"type": "list", "elements": "str"},
        "chdir": {"type": "path"},
        "label": {"type": "str"},
        "timeout": {"type": "int", "default": 3600},
        "patience": {"type": "int", "default": 180},
        "every": {"type": "int", "default": 10},
        "done": {"type": "list", "elements": "str", "default": []},
        "warning": {"type": "str"},
        "tail": {"type": "int", "default": 40},
        "compare": {"type": "list", "elements": "str", "default": []},
        "hide_environment_of": {"type": "list", "elements": "str", "default": []},
        "step": {"type": "str", "choices": ["start", "look", "stop"]},
        "wait": {"type": "float", "default": 3},
        "job": {"type": "path"},
        **STATE_OPTIONS,
    }


def start(module: AnsibleModule) -> Facts:
    """Start the command so that it survives the connection."""
    argv, chdir, directory = module.params["argv"], module.params["chdir"] or os.curdir, module.params["state_directory"]
    if not argv:
        raise InvalidInput("Cannot run a command: argv is empty. Give the command and its arguments.")
    if shutil.which(argv[0]) is None:
        raise InvalidInput("Cannot run %s: there is no such program on this host. Install it or correct argv." % argv[0])
    try:
        before, hidden = read_compared(module), read_hidden(module)
        job = Path(directory) / (module.params["job"] or "command-%d" % time.time_ns())
        try:
            job.mkdir(mode=0o700)
        except FileExistsError:
            return found_again(module, job)
        (job / "before").write_text(before, encoding="utf-8")
        put(job / "hidden", json.dumps(hidden), 0o600)
        # the wrapper writes into the job's directory, the command runs in chdir
        inner = ["sh", "-c", 'cd "$0" && exec "$@"', str(Path(chdir).resolve()), *argv]
        marked = {COOKIE: str(job)}
        _code, printed, _errors = module.run_command(
            ["sh", "-c", _APART, _WRAPPER, *inner], check_rc=True, cwd=str(job), expand_user_and_vars=False, environ_update=marked
        )
        write_leader(job, int(printed))
    except OSError as error:
        raise RackError("Cannot run %s: %s. Check the free disk and the permissions of %s." % (argv[0], error, directory)) from error
    return {"job": str(job), **look(module, job, module.params["wait"])}


def found_again(module: AnsibleModule, job: Path) -> Facts:
    """A command that was started before: SSH repeats a task whose connection broke, and two of the same command would work side by side."""
    until = time.monotonic() + _BEGIN
    while not (job / "pid").exists() and time.monotonic() < until:
        time.sleep(0.05)
    return {"job": str(job), **look(module, job, module.params["wait"])}


def read_hidden(module: AnsibleModule) -> t.List[Assignment]:
    """The variables whose values no output may show."""
    arguments = module.params["hide_environment_of"]
    return Compose(module.run_command, {"arguments": arguments, "files": [], "directory": ""}).variables() if arguments else []


def read_compared(module: AnsibleModule) -> str:
    """The output of ``compare`` at this moment; empty if there is none."""
    argv = module.params["compare"]
    if not argv:
        return ""
    code, output, errors = bounded(module.run_command, _COMPARE)(argv, expand_user_and_vars=False)
    if code:
        raise RackError("Cannot compare before and after: %s: %s. Correct compare." % (" ".join(argv), errors.strip()))
    return output


def look(module: AnsibleModule, job: Path, seconds: float) -> Facts:
    """The progress when the command has ended or ``seconds`` have passed. The job's directory is removed once the command has ended."""
    session, began = read_leader(job)
    code, until = job / "code", time.monotonic() + seconds
    while not code.exists() and session.leads() and time.monotonic() < until:
        time.sleep(0.05)
    ended = code.exists()
    lines = last_lines(job / "output", module.params["tail"], Mask(json.loads((job / "hidden").read_text(encoding="utf-8"))))
    facts: Facts = {"changed": True, "ended": ended, "seconds": int(time.time() - began), "lines": lines}
    if ended:
        facts["rc"] = int(code.read_text(encoding="ascii"))
        before = (job / "before").read_text(encoding="utf-8")
        shutil.rmtree(str(job))
        try:
            facts["changed"] = read_compared(module) != before or not module.params["compare"]
        except RackError as error:
            raise RackError(error.message, **facts) from error
    elif not session.leads() and not code.exists() and not session.processes():
        facts.update(ended=True, rc=-1)  # the host was restarted, or somebody killed it with its wrapper
        shutil.rmtree(str(job))
    return facts


def stop(module: AnsibleModule, job: Path) -> Facts:
    """Stop the command with every process that it started; ``left`` are those that did not end. One that has ended by itself was not stopped."""
    if (job / "code").exists():
        return look(module, job, 0)
    kernel = Kernel()
    try:
        session = read_leader(job)[0]
    except RackError:  # somebody removed its directory
        session = Session(kernel, NOBODY, 0, str(job))
    facts: Facts = {"changed": True, "ended": False, "seconds": 0, "lines": []}
    ran = bool(session.processes())
    left = ["%d (%s)" % (pid, (kernel.process(pid, "comm") or "?").strip()) for pid in session.end()]
    return {**(look(module, job, 0) if (job / "pid").exists() else facts), "stopped": True, "ran": ran, "left": left}


def run(module: AnsibleModule) -> Facts:
    params = module.params
    if params["step"] is None:
        raise RackError("Cannot run this module alone: it must run through its action plugin. Use it as a task of mycosoft.rack.long_command.")
    if params["step"] == "start":
        return start(module)
    job = Path(params["job"])
    return look(module, job, params["wait"]) if params["step"] == "look" else stop(module, job)


def main() -> None:
    reported(AnsibleModule(argument_spec=argument_spec()), run)


if __name__ == "__main__":
    main()
