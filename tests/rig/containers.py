# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers of a rig on the engine: made, found, removed."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import typing as t
from http import HTTPStatus
from pathlib import Path

import docker
import docker.errors
from docker.models.containers import Container

from tests.rig.engine import RIG_LABEL, cache_folder, locked
from tests.rig.images import Images
from tests.rig.layout import CHECKOUT, CLOUDFLARE, CLOUDFLARE_PORT, EDGE, FORGE, MYCOBRAIN, MYCOBRAIN_PORT, Layout, free_subnets, routed_subnets
from tests.rig.state import State

CHECKOUT_LABEL = "mycosoft.rack.checkout"
INSTANCE_LABEL = "mycosoft.rack.instance"
ZONE_NAME = "rack.example"

_FAKES = Path(__file__).resolve().parents[1] / "fakes"
_SERVER_MEMORY = "3g"
_REMOVAL_SECONDS = 60
_CGROUPS = Path("/sys/fs/cgroup")


def make_network(client: docker.DockerClient, project: str) -> str:
    """Make the rig's network on a free subnet, without a way out; the subnet."""
    with locked(cache_folder() / "network.lock"):
        networks = client.networks.list()
        taken = [config["Subnet"] for network in networks for config in network.attrs["IPAM"].get("Config") or [] if "." in config.get("Subnet", "")]
        subnet = next(free_subnets([*taken, *routed_subnets(Path("/proc/net/route").read_text(encoding="ascii"))]))
        pool = docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool(subnet=subnet)])
        client.networks.create(project, internal=True, ipam=pool, labels=labels(project))
        return subnet


def labels(project: str, instance: str = "") -> dict[str, str]:
    """The labels on everything of a rig."""
    return {RIG_LABEL: project, CHECKOUT_LABEL: str(CHECKOUT), **({INSTANCE_LABEL: instance} if instance else {})}


class Containers:
    """Makes the containers of one rig."""

    def __init__(self, client: docker.DockerClient, layout: Layout, state: State, instance: str) -> None:
        self._client = client
        self._layout = layout
        self._state = state
        self._labels = labels(layout.project, instance)
        # An AppArmor profile of the engine would forbid PID 1 its mounts; naming AppArmor where there is none is an error on some engines.
        options = client.info().get("SecurityOptions") or []
        self._security = ["seccomp=unconfined", *(["apparmor=unconfined"] if any("apparmor" in option for option in options) else [])]

    def forge(self, image: str) -> None:
        """Start the git host, registry and resolver."""
        self._start(FORGE, image, command=["/usr/local/sbin/forge"], binds={self._state.logs(FORGE): "/log"})

    def mycobrain(self, image: str) -> None:
        """Start the stand-in for MycoBrain."""
        self._stand_in(MYCOBRAIN, image, MYCOBRAIN_PORT, [], {})

    def cloudflare(self, image: str, zone: str) -> None:
        """Start the stand-in for Cloudflare's API."""
        token = "/run/secrets-in/cloudflare.token"  # noqa: S105 # where the file with it is mounted
        options = ["--token-file", token, "--zone", f"{zone}:{ZONE_NAME}", "--edge", self._layout.edge_url]
        self._stand_in(CLOUDFLARE, image, CLOUDFLARE_PORT, options, {self._state.token: f"{token}:ro"})

    def edge(self, image: str) -> None:
        """Start the cache that stands between visitors and the website, as Cloudflare does."""
        self._start(EDGE, image, binds={})

    def _stand_in(self, host: str, image: str, port: int, options: list[str], binds: dict[Path, str]) -> None:
        everywhere = "0.0.0.0"  # noqa: S104 # within a network that has no way out
        command = ["python3", f"/fakes/{host}.py", "--host", everywhere, "--port", str(port), "--log", "/log/requests.jsonl", *options]
        # As the person who runs the rig, who reads and empties the log and owns the token.
        user = f"{os.getuid()}:{os.getgid()}"
        self._start(host, image, command=command, user=user, binds={_FAKES: "/fakes:ro", self._state.logs(host): "/log", **binds})

    def server(self, server: str, image: str) -> None:
        """Start a server: systemd as PID 1 and an engine of its own, without ``--privileged``."""
        self._start(
            server,
            image,
            cap_add=["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE"],  # SYS_PTRACE: without it nothing can be run in a container whose user is not root
            security_opt=self._security,
            cgroupns="private",
            tmpfs={"/run": "", "/run/lock": "", "/tmp": "exec"},  # noqa: S108 # the server's own
            volumes=["/var/lib/docker", "/var/lib/containerd"],
            binds={self._state.meminfo(server): "/proc/meminfo"},
            mem_limit=_SERVER_MEMORY,
            memswap_limit=_SERVER_MEMORY,
        )

    def _start(self, host: str, image: str, *, binds: dict[Path, str], volumes: t.Sequence[str] = (), **options: t.Any) -> None:
        mounts = [f"{source}:{target}" for source, target in {self._state.seed(host): "/seed:ro", **binds}.items()]
        endpoint = self._client.api.create_endpoint_config(ipv4_address=self._layout.address(host))
        container = self._client.containers.create(
            image,
            name=self._layout.container(host),
            hostname=host,
            labels=self._labels,
            network=self._layout.project,
            networking_config={self._layout.project: endpoint},
            restart_policy={"Name": "always"},
            dns=[self._layout.address(FORGE)],
            volumes=[*mounts, *volumes],
            **options,
        )
        container.start()


def start_all(containers: Containers, images: Images, servers: t.Mapping[str, str], zone: str) -> None:
    """Start every container of the rig, all at once. ``servers``: name -> image."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
        started = [
            pool.submit(containers.forge, images.forge),
            pool.submit(containers.mycobrain, images.service),
            pool.submit(containers.cloudflare, images.service, zone),
            pool.submit(containers.edge, images.edge),
            *(pool.submit(containers.server, server, image) for server, image in servers.items()),
        ]
        for future in started:
            future.result()


def of_project(client: docker.DockerClient, project: str) -> list[Container]:
    """Every container of the rig, in whatever state."""
    return client.containers.list(all=True, ignore_removed=True, filters={"label": f"{RIG_LABEL}={project}"})


def remove(client: docker.DockerClient, project: str) -> int:
    """Remove the rig's containers with their anonymous volumes, and its network; how many containers there were."""
    found = of_project(client, project)
    with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(_remove, found))
    for network in client.networks.list(filters={"label": f"{RIG_LABEL}={project}"}):
        with contextlib.suppress(docker.errors.NotFound):
            network.remove()
    return len(found)


def _remove(container: Container) -> None:
    thaw(str(container.id), _CGROUPS)
    with contextlib.suppress(docker.errors.NotFound):
        try:
            container.remove(v=True, force=True)
        except docker.errors.APIError as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise
            # Somebody, perhaps a run that was killed, has it removed already.
            container.wait(condition="removed", timeout=_REMOVAL_SECONDS)


def thaw(identifier: str, cgroups: Path) -> None:
    """Thaw what is paused inside a server: processes in a frozen freezer of cgroup v1 do not die, and the engine cannot remove the server that holds them.

    ``cgroups``: where cgroups are mounted; there is nothing of the server where the engine is on another machine.
    """
    names = (f"docker/{identifier}", f"system.slice/docker-{identifier}.scope")
    for file, frozen, thawed in (("freezer.state", ("FROZEN", "FREEZING"), "THAWED"), ("cgroup.freeze", ("1",), "0")):
        for server in (cgroups / mount / name for mount in ("freezer", "", "unified") for name in names):
            for state in sorted(server.glob(f"*/**/{file}")):
                with contextlib.suppress(OSError):  # it ended meanwhile, or is not ours to thaw
                    if state.read_text(encoding="ascii").strip() in frozen:
                        state.write_text(thawed, encoding="ascii")


def orphans(client: docker.DockerClient) -> set[str]:
    """Projects of rigs whose checkout is gone: nobody can take them down any more. Of use on the rig's own engine only:
    who shares another engine may see other folders than we do."""
    found = client.containers.list(all=True, ignore_removed=True, filters={"label": CHECKOUT_LABEL})
    return {container.labels[RIG_LABEL] for container in found if not Path(container.labels[CHECKOUT_LABEL]).exists()}
