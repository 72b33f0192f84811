# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border to the Docker Engine: connect once, call the API's own verbs.

Answers are the API's own JSON objects; deciding what they mean is left to pure utilities.
"""

from __future__ import annotations

import json
import re
import typing as t
from urllib.parse import urlencode

from ansible.module_utils.basic import env_fallback
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput, RackError, Unreachable
from ansible_collections.mycosoft.rack.plugins.module_utils._base.foreign import Mask, printable
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.transport import EngineAnswer, Transport, transport

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
    "tls": {"type": "bool", "default": False, "fallback": (env_fallback, ["DOCKER_TLS", "DOCKER_TLS_VERIFY"])},
    "validate_certs": {"type": "bool", "default": True},
    "tls_hostname": {"type": "str", "fallback": (env_fallback, ["DOCKER_TLS_HOSTNAME"])},
    "ca_path": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path"},
}

#: The newest version of the API that the tests run against; a newer engine is spoken to in this one, so that its answers
#: have shapes that are known.
NEWEST_API = (1, 51)

#: Bytes before each piece of a log.
_FRAME = 8


class Conflict(RackError):
    """The engine refuses because the object is in use or work of the kind is under way (HTTP 409)."""


class NotFound(RackError):
    """The object is gone (HTTP 404)."""


class Engine:
    """One Docker Engine, spoken to in its API's own verbs and shapes. ``api_version``: as the option of that name."""

    def __init__(self, way: Transport, api_version: str) -> None:
        self._way = way
        self._prefix = ""
        # Not /version, for which the engine asks its parts for theirs: many times slower.
        newest = self._exchange("GET", "/_ping", {}).api or ""
        if not (0, 0) < _numbers(newest) <= NEWEST_API:
            newest = _newest_common(self.get("/version"))
        self.api_version = api_version if api_version != "auto" else newest
        self._prefix, self._newest_prefix = "/v" + self.api_version, "/v" + newest

    @property
    def version(self) -> str:
        """Engine version, for example ``26.1.5+dfsg1``; asked for each time."""
        return str(self.get("/version").get("Version", ""))

    def knows(self, api: t.Tuple[int, int]) -> bool:
        """Whether the engine has what this version of the API brought, whichever version is pinned."""
        return _numbers(self._newest_prefix[2:]) >= api

    @property
    def parallel(self) -> bool:
        """Whether several threads may ask at once."""
        return self._way.parallel

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

    def events(self, until: float, **filters: t.Sequence[str]) -> t.List[Json]:
        """What the engine remembers of its past (256 events, and none from before it was started), the oldest first.

        ``until``: seconds since 1970 by the engine's own clock; with a later moment it would wait for it.
        """
        query = {"since": 0, "until": "%.6f" % until, "filters": json.dumps(filters)}
        return [json.loads(line) for line in self._exchange("GET", "/events", query).content.splitlines() if line.strip()]

    def logs(self, container: str, lines: int) -> t.List[str]:
        """The last ``lines`` that a container logged, both streams, without values of its environment that may be secret; none where it is gone or its
        logs cannot be read from here.
        """
        query = {"stdout": 1, "stderr": 1, "tail": lines}
        try:
            hidden = self.secrets_of(container)
            content = self._exchange("GET", "/containers/%s/logs" % container, query).content
        except RackError:
            return []
        return [printable(hidden(line)) for line in _without_frames(content).decode("utf-8", "replace").split("\n") if line][-lines:]

    def secrets_of(self, container: str) -> Mask:
        """Hides the values of a container's environment that may be secret, in what it says."""
        environment = (self.inspect(container).get("Config") or {}).get("Env") or []
        return Mask((name, value) for name, _equals, value in (entry.partition("=") for entry in environment))

    def disk_usage(self, **query: t.Any) -> Json:
        """``GET /system/df``, also where an older version is pinned in the newest that both know: up to 1.41 a cache record hides all parents but one."""
        newest = max(self._newest_prefix, self._prefix, key=lambda prefix: _numbers(prefix[2:]))
        return t.cast(Json, self._call("GET", "/system/df", query, prefix=newest))

    def _call(self, method: str, path: str, query: Json, body: t.Optional[Json] = None, prefix: t.Optional[str] = None) -> t.Any:
        content = self._exchange(method, path, query, body, prefix).content
        return json.loads(content) if content.strip() else None

    def _exchange(self, method: str, path: str, query: Json, body: t.Optional[Json] = None, prefix: t.Optional[str] = None) -> EngineAnswer:
        target = (self._prefix if prefix is None else prefix) + path + ("?" + urlencode(query, doseq=True) if query else "")
        try:
            answer = self._way.exchange(method, target, json.dumps(body).encode() if body is not None else None)
        except Exception as error:  # sockets, http.client and the SDK raise several unrelated families
            cause = "%s" % error or error.__class__.__name__
            raise Unreachable("Cannot ask the Docker Engine for %s %s: %s. Check that dockerd runs and is not overloaded." % (method, path, cause)) from error
        if answer.status >= 400:
            raise _refusal(method, path, answer.status, answer.content)
        return answer


def _without_frames(content: bytes) -> bytes:
    """What a container wrote: without a terminal each piece comes behind its stream (1 or 2), three zeros and its length in four bytes."""
    pieces, rest = [], content
    while len(rest) >= _FRAME and rest[0] in (1, 2) and rest[1:4] == bytes(3):
        end = _FRAME + int.from_bytes(rest[4:_FRAME], "big")
        pieces.append(rest[_FRAME:end])
        rest = rest[end:]
    return b"".join([*pieces, rest])


def _newest_common(version: Json) -> str:
    """The newest API version that both sides know; an engine that is too new for ours is asked for its oldest."""
    newest, oldest = (_numbers(version.get(key) or "") for key in ("ApiVersion", "MinAPIVersion"))
    return "%d.%d" % max(min(newest, NEWEST_API), oldest)


def _numbers(text: str) -> t.Tuple[int, int]:
    major, _dot, minor = text.partition(".")
    return (int(major or 0), int(minor or 0))


def _refusal(method: str, path: str, status: int, content: bytes) -> RackError:
    text = content.decode("utf-8", "replace")
    try:
        cause = json.loads(text).get("message", text)
    except (ValueError, AttributeError):
        cause = text
    kind = {404: NotFound, 409: Conflict}.get(status, RackError)
    return kind("Docker Engine refused %s %s: %s" % (method, path, str(cause).strip()), status=status)


def connect(params: t.Mapping[str, t.Any]) -> Engine:
    """Connect with the module parameters of :data:`DOCKER_OPTIONS`.

    Raises InvalidInput for options that cannot work, and Unreachable, naming the address, where no engine answers or
    the SDK is missing.
    """
    address, api_version = params["docker_host"], params["api_version"]
    if api_version != "auto" and not re.fullmatch(r"\d+\.\d+", api_version):
        raise InvalidInput("Cannot speak version %r of the Docker API: that is no version. Write auto, or for example 1.45." % api_version)
    try:
        return Engine(transport(params), api_version)
    except (InvalidInput, Unreachable) as error:
        if isinstance(error, InvalidInput) or "exception" in error.facts:
            raise
        cause: object = error.__cause__ or error
    except Exception as error:  # what the SDK raises for an address that it cannot use
        cause = error
    raise Unreachable("Cannot reach the Docker Engine at %s: %s. Check that dockerd runs there and that this user may use it." % (address, cause)) from None
