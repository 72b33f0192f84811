#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudflare_verify
short_description: Verify that Cloudflare serves fresh content
version_added: 0.1.0
description:
  - >-
    Requests URLs as a visitor does until the response headers C(cf-cache-status) and C(Age) prove that the content was fetched from the origin
    after O(since), or until O(max_wait), and returns what could not be proven and why.
  - >-
    Only the Cloudflare data center nearest to the host on which the module runs answers, so other data centers are not checked.
    Run the module on several hosts to check theirs.
  - Changes nothing and needs no token.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
attributes:
  check_mode:
    support: full
    details:
      - Check mode does the same as a real run.
  diff_mode:
    support: N/A
    details:
      - Nothing is ever changed.
  idempotent:
    support: full
    details:
      - Nothing is ever changed. The module returns what was served at that moment.
options:
  urls:
    description:
      - URLs to request. An entry is a URL, or a dictionary of C(url) and C(headers), as in O(mycosoft.rack.cloudflare_purge#module:files).
      - Redirects are not followed.
    type: list
    elements: raw
    required: true
  since:
    description:
      - The time after which a copy counts as fresh, in seconds since 1970, such as RV(mycosoft.rack.cloudflare_purge#module:began).
      - By default the time at which the module started.
    type: float
  strict:
    description:
      - Whether to fail if a URL is not proven to be fresh. With V(false) each such URL is a warning.
    type: bool
    default: false
  max_wait:
    description:
      - Seconds from the start within which a URL is requested again.
      - No request begins later than this, or O(timeout) if that is longer, so the module takes at most one request longer.
    type: float
    default: 30
  timeout:
    description:
      - Seconds that one request may take as a whole.
    type: float
    default: 10
  validate_certs:
    description:
      - Whether to check the certificates of the sites.
    type: bool
    default: true
seealso:
  - module: mycosoft.rack.cloudflare_purge
  - name: Cloudflare cache responses
    description: What each value of the response header means.
    link: https://developers.cloudflare.com/cache/concepts/cache-responses/
"""

EXAMPLES = r"""
- name: Purge the front page
  mycosoft.rack.cloudflare_purge:
    token: "{{ lookup('ansible.builtin.env', 'CLOUDFLARE_API_TOKEN') }}"
    zone: example.org
    files: [https://www.example.org/]
  delegate_to: localhost
  register: purged

- name: Fail if the old page is still served
  mycosoft.rack.cloudflare_verify:
    urls: [https://www.example.org/]
    since: "{{ purged.began }}"
    strict: true
  delegate_to: localhost

- name: Check what phones get from now on
  mycosoft.rack.cloudflare_verify:
    urls:
      - url: https://www.example.org/
        headers:
          CF-Device-Type: mobile
    max_wait: 5
  delegate_to: localhost
"""

RETURN = r"""
proven:
  description: Whether every URL is proven to be fresh.
  type: bool
  returned: always
  sample: true
pages:
  description: What was found, in the given order. Also returned if the module fails because of it.
  type: list
  elements: dict
  returned: always
  contains:
    url:
      description: The URL.
      type: str
    headers:
      description: The request headers that were given with it.
      type: dict
    freshness:
      description: >-
        V(fresh) if the copy is younger than O(since) or the origin delivered or revalidated it for this request, V(stale) if it is proven to be older
        or expired, V(unproven) if the last response proves neither.
      type: str
    http_status:
      description: HTTP status of the last response; null if there was none.
      type: int
    cache_status:
      description: The response header C(cf-cache-status); null if it was not sent.
      type: str
    age:
      description: The response header C(Age) in seconds; null if it was not sent.
      type: int
    requests:
      description: Number of requests sent.
      type: int
    message:
      description: Why the URL is not proven to be fresh, and what to do; empty if it is.
      type: str
  sample:
    - url: https://www.example.org/
      headers: {}
      freshness: fresh
      http_status: 200
      cache_status: HIT
      age: 2
      requests: 3
      message: ""
waited:
  description: Seconds spent waiting between requests.
  type: float
  returned: always
  sample: 1.4
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, InvalidInput, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.freshness import FRESH, Page, prove
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.purge import Item, selected
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.transport import Clock, Http


def argument_spec() -> t.Dict[str, t.Any]:
    return {
        "urls": {"type": "list", "elements": "raw", "required": True},
        "since": {"type": "float"},
        "strict": {"type": "bool", "default": False},
        "max_wait": {"type": "float", "default": 30},
        "timeout": {"type": "float", "default": 10},
        "validate_certs": {"type": "bool", "default": True},
    }


def page(item: Item) -> Page:
    return Page(item, {}) if isinstance(item, str) else Page(item["url"], item["headers"])


def run(module: AnsibleModule, clock: Clock) -> Facts:
    params = module.params
    now = clock.unix()
    since = now if params["since"] is None else params["since"]
    if since > now:
        raise InvalidInput("Cannot verify what is fresh since %.3f: it is %.3f s in the future. Check since and the clocks." % (since, since - now))
    pages = [page(item) for item in selected("files", params["urls"]).items]
    http = Http(timeout=params["timeout"], validate_certs=params["validate_certs"])
    waited = prove(pages, http, clock, since, params["max_wait"], params["timeout"])
    messages = [page.message for page in pages if page.finding.freshness != FRESH]
    facts: Facts = {"changed": False, "proven": not messages, "pages": [page.shown() for page in pages], "waited": round(waited, 3)}
    if messages and params["strict"]:
        raise RackError("Cannot verify what Cloudflare serves: %s" % " ".join(messages), **facts)
    for message in messages:
        module.warn(message)
    return facts


def main(clock: t.Optional[Clock] = None) -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    reported(module, lambda module: run(module, clock or Clock()))


if __name__ == "__main__":
    main()
