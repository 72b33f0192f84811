#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudflare_purge
short_description: Purge cached content at Cloudflare
version_added: 0.1.0
description:
  - Removes content of one zone from Cloudflare's cache, or marks it stale, through the API.
  - Large lists are sent in batches. A request that failed temporarily (rate limit, server error, timeout) is retried until O(max_wait).
  - >-
    Cloudflare confirms that it accepted a request, not that an edge has dropped the content. P(mycosoft.rack.cloudflare_verify#module) asks an edge.
  - Run it on the controller (C(delegate_to), C(run_once)), so that the token stays there.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
attributes:
  check_mode:
    support: full
    details:
      - Nothing is purged; RV(requests) are those that a real run would send. A zone given by name is looked up, which changes nothing.
  diff_mode:
    support: full
  idempotent:
    support: none
    details:
      - Cloudflare offers no way to ask what it holds, so every purge is sent and reported as a change. Only an empty list changes nothing.
options:
  token:
    description:
      - API token with the permission C(Zone / Cache Purge) for the zone, and C(Zone / Zone / Read) if O(zone) is used.
      - The token is sent only to O(api_url) and never follows a redirect.
    type: str
    required: true
  zone_id:
    description:
      - Id of the zone, 32 hexadecimal digits.
      - Exactly one of O(zone_id) and O(zone) is needed.
    type: str
  zone:
    description:
      - Exact name of the zone, to look up its id.
    type: str
  everything:
    description:
      - Purge all content of the zone. Only V(true) is accepted.
      - Exactly one of O(everything), O(files), O(tags), O(hosts) and O(prefixes) is needed. An empty list purges nothing.
    type: bool
  files:
    description:
      - URLs to purge. An entry is a URL, or a dictionary of C(url) and C(headers), the request headers that are part of the cache key.
    type: list
    elements: raw
  tags:
    description:
      - Purge what the origin sent with one of these values of the header C(Cache-Tag).
    type: list
    elements: str
  hosts:
    description:
      - Purge everything of these hostnames.
    type: list
    elements: str
  prefixes:
    description:
      - Purge everything below these prefixes, each a host and a path without scheme, such as V(example.org/blog).
    type: list
    elements: str
  mode:
    description:
      - V(purge) removes the content. V(invalidate) marks it stale, so that an edge may still serve it while it asks the origin again.
    type: str
    choices: [purge, invalidate]
    default: purge
  batch_size:
    description:
      - Items in one request. Cloudflare accepts 100, and 500 O(files) on Enterprise plans.
    type: int
    default: 100
  max_wait:
    description:
      - Seconds from the start within which a request may be retried.
      - If Cloudflare asks for a longer pause than is left, the module fails at once.
    type: float
    default: 120
  timeout:
    description:
      - Seconds that one request may take as a whole.
    type: float
    default: 30
  api_url:
    description:
      - Address of the API. Change it only for test servers; over plain http the token travels unencrypted.
    type: str
    default: https://api.cloudflare.com/client/v4
  validate_certs:
    description:
      - Whether to check the API's certificate.
    type: bool
    default: true
seealso:
  - module: mycosoft.rack.cloudflare_verify
  - name: Purge cache
    description: What can be purged, and the limits of each plan.
    link: https://developers.cloudflare.com/cache/how-to/purge-cache/
"""

EXAMPLES = r"""
- name: Purge everything of a hostname after a deploy
  mycosoft.rack.cloudflare_purge:
    token: "{{ lookup('ansible.builtin.env', 'CLOUDFLARE_API_TOKEN') }}"
    zone: example.org
    hosts: [www.example.org]
  delegate_to: localhost
  run_once: true

- name: Purge two files, one of them only in the version for phones
  mycosoft.rack.cloudflare_purge:
    token: "{{ lookup('ansible.builtin.env', 'CLOUDFLARE_API_TOKEN') }}"
    zone_id: 0123456789abcdef0123456789abcdef
    files:
      - https://www.example.org/logo.png
      - url: https://www.example.org/
        headers:
          CF-Device-Type: mobile
  delegate_to: localhost

- name: Mark a part of the site stale, and retry for up to ten minutes if rate limited
  mycosoft.rack.cloudflare_purge:
    token: "{{ lookup('ansible.builtin.env', 'CLOUDFLARE_API_TOKEN') }}"
    zone: example.org
    prefixes: [www.example.org/blog]
    mode: invalidate
    max_wait: 600
  delegate_to: localhost

- name: Purge the whole zone
  mycosoft.rack.cloudflare_purge:
    token: "{{ lookup('ansible.builtin.env', 'CLOUDFLARE_API_TOKEN') }}"
    zone: example.org
    everything: true
  delegate_to: localhost
"""

RETURN = r"""
zone_id:
  description: Id of the zone; empty if there was nothing to purge and only the zone's name was given.
  type: str
  returned: success
  sample: 0123456789abcdef0123456789abcdef
requests:
  description: The purge requests of this run in order, without the token. In check mode those that would be sent.
  type: list
  elements: dict
  returned: success
  contains:
    method:
      description: HTTP method.
      type: str
    url:
      description: Address.
      type: str
    body:
      description: JSON body.
      type: dict
  sample:
    - method: POST
      url: https://api.cloudflare.com/client/v4/zones/0123456789abcdef0123456789abcdef/purge_cache
      body: {hosts: [www.example.org]}
done:
  description: What Cloudflare accepted, as options of this module. Also returned by a failed purge.
  type: dict
  returned: when a purge was tried
  sample: {hosts: [www.example.org]}
remaining:
  description: What was not accepted, as options of this module, for another call. Empty if everything was accepted.
  type: dict
  returned: when a purge was tried
  sample: {}
began:
  description:
    - When the first purge request was sent, in seconds since 1970.
    - Copies that Cloudflare fetches after that are fresh. Pass it to P(mycosoft.rack.cloudflare_verify#module).
  type: float
  returned: when a purge was tried
  sample: 1795442400.125
sent:
  description: Number of requests sent, including lookups and retries.
  type: int
  returned: when a purge was tried
  sample: 1
waited:
  description: Seconds spent waiting between tries.
  type: float
  returned: when a purge was tried
  sample: 0.0
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.api import Api
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.purge import ACTIONS, SELECTORS, Purge, checked_token, only_zone
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.transport import Clock, Http


def argument_spec() -> t.Dict[str, t.Any]:
    return {
        "token": {"type": "str", "required": True, "no_log": True},
        "zone_id": {"type": "str"},
        "zone": {"type": "str"},
        "everything": {"type": "bool"},
        "files": {"type": "list", "elements": "raw"},
        "tags": {"type": "list", "elements": "str"},
        "hosts": {"type": "list", "elements": "str"},
        "prefixes": {"type": "list", "elements": "str"},
        "mode": {"type": "str", "choices": list(ACTIONS), "default": "purge"},
        "batch_size": {"type": "int", "default": 100},
        "max_wait": {"type": "float", "default": 120},
        "timeout": {"type": "float", "default": 30},
        "api_url": {"type": "str", "default": "https://api.cloudflare.com/client/v4"},
        "validate_certs": {"type": "bool", "default": True},
    }


def run(module: AnsibleModule, clock: Clock) -> Facts:
    params = module.params
    token = checked_token(params["token"])
    purge = Purge.of(params)
    api = Api(Http(token, params["timeout"], params["validate_certs"]), clock, params["max_wait"])
    zone_id = purge.zone_id or ""
    if purge.zone and not purge.selection.empty:
        zone_id = only_zone(api.ask(purge.lookup()), purge.zone)
    requests = [purge.call(zone_id, batch).shown() for batch in purge.batches()]
    facts: Facts = {"changed": bool(requests), "zone_id": zone_id, "requests": requests, "diff": purge.diff(zone_id)}
    if not module.check_mode and requests:
        facts.update(api.send(purge, zone_id))
    return facts


def main(clock: t.Optional[Clock] = None) -> None:
    module = AnsibleModule(
        argument_spec=argument_spec(),
        supports_check_mode=True,
        mutually_exclusive=[["zone_id", "zone"], list(SELECTORS)],
        required_one_of=[["zone_id", "zone"], list(SELECTORS)],
    )
    reported(module, lambda module: run(module, clock or Clock()))


if __name__ == "__main__":
    main()
