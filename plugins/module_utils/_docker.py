# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border to the Docker Engine: connect once, call the API's own verbs.

Works with the Docker SDK for Python 5.0.3 (Debian 12) and newer. Answers are
the API's own JSON objects; deciding what they mean is left to pure utilities.
"""

from __future__ import annotations

import traceback
import typing as t

from ansible.module_utils.basic import env_fallback, missing_required_lib
from ansible_collections.mycosoft.rack.plugins.module_utils._outcome import RackError, Unreachable

try:
    import docker
    from docker import errors as docker_errors

    SDK_ERROR: t.Optional[str] = None
except ImportError:
    SDK_ERROR = traceback.format_exc()

Json = t.Dict[str, t.Any]

#: Argument spec shared by every module that talks to an engine; the matching
#: documentation is the fragment ``mycosoft.rack.docker``.
DOCKER_OPTIONS: Json = {
    "docker_host": {
        "type": "str",
        "default": "unix:///var/run/docker.sock",
        "fallback": (env_fallback, ["DOCKER_HOST"]),
    },
    "api_version": {
        "type": "str",
        "default": "auto",
        "fallback": (env_fallback, ["DOCKER_API_VERSION"]),
    },
    "timeout": {"type": "int", "default": 300, "fallback": (env_fallback, ["DOCKER_TIMEOUT"])},
}

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"


class Conflict(RackError):
    """The engine refuses because the object is in use or work of the kind is under way (HTTP 409)."""


class NotFound(RackError):
    """The object is gone (HTTP 404)."""


class Engine:
    """One Docker Engine, spoken to in its API's own verbs and shapes."""

    def __init__(self, client: t.Any) -> None:
        self._client = client
        self._version: Json = self.get("/version")

    @property
    def version(self) -> str:
        """Engine version, for example ``26.1.5+dfsg1``."""
        return str(self._version.get("Version", ""))

    @property
    def api_version(self) -> str:
        """API version that this client speaks, for example ``1.45``."""
        return str(self._client.api_version)

    def get(self, path: str, **query: t.Any) -> t.Any:
        """``GET path``: the decoded JSON answer."""
        return self._call("GET", path, query)

    def post(self, path: str, body: t.Optional[Json] = None, **query: t.Any) -> t.Any:
        """``POST path`` with an optional JSON body: the decoded JSON answer, or None."""
        return self._call("POST", path, query, body)

    def delete(self, path: str, **query: t.Any) -> t.Any:
        """``DELETE path``: the decoded JSON answer, or None."""
        return self._call("DELETE", path, query)

    def containers(self) -> t.List[Json]:
        """Every container, running or not, in the shape of ``GET /containers/json``."""
        return t.cast(t.List[Json], self.get("/containers/json", all=1))

    def inspect(self, container: str) -> Json:
        """One container in the shape of ``GET /containers/{id}/json``."""
        return t.cast(Json, self.get("/containers/%s/json" % container))

    def _call(self, method: str, path: str, query: Json, body: t.Optional[Json] = None) -> t.Any:
        client = self._client
        url = "%s/v%s%s" % (client.base_url, client.api_version, path)
        kwargs: Json = {"params": query, "timeout": client.timeout}
        if body is not None:
            kwargs["json"] = body
        try:
            response = client.request(method, url, **kwargs)
        except Exception as error:  # requests and urllib3 raise several unrelated families
            raise Unreachable("Cannot ask the Docker Engine for %s %s: %s. Check that dockerd runs and is not overloaded." % (method, path, error)) from error
        if response.status_code >= 400:
            raise _refusal(method, path, response)
        if response.status_code == 204 or not response.content:
            return None
        return response.json()


def _refusal(method: str, path: str, response: t.Any) -> RackError:
    try:
        cause = response.json().get("message", response.text)
    except ValueError:
        cause = response.text
    kind = {404: NotFound, 409: Conflict}.get(response.status_code, RackError)
    return kind("Docker Engine refused %s %s: %s" % (method, path, str(cause).strip()), status=response.status_code)


def connect(params: t.Mapping[str, t.Any]) -> Engine:
    """Connect with the module parameters of :data:`DOCKER_OPTIONS`.

    Raises Unreachable, naming the address, where no engine answers or the SDK is missing.
    """
    if SDK_ERROR is not None:
        raise Unreachable(missing_required_lib("docker (Docker SDK for Python, Debian: python3-docker)"), exception=SDK_ERROR)
    address = params["docker_host"]
    try:
        client = docker.APIClient(base_url=address, version=params["api_version"], timeout=params["timeout"])
    except docker_errors.DockerException as error:
        raise Unreachable(
            "Cannot reach the Docker Engine at %s: %s. Check that dockerd runs there and that this user may use it." % (address, error)
        ) from error
    return Engine(client)
