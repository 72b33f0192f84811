# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cases: each says in a sentence what must survive, and puts it on a server."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import inspect
import time
import typing as t

from tests.support.prune_cases.server import FOLDER, PROJECT_LABEL, Server, Thing
from tests.support.prune_cases.ways import Ended, Way, Wish

MIB = 1024**2


@dataclasses.dataclass(frozen=True)
class Scene:
    """What was put on the server: what must survive, and what the person wants."""

    survivors: tuple[Thing, ...]
    wish: Wish = dataclasses.field(default_factory=Wish)


#: Runs the way, once or otherwise, while what the case is about happens.
Act = t.Callable[[Server, Scene, Way], t.Sequence[Ended]]


def once(server: Server, scene: Scene, way: Way) -> list[Ended]:
    return [way.run(server, scene.wish)]


@dataclasses.dataclass(frozen=True)
class Case:
    """``sentence`` is the case's name in every table and test."""

    sentence: str
    set_up: t.Callable[[Server], Scene]
    act: Act = once

    @property
    def story(self) -> str:
        """What is on the server, and what was asked for: the set-up's own docstring."""
        return inspect.getdoc(self.set_up) or ""


def stopped_stack(server: Server, project: str) -> tuple[Thing, ...]:
    """A stack of one service, brought up by Compose and stopped."""
    image = server.image(f"compare/{project}:1")
    server.compose_up(project, {"image": image.id})
    server.compose(project, "stop")
    container = server.container_of(project)
    network = container.attrs["NetworkSettings"]["Networks"][f"{project}_default"]["NetworkID"]
    return (
        Thing("container", str(container.id), "container"),
        Thing("image", image.id, "image"),
        Thing("network", network, "network"),
        Thing("volume", f"{project}_data", "named volume"),
    )


def a_stopped_stack(server: Server) -> Scene:
    """A Compose stack of one service with a named volume and a network of its own, stopped. The inventory knows the stack."""
    return Scene(stopped_stack(server, "shop"), Wish(projects=("shop",)))


def a_stopped_stack_with_a_filter(server: Server) -> Scene:
    """The same; a label filter keeps everything of this Compose project."""
    return Scene(stopped_stack(server, "shop"), Wish(labels=(f"{PROJECT_LABEL}=shop",)))


def two_stopped_stacks_with_filters(server: Server) -> Scene:
    """Two such stacks; two label filters keep everything of their Compose projects."""
    survivors = stopped_stack(server, "shop") + stopped_stack(server, "wiki")
    return Scene(survivors, Wish(labels=(f"{PROJECT_LABEL}=shop", f"{PROJECT_LABEL}=wiki")))


def a_stack_that_is_down(server: Server) -> Scene:
    """After `docker compose down`, with the label filter as before. A pulled image has no label of the project."""
    _container, image, _network, volume = stopped_stack(server, "shop")
    server.compose("shop", "down")
    images = tuple(server.compose("shop", "config", "--images").split())
    return Scene((image, volume), Wish(projects=("shop",), images=images, labels=(f"{PROJECT_LABEL}=shop",)))


def a_named_volume(server: Server) -> Scene:
    """No container refers to it. Our module is also told to delete another named volume, and anonymous ones of any age."""
    server.volume("named-by-the-task")
    return Scene(
        (server.volume("books"),),
        Wish(options={"volumes_grace": "0", "named_volumes": ["named-by-the-task"], "remove_named_volumes": True}),
    )


def a_named_volume_and_an_old_client(server: Server) -> Scene:
    """Every client uses the API of Docker 20.10, as programs written for it do."""
    return Scene((server.volume("books"),), Wish(api_version="1.41", options={"volumes_grace": "0"}))


def a_network_of_a_stopped_container(server: Server) -> Scene:
    """Only the container has the label. When its network is gone, `docker start` fails."""
    network = server.network("books")
    container = server.stopped("books", server.image("compare/books:1"), network="books", labels={"keep": ""})
    return Scene((container, network), Wish(labels=("keep",)))


def an_image_of_a_stopped_container(server: Server) -> Scene:
    """Only the container has the label."""
    image = server.image("compare/books:1")
    return Scene((server.stopped("books", image, network_mode="none", labels={"keep": ""}), image), Wish(labels=("keep",)))


def a_volume_of_a_stopped_container(server: Server) -> Scene:
    """Only the container has the label. It was created with the SDK's `volumes=["/data"]`. Our module is also told to delete anonymous volumes of any age."""
    # Docker 28.5 gives such a volume no name in the container's mounts, neither in the list nor on inspection.
    survivors = server.with_volume("books", server.image("compare/books:1"), labels={"keep": ""}, volumes=["/data"])
    return Scene(survivors, Wish(labels=("keep",), options={"volumes_grace": "0"}))


def a_build_cache_within_its_bound(server: Server) -> Scene:
    """Two builds of 4 MiB; 100 MiB may stay."""
    return Scene(tuple(server.build_cache(count=2, size=4 * MIB)), Wish(cache=100 * MIB))


def a_build_cache_above_its_bound(server: Server) -> Scene:
    """Three builds of 4 MiB, which leave 24 MiB of cache including their contexts; 10 MiB may stay."""
    *_older, newest = server.build_cache(count=3, size=4 * MIB)
    return Scene((newest,), Wish(cache=10 * MIB))


def an_anonymous_volume(server: Server) -> Scene:
    """After `docker rm` of a container whose image declares it. It may hold data that somebody still needs."""
    container, volume = server.with_volume("books", server.image("compare/books:1", "VOLUME /data"))
    server.client.api.remove_container(container.id)
    return Scene((volume,))


def a_result(server: Server) -> Scene:
    """It was started by hand, wrote a file where no volume is, and ended. Our module finds it for the first time."""
    container = server.stopped("report", server.image("compare/report:1"), network_mode="none")
    server.run("sh", "-c", f"echo 42 >{FOLDER}/result && docker cp {FOLDER}/result {container.id}:/result")
    return Scene((container,))


def an_image_built_by_hand(server: Server) -> Scene:
    """No registry has it, no stack is built from it, and no container uses it. Our module finds it for the first time."""
    return Scene((server.image("compare/tool:1"),))


def a_rollback_image(server: Server) -> Scene:
    """The image that ran before the last deploy, with no container: `rollback.mycosoft.rack/shop-web:1`."""
    return Scene((server.image("rollback.mycosoft.rack/shop-web:1"),))


def many_networks(server: Server) -> Scene:
    """A stopped stack with the label filter as before, and twelve unused networks, whose removal takes an engine seconds. Two runs start at the same time."""
    for number in range(12):
        server.network(f"unused{number}")
    return Scene(stopped_stack(server, "shop"), Wish(projects=("shop",), labels=(f"{PROJECT_LABEL}=shop",)))


def twice_at_once(server: Server, scene: Scene, way: Way) -> list[Ended]:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(lambda _run: way.run(server, scene.wish), range(2)))


def many_containers(server: Server) -> Scene:
    """A container that never ran, its image and its network, among a hundred others. It is started when the first is gone. Our module has no grace."""
    # The oldest and the last by name: whichever order a way has, this one comes last.
    image, network = server.image("compare/late:1"), server.network("late")
    late = server.container("zzz-late", image, network="late")
    other = server.image("compare/other:1")
    for number in range(100):
        server.container(f"other{number}", other, network_mode="none")
    return Scene((late, image, network), Wish(options={"irreplaceable_grace": "0"}))


def start_meanwhile(server: Server, scene: Scene, way: Way) -> list[Ended]:
    """Start the container as soon as the engine tells of the first one that is gone."""
    since = int(time.time())
    with concurrent.futures.ThreadPoolExecutor() as pool:
        run = pool.submit(way.run, server, scene.wish)
        removed = server.client.events(since=since, until=since + 60, decode=True, filters={"type": "container", "event": "destroy"})
        next(removed)
        server.client.api.start(scene.survivors[0].id)
        return [run.result()]


CASES: tuple[Case, ...] = (
    Case("A stopped stack", a_stopped_stack),
    Case("A stopped stack that a label filter protects", a_stopped_stack_with_a_filter),
    Case("Two stopped stacks that two label filters protect", two_stopped_stacks_with_filters),
    Case("A stack that is down: the image that its file names, and its data", a_stack_that_is_down),
    Case("A named volume that nothing refers to", a_named_volume),
    Case("A named volume, with a client pinned to API 1.41", a_named_volume_and_an_old_client),
    Case("The network of a stopped container that a label protects", a_network_of_a_stopped_container),
    Case("The image of a stopped container that a label protects", an_image_of_a_stopped_container),
    Case("The anonymous volume of a stopped container that a label protects", a_volume_of_a_stopped_container),
    Case("A build cache within the bound that was asked for", a_build_cache_within_its_bound),
    Case("The last build's cache, with a cache above the bound", a_build_cache_above_its_bound),
    Case("An anonymous volume that lost its container a moment ago", an_anonymous_volume),
    Case("A stopped container with a result in its own layer", a_result),
    Case("An image that somebody built by hand", an_image_built_by_hand),
    Case("An image tagged for a rollback", a_rollback_image),
    Case("Two runs at once both end well", many_networks, twice_at_once),
    Case("A container that is started while the run goes on", many_containers, start_meanwhile),
)
