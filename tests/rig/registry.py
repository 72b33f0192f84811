# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Push an image of the engine into a registry, over the registry's own HTTP API.

The engine itself would refuse a plain-HTTP registry it was not configured for,
and the engine may be the machine's, which the rig never configures.
Source: the OCI distribution specification, section "Pushing".
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from urllib.parse import urljoin

import docker
import requests

from tests.rig.errors import RigError

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
_GZIP_MAGIC = b"\x1f\x8b"


class Registry:
    """One registry, by its base URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False  # the machine's proxy does not know the rig

    def answers(self) -> bool:
        """Whether it speaks the API."""
        try:
            return self._session.get(f"{self._url}/v2/", timeout=2).ok
        except requests.RequestException:
            return False

    def push(self, client: docker.DockerClient, image: str, name: str) -> None:
        """Push the engine's ``image`` as ``name`` (repository:tag)."""
        repository, _colon, tag = name.rpartition(":")
        with tempfile.TemporaryFile() as file:
            for chunk in client.images.get(image).save():
                file.write(chunk)
            file.seek(0)
            with tarfile.open(fileobj=file) as archive:
                manifest = self._push_content(archive, repository)
        answer = self._session.put(f"{self._url}/v2/{repository}/manifests/{tag}", data=manifest, headers={"Content-Type": _MANIFEST}, timeout=30)
        answer.raise_for_status()

    def _push_content(self, archive: tarfile.TarFile, repository: str) -> bytes:
        entry = json.loads(_member(archive, "manifest.json").read())[0]
        config = self._push_blob(_member(archive, entry["Config"]), repository, _CONFIG)
        layers = [self._push_blob(_member(archive, path), repository, _LAYER) for path in entry["Layers"]]
        return json.dumps({"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": layers}).encode()

    def _push_blob(self, content: io.BufferedReader, repository: str, media_type: str) -> dict[str, object]:
        """Upload unless the repository has it; its descriptor. A saved layer is a plain tar or, from newer engines, gzipped."""
        zipped = content.read(2) == _GZIP_MAGIC
        content.seek(0)
        digest = f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"
        size = content.tell()
        if not self._session.head(f"{self._url}/v2/{repository}/blobs/{digest}", timeout=30).ok:
            content.seek(0)
            started = self._session.post(f"{self._url}/v2/{repository}/blobs/uploads/", timeout=30)
            started.raise_for_status()
            location = urljoin(self._url, started.headers["Location"])
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
            self._session.put(location, params={"digest": digest}, data=content, headers=headers, timeout=120).raise_for_status()
        return {"mediaType": media_type + (".gzip" if zipped else ""), "size": size, "digest": digest}


def _member(archive: tarfile.TarFile, name: str) -> io.BufferedReader:
    """A file of the archive; some engines save equal layers once and link to them."""
    file = archive.extractfile(name)
    if not isinstance(file, io.BufferedReader):
        raise RigError(f"Cannot read {name} of a saved image: it is not a file in the engine's archive.")
    return file
