# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is a virtual machine: cgroup v2, the systemd driver, swap and pressure of its own, whatever this machine runs.

The servers of a rig share the kernel of the machine they are on. What depends on
the kernel is proven here, once: it is emulated, and some ten times slower.
"""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
import shutil
import subprocess
import typing as t
from pathlib import Path

import docker
import yaml
from docker.models.containers import Container

from tests.rig import containers as rig_containers
from tests.rig import inventory
from tests.rig.engine import ensure_engine
from tests.rig.errors import RigError
from tests.rig.layout import Layout, project_of
from tests.rig.rig import Rig, silent
from tests.rig.ssh import Identity, known_host, make_key, wait_for
from tests.rig.state import Record, State
from tests.rig.vm_image import MachineBuilder

#: The one server of the machine's inventory.
SERVER = "vm"
#: Under emulation on a busy machine: what an SSH handshake and a boot may take.
HANDSHAKE_SECONDS = 120
_BOOT_SECONDS = 600
#: The emulator's memory is the guest's and what it needs itself.
_CONTAINER_MEMORY = "2g"
#: What the guest's boot prints once its address is up.
_NETWORK_IS_UP = b"vm: the network is up"


class VirtualMachine:
    """The virtual machine ``name`` of this checkout. It has the state, labels and network of a rig: a rig's tear-down removes it."""

    def __init__(self, name: str = SERVER, progress: t.Callable[[str], None] = silent) -> None:
        self.state = State.of(name)
        self._name = name
        self._progress = progress
        self._record: Record | None = None
        self._container: Container | None = None

    @classmethod
    @contextlib.contextmanager
    def up(cls, name: str = SERVER, progress: t.Callable[[str], None] = silent) -> t.Iterator[VirtualMachine]:
        """A machine that is ready, for as long as the block lasts."""
        machine = cls(name, progress)
        try:
            machine.start()
            machine.wait()
            yield machine
        finally:
            machine.down()

    def start(self) -> None:
        """Let it boot and return at once; makes its image where there is none. What a killed run left goes first."""
        client = ensure_engine().client
        image = MachineBuilder(client, self._progress).machine()
        project = project_of(self._name)
        rig_containers.remove(client, project)
        self.state.clear()
        layout = Layout(project, rig_containers.make_network(client, project), (SERVER,))
        self._record = Record(layout, recipe=image, instance=secrets.token_hex(4), zone="", stacks={})
        write_state(self.state, self._record)
        self._container = start_container(client, image, self.state, self._record)
        self._progress(f"{SERVER} boots at {self._address}")

    def wait(self) -> None:
        """Return when SSH answers and Docker runs."""
        # A connection that the guest cannot answer yet would be tried again ever more rarely.
        wait_for(f"the network of {SERVER}", self._network_is_up, seconds=_BOOT_SECONDS)
        wait_for(f"SSH on {SERVER}", lambda: self.run(["true"], check=False).returncode == 0, seconds=_BOOT_SECONDS)
        self._progress(f"{SERVER} answers over SSH")
        self.run(["sudo", "systemctl", "start", "docker"], timeout=_BOOT_SECONDS)  # it starts already: this waits for it
        self._progress(f"{SERVER} runs Docker")

    def _network_is_up(self) -> bool:
        assert self._container
        console = self._container.logs()
        self._container.reload()
        if self._container.status != "running":
            raise RigError(f"Cannot boot the virtual machine: it ended. Its console ends with: {console.decode(errors='replace').strip()[-800:]}")
        return _NETWORK_IS_UP in console

    def down(self) -> None:
        """Remove all of it; stop the engine if a rig started it and nothing is left on it."""
        Rig(self._name, progress=self._progress).down()

    # -- use ----------------------------------------------------------------

    @property
    def inventory(self) -> Path:
        """The inventory folder to hand to Ansible."""
        return self.state.inventory

    @property
    def identity(self) -> Identity:
        """Who logs in."""
        return identity(self.state, self._started)

    def run(self, argv: t.Sequence[str], *, check: bool = True, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run ``argv`` on it as mycosoft, over SSH; ``check``: an exit code other than 0 raises :class:`RigError`."""
        return self.identity.run(self._address, argv, check=check, timeout=timeout)

    def popen(self, argv: t.Sequence[str]) -> subprocess.Popen[str]:
        """Begin ``argv`` on it; what it prints can be read while it runs."""
        command = [*self.identity.command(self._address, shared=False), "--", *argv]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def docker(self) -> contextlib.AbstractContextManager[docker.DockerClient]:
        """A client of its engine, over SSH."""
        return self.identity.docker(self._address)

    @property
    def _address(self) -> str:
        return self._started.layout.address(SERVER)

    @property
    def _started(self) -> Record:
        if self._record is None:
            raise RigError("Cannot use the virtual machine: it was not started. Call start() first.")
        return self._record


def identity(state: State, record: Record) -> Identity:
    """Who logs in to the machine."""
    return dataclasses.replace(state.identity(record.instance), patience=HANDSHAKE_SECONDS)


def write_state(state: State, record: Record) -> None:
    """Fill an empty state folder: keys, what is handed in, the inventory, and the record by which a tear-down finds the rest."""
    address, seed = record.layout.address(SERVER), state.seed(SERVER)
    make_key(state.key, "developer")
    make_key(seed / "ssh_host_ed25519_key", SERVER)
    shutil.copyfile(state.key.with_suffix(".pub"), seed / "authorized_keys")
    host_key = (seed / "ssh_host_ed25519_key.pub").read_text(encoding="utf-8")
    state.write(state.known_hosts, known_host((SERVER, address), host_key), 0o644)
    hosts = inventory.hosts(record.layout, identity(state, record))
    hosts["rack"]["vars"]["ansible_timeout"] = HANDSHAKE_SECONDS
    state.write(state.inventory / "hosts.yml", yaml.safe_dump(hosts, sort_keys=False, width=1000), 0o644)
    state.write_record(record)


def start_container(client: docker.DockerClient, image: str, state: State, record: Record) -> Container:
    """The emulator, on the machine's own network, which has no way out."""
    project = record.layout.project
    endpoint = client.api.create_endpoint_config(ipv4_address=record.layout.address(SERVER))
    container = client.containers.create(
        image,
        name=record.layout.container(SERVER),
        labels=rig_containers.labels(project, record.instance),
        network=project,
        networking_config={project: endpoint},
        volumes=[f"{state.seed(SERVER)}:/seed:ro"],
        mem_limit=_CONTAINER_MEMORY,
        memswap_limit=_CONTAINER_MEMORY,
    )
    container.start()
    return container
