# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m tests.rig``: start, use and remove a rack of real servers."""

from __future__ import annotations

import argparse
import os
import sys

import docker.errors

from tests.rig.errors import RigError
from tests.rig.forge import Edit, substitution
from tests.rig.images import DEFAULT_ENGINE, ENGINES
from tests.rig.layout import DEFAULT_NAME, DEFAULT_SERVERS
from tests.rig.meminfo import PROFILES
from tests.rig.rig import Rig, Stopwatch


def _up(arguments: argparse.Namespace) -> int:
    rig = Rig(arguments.name, arguments.engine, arguments.servers.split(","), Stopwatch())
    rig.up(fresh=arguments.fresh)
    print(f"\ninventory    {rig.inventory}")
    print(f"open a shell python -m tests.rig ssh --name {rig.name} {rig.layout.servers[0]}")
    print(f"remove it    python -m tests.rig down --name {rig.name}")
    return 0


def _down(arguments: argparse.Namespace) -> int:
    Rig(arguments.name, progress=Stopwatch()).down()
    return 0


def _status(arguments: argparse.Namespace) -> int:
    rig = Rig(arguments.name)
    problems = rig.problems()
    if problems:
        print(f"rig {rig.name}: {'; '.join(problems)}")
        return 1
    print(f"rig {rig.name}: healthy\ninventory {rig.inventory}")
    for host in rig.layout.hosts:
        print(f"{host:<12} {rig.layout.address(host):<15} {rig.layout.container(host)}")
    return 0


def _ssh(arguments: argparse.Namespace) -> int:
    rig = Rig(arguments.name)
    command = rig.identity.command(rig.layout.address(arguments.server), shared=False)
    os.execvp(command[0], [*command, *arguments.command])  # noqa: S606 # the terminal becomes the session's


def _push(arguments: argparse.Namespace) -> int:
    edits: dict[str, Edit | None] = {}
    for assignment in arguments.set:
        path, _equals, content = assignment.partition("=")
        edits[path] = content + "\n"
    for path, expression in arguments.replace:
        edits[path] = substitution(expression)
    edits.update(dict.fromkeys(arguments.delete))
    print(Rig(arguments.name).push(arguments.repo, edits, arguments.message))
    return 0


def _memory(arguments: argparse.Namespace) -> int:
    Rig(arguments.name).set_memory(arguments.server, arguments.profile)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.rig", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--name", default=DEFAULT_NAME, help="which rig of this checkout (default: %(default)s)")

    up = verbs.add_parser("up", parents=[common], help="start the rig; a healthy one is reused")
    up.add_argument("--engine", choices=ENGINES, default=DEFAULT_ENGINE, help="Docker on the servers (default: %(default)s)")
    up.add_argument("--servers", default=",".join(DEFAULT_SERVERS), help="their names (default: %(default)s)")
    up.add_argument("--fresh", action="store_true", help="recreate the rig even if it is healthy")
    up.set_defaults(run=_up)

    verbs.add_parser("down", parents=[common], help="remove everything of the rig").set_defaults(run=_down)
    verbs.add_parser("status", parents=[common], help="show whether the rig is healthy, and its addresses").set_defaults(run=_status)

    ssh = verbs.add_parser("ssh", parents=[common], help="log in to a server, or run a command there")
    ssh.add_argument("server")
    ssh.add_argument("command", nargs=argparse.REMAINDER)
    ssh.set_defaults(run=_ssh)

    push = verbs.add_parser("push", parents=[common], help="commit to a repository on the forge as a developer does")
    push.add_argument("--repo", required=True)
    push.add_argument("--set", action="append", default=[], metavar="PATH=CONTENT", help="the complete new content of a file")
    push.add_argument("--replace", action="append", default=[], nargs=2, metavar=("PATH", "s/REGEX/NEW/"), help="change a file")
    push.add_argument("--delete", action="append", default=[], metavar="PATH", help="remove a file")
    push.add_argument("-m", "--message", required=True)
    push.set_defaults(run=_push)

    memory = verbs.add_parser("memory", parents=[common], help="set the memory that a server reports")
    memory.add_argument("server")
    memory.add_argument("profile", choices=PROFILES)
    memory.set_defaults(run=_memory)
    return parser


def main() -> int:
    """Run one verb; 1 when it could not be done."""
    arguments = _parser().parse_args()
    try:
        return int(arguments.run(arguments))
    except RigError as error:
        print(error, file=sys.stderr)
    except docker.errors.DockerException as error:
        print(f"Cannot finish: the Docker Engine refused: {error}. Run the command again; it starts from a clean state.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
