# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is a virtual machine: cgroup v2, the systemd driver, swap and pressure of its own, whatever this machine runs.

The servers of a rig share the kernel of the machine they are on. What depends on
the kernel is proven here, once: it is emulated, and some ten times slower.
"""

from __future__ import annotations

import dataclasses
import secrets
import shutil
import typing as t

import docker
import yaml
from docker.models.containers import Container

from tests.rig import containers as rig_containers
from tests.rig import inventory
from tests.rig.engine import ensure_engine
from tests.rig.errors import RigError
from tests.rig.layout import Layout
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


class VirtualMachine(Rig):
    """A rig of one server and nothing else, the virtual machine: used and torn down as any rig, by name also after a run that was killed."""

    def __init__(self, name: str = SERVER, progress: t.Callable[[str], None] = silent) -> None:
        super().__init__(name, servers=(SERVER,), progress=progress)
        self._container: Container | None = None

    def up(self, fresh: bool = True) -> None:  # noqa: ARG002 # what every rig takes
        """Have it ready; it is always made anew."""
        self.start()
        self.wait()

    def start(self) -> None:
        """Let it boot and return at once; makes its image where there is none. What a killed run left goes first."""
        self.down()
        with self._lock():
            client = ensure_engine().client
            image = MachineBuilder(client, self._progress).machine()
            layout = Layout(self._project, rig_containers.make_network(client, self._project), (SERVER,))
            record = Record(layout, recipe=image, instance=secrets.token_hex(4), zone="", stacks={})
            write_state(self.state, record)
            self._container = start_container(client, image, self.state, record)
        self._progress(f"{SERVER} boots at {layout.address(SERVER)}")

    def wait(self) -> None:
        """Return when SSH answers and Docker runs."""
        # A connection that the guest cannot answer yet would be tried again ever more rarely.
        wait_for(f"the network of {SERVER}", self._network_is_up, seconds=_BOOT_SECONDS)
        wait_for(f"SSH on {SERVER}", lambda: self.run(SERVER, ["true"], check=False).returncode == 0, seconds=_BOOT_SECONDS)
        self._progress(f"{SERVER} answers over SSH")
        self.run(SERVER, ["sudo", "systemctl", "start", "docker"], timeout=_BOOT_SECONDS)  # it starts already: this waits for it
        self._progress(f"{SERVER} runs Docker")

    def _network_is_up(self) -> bool:
        if self._container is None:
            raise RigError("Cannot wait for the virtual machine: it was not started. Call start() first.")
        console = self._container.logs()
        self._container.reload()
        if self._container.status != "running":
            raise RigError(f"Cannot boot the virtual machine: it ended. Its console ends with: {console.decode(errors='replace').strip()[-800:]}")
        return _NETWORK_IS_UP in console

    @property
    def identity(self) -> Identity:
        """Who logs in, and waits as long as it takes."""
        return identity(self.state, self.record)


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
