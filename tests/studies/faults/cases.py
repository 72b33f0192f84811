# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults: each says what goes wrong, and makes it so."""

from __future__ import annotations

import copy
import dataclasses
import random
import time
import typing as t

from tests.rig.forge import Edit, replaced
from tests.rig.layout import FORGE, REGISTRY_PORT, SSH_PORT
from tests.studies.faults.process import Process
from tests.studies.faults.rack import SANDBOX, Json, Rack, inventory

Edits = t.Mapping[str, t.Mapping[str, Edit]]
Act = t.Callable[[Rack], None]

#: Moments at which the controller is killed, and what chooses them.
KILLS, SEED = 20, 20261123


def nothing(_rack: Rack) -> None:
    pass


def spare(_rack: Rack, _run: Process) -> None:
    pass


def building(rack: Rack, run: Process) -> bool:
    """Wait until it builds."""
    return run.begins(r"compose_deploy : Build") and run.until(lambda: bool(rack.run(SANDBOX, "pgrep", "--full", "[d]ocker.*compose.* build", check=False)))


def starting(_rack: Rack, run: Process) -> bool:
    """Wait until it starts services."""
    return run.begins(r"Up \| Start")


@dataclasses.dataclass(frozen=True)
class Fault:
    """``name`` is for the command line, ``sentence`` is the fault in every table. The fault is what was pushed (``edits``), or is there before the run,
    or strikes ``at`` a moment of it. ``mend`` removes it, ``after`` removes what the trial needed besides.
    """

    name: str
    sentence: str
    how: str
    edits: Edits = dataclasses.field(default_factory=dict)
    extra: t.Callable[[], Json] = dict
    before: Act = nothing
    at: t.Callable[[Rack, Process], bool] | None = None
    strike: t.Callable[[Rack, Process], None] = spare
    mend: Act = nothing
    after: Act = nothing


_SERVE = 'ThreadingHTTPServer(("", 3000)'
_HEALTHY = '200, "application/json", json.dumps({"service"'

SLOW_BUILD: Edits = {"website": {"Dockerfile": replaced("CMD", "RUN sleep 15\nRUN head -c 5000000 /dev/zero >/app/more\nCMD")}}
BROKEN_BUILD: Edits = {"website": {"Dockerfile": replaced("CMD", "RUN exit 7\nCMD")}}
BROKEN_FILE: Edits = {"mas": {"docker-compose.always-on.yml": lambda text: text + "  bad: [yaml\n"}}
NEVER_HEALTHY: Edits = {"website": {"app.py": replaced(_HEALTHY, _HEALTHY.replace("200", "503"))}}
EATER: Edits = {"website": {"app.py": replaced(_SERVE, f'import threading\n\nthreading.Timer(5, lambda: b"x" * (300 << 20)).start()\n{_SERVE}')}}


def small_website() -> Json:
    stacks = copy.deepcopy(inventory())
    stacks["always-on"]["services"]["mycosoft-website"].update(memory="128M", reservation="64M")
    return {"rack_stacks": stacks}


# -- network ------------------------------------------------------------------


def _refused(rack: Rack, port: int) -> str:
    return f"OUTPUT -p tcp -d {rack.rig.layout.address(FORGE)} --dport {port} -j REJECT --reject-with tcp-reset"


def registry_down(rack: Rack) -> None:
    rack.root(SANDBOX, f"iptables -I {_refused(rack, REGISTRY_PORT)}")


def registry_up(rack: Rack) -> None:
    rack.root(SANDBOX, f"iptables -D {_refused(rack, REGISTRY_PORT)}")


def git_down(rack: Rack) -> None:
    rack.root(SANDBOX, f"iptables -I {_refused(rack, SSH_PORT)}")


def git_up(rack: Rack) -> None:
    rack.root(SANDBOX, f"iptables -D {_refused(rack, SSH_PORT)}")


def _without_ssh(rack: Rack, target: str) -> None:
    rule = f"INPUT -p tcp --dport {SSH_PORT} -j {target}"
    rack.root(SANDBOX, f"systemd-run --quiet sh -c 'iptables -I {rule}; sleep 30; iptables -D {rule}'")


def silent_ssh(rack: Rack, _run: Process) -> None:
    _without_ssh(rack, "DROP")


def refused_ssh(rack: Rack, _run: Process) -> None:
    _without_ssh(rack, "REJECT --reject-with tcp-reset")


def half_a_minute(_rack: Rack) -> None:
    time.sleep(30)


# -- server -------------------------------------------------------------------


def restart_docker(rack: Rack, _run: Process) -> None:
    rack.root(SANDBOX, "systemctl restart docker", check=False)


def reboot(rack: Rack, _run: Process) -> None:
    rack.root(SANDBOX, "systemctl reboot", check=False)


def cut_power(rack: Rack, _run: Process) -> None:
    server = rack.container(SANDBOX)
    server.kill()
    server.start()


_SUDOERS = "/etc/sudoers.d/terminal"


def sudo_wants_a_terminal(rack: Rack) -> None:
    rack.root(SANDBOX, f"echo 'Defaults requiretty' >{_SUDOERS}; chmod 440 {_SUDOERS}")


def sudo_wants_none(rack: Rack) -> None:
    # sudo itself works on a terminal only
    rack.run(SANDBOX, "script", "--quiet", "--return", "--command", f"sudo rm {_SUDOERS}", "/dev/null")


_SMALL = "/srv/small"
_MOVED = {"docker": "/var/lib/docker", "rack": "/var/lib/mycosoft-rack"}


def small_disk(rack: Rack) -> None:
    """Put the engine's data and the records on a disk with 300 MB of room: a file system in memory, which is all that a server of the rig may mount."""
    used = sum(int(line.split()[0]) for line in rack.root(SANDBOX, f"du -sm {' '.join(_MOVED.values())}").splitlines())
    moves = "".join(f"cp -a {path} {_SMALL}/{name}; mount --bind {_SMALL}/{name} {path}; " for name, path in _MOVED.items())
    mount = f"mkdir -p {_SMALL}; mount -t tmpfs -o size={used + 300}m small {_SMALL}"
    rack.root(SANDBOX, f"set -e; systemctl stop docker.socket docker; {mount}; {moves} systemctl start docker")
    rack.settled()


def fill_disk(rack: Rack, _run: Process) -> None:
    rack.root(SANDBOX, f"dd if=/dev/zero of={_SMALL}/filler bs=1M; dd if=/dev/zero of={_SMALL}/last bs=512", check=False)


def free_disk(rack: Rack) -> None:
    rack.root(SANDBOX, f"rm -f {_SMALL}/filler {_SMALL}/last")


def large_disk(rack: Rack) -> None:
    moves = "".join(f"umount {path}; find {path} -mindepth 1 -delete; cp -a {_SMALL}/{name}/. {path}/; " for name, path in _MOVED.items())
    rack.root(SANDBOX, f"set -e; systemctl stop docker.socket docker; {moves} umount {_SMALL}; systemctl start docker")
    rack.settled()


# -- controller ---------------------------------------------------------------


def _at(part: float) -> t.Callable[[Rack, Process], bool]:
    """Wait until this part of a deploy is over, as the last plain one went: counted in tasks, because a busy machine takes longer over each."""

    def wait(rack: Rack, run: Process) -> bool:
        moment = part * rack.length
        count = sum(began <= moment for began in rack.tasks)
        into = moment - (rack.tasks[count - 1] if count else 0)
        return run.until(lambda: len(run.tasks) > count or (len(run.tasks) == count and run.seconds >= (run.tasks[-1][0] if count else 0) + into))

    return wait


def kill(_rack: Rack, run: Process) -> None:
    run.kill()


def _kills() -> t.Iterator[Fault]:
    chance = random.Random(SEED)  # noqa: S311 (repeatable, no secret)
    for number, part in enumerate(sorted(chance.uniform(0, 1) for _kill in range(KILLS)), 1):
        yield Fault(
            f"kill-{number}",
            f"The controller is killed at {part:.1%} of a deploy",
            "SIGKILL to ansible-playbook and all its children.",
            at=_at(part),
            strike=kill,
        )


FAULTS: tuple[Fault, ...] = (
    Fault("build", "A build fails", "A step of the website's new Dockerfile ends with 7.", BROKEN_BUILD),
    Fault("compose", "The pulled Compose file is invalid", "The file is not valid YAML.", BROKEN_FILE),
    Fault("registry", "The registry is down", "Every connection to it is refused, before and during the run.", before=registry_down, mend=registry_up),
    Fault("git", "The git server is down", "Every connection to it is refused, before and during the run.", before=git_down, mend=git_up),
    Fault("sudo", "sudo wants a terminal", "`Defaults requiretty` in the sudoers file of the server.", before=sudo_wants_a_terminal, mend=sudo_wants_none),
    Fault("health", "The new version never becomes healthy", "The new website answers its health check with 503.", NEVER_HEALTHY),
    Fault("oom", "A container is OOM-killed 5 s after its start", "The new website may use 128 MiB, is healthy, and then takes 300 MiB.", EATER, small_website),
    Fault(
        "disk",
        "The disk fills during the build",
        "The file system with the engine's data and the records is filled to the last byte, and stays full until the run has ended.",
        SLOW_BUILD,
        before=small_disk,
        at=building,
        strike=fill_disk,
        mend=free_disk,
        after=large_disk,
    ),
    Fault("docker-build", "Docker is restarted during the build", "`systemctl restart docker` on the server.", SLOW_BUILD, at=building, strike=restart_docker),
    Fault("docker-start", "Docker is restarted during the start", "`systemctl restart docker` on the server.", at=starting, strike=restart_docker),
    Fault("reboot", "The server reboots during the start", "`systemctl reboot` on the server.", at=starting, strike=reboot),
    Fault(
        "power",
        "The server loses its power during the build",
        "Every process of the server is killed at once; then the server boots.",
        SLOW_BUILD,
        at=building,
        strike=cut_power,
    ),
    Fault(
        "ssh-silent",
        "SSH is silent for 30 s",
        "Every packet to the server's SSH port is dropped, from the first start on.",
        at=starting,
        strike=silent_ssh,
        mend=half_a_minute,
    ),
    Fault(
        "ssh-refused",
        "SSH is refused for 30 s",
        "Connections are reset and new ones refused, from the first start on.",
        at=starting,
        strike=refused_ssh,
        mend=half_a_minute,
    ),
    *_kills(),
)
