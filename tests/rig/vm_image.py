# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machine's disk: the rig's own server with a kernel, made once and kept as an image of the engine."""

from __future__ import annotations

import concurrent.futures
import contextlib
import typing as t

from docker.models.containers import Container

from tests.rig.engine import cache_folder, locked
from tests.rig.errors import RigError
from tests.rig.images import REPOSITORY, Builder
from tests.rig.recipe import digest_of

#: The engine of Debian trixie as it is, like the rest of the machine.
_ENGINE = "26.1"
_MAKING_LABEL = "mycosoft.rack.making"


class MachineBuilder(Builder):
    """Makes the image of the virtual machine, and of the images below it what is missing."""

    def machine(self) -> str:
        """The tag of an image whose container is the virtual machine: emulator, kernel and root disk."""
        with locked(cache_folder() / "images.lock"):
            trixie = self._root_file_system("trixie")
            with concurrent.futures.ThreadPoolExecutor() as pool:
                emulator = pool.submit(self._build, "vm/emulator", trixie)
                guest = self._build("vm/guest", self._server(trixie, _ENGINE))
                return self._disk(emulator.result(), guest)

    def _disk(self, emulator: str, guest: str) -> str:
        tag = f"{REPOSITORY}/vm:{digest_of(emulator, guest)}"
        if self._present(tag):
            return tag
        self._progress(f"image {tag}: making the disk")
        for stale in self._client.containers.list(all=True, filters={"label": f"{_MAKING_LABEL}=now"}):
            stale.remove(v=True, force=True)
        with self._container(guest) as files, self._container(emulator, command=["make-disk"], volumes=["/tree"]) as maker:
            maker.put_archive("/tree", files.export())
            maker.start()
            if maker.wait()["StatusCode"] != 0:
                raise RigError(f"Cannot make the disk of the virtual machine: {maker.logs().decode(errors='replace').strip()[-600:]}")
            maker.commit(*tag.split(":"), changes=[f"LABEL {_MAKING_LABEL}=done", 'CMD ["run"]'])
        return tag

    @contextlib.contextmanager
    def _container(self, image: str, **options: t.Any) -> t.Iterator[Container]:
        container = self._client.containers.create(image, labels={_MAKING_LABEL: "now"}, network_mode="none", **options)
        try:
            yield container
        finally:
            container.remove(v=True, force=True)
