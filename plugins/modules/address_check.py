#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: address_check
short_description: Wait until services answer at their addresses
version_added: 0.1.0
description:
  - Requests the addresses of services from the host until each answers with 200. If one does not in time, fails with the service, the address and the reason.
  - All addresses are requested at once, and O(seconds) is the time of all of them together, also if an answer comes in drips.
  - Changes nothing.
author:
  - mycosoft.rack maintainers (@mycosoft)
extends_documentation_fragment:
  - mycosoft.rack.attributes
attributes:
  action:
    description: The action plugin of the same name shows what is waited for.
    support: full
  check_mode:
    support: full
    details:
      - Check mode requests nothing, because nothing was started.
  diff_mode:
    support: N/A
    details:
      - Nothing is ever changed.
  idempotent:
    support: full
    details:
      - Nothing is ever changed.
options:
  addresses:
    description: The addresses to request.
    type: list
    elements: dict
    required: true
    suboptions:
      service:
        description: The service in messages.
        type: str
        required: true
      url:
        description: Its address.
        type: str
        required: true
  seconds:
    description: Seconds within which all of them have to answer.
    type: float
    default: 300
  host:
    description: The name of the server in messages. The action plugin sets the inventory name.
    type: str
    default: this server
  waited:
    description: Seconds that were waited already. For the action plugin of this module only.
    type: float
    default: 0
seealso:
  - module: mycosoft.rack.docker_watch
"""

EXAMPLES = r"""
- name: Wait until the API answers
  mycosoft.rack.address_check:
    addresses:
      - {service: mindex-api, url: "http://127.0.0.1:8000/health"}
    seconds: 60
"""

RETURN = r"""
silent:
  description: The addresses that do not answer, with C(service), C(url) and C(why). If there is any, the module fails.
  returned: always
  type: list
  elements: dict
  sample: [{service: mindex-api, url: "http://127.0.0.1:8000/health", why: "Connection refused"}]
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._host.web import silent

#: Seconds that one request may take at most, and between two requests of an address.
REQUEST = 10.0
PAUSE = 1.0

#: Seconds of a request even if no time is left: an address that answers is not called silent because nobody asked.
_LEAST = 1.0


def argument_spec() -> Facts:
    address = {name: {"type": "str", "required": True} for name in ("service", "url")}
    return {
        "addresses": {"type": "list", "elements": "dict", "required": True, "options": address},
        "seconds": {"type": "float", "default": 300},
        "host": {"type": "str", "default": "this server"},
        "waited": {"type": "float", "default": 0},
    }


def run(module: AnsibleModule) -> Facts:
    params = module.params
    began = time.monotonic()
    until = began + params["seconds"]
    reasons: Facts = {}
    missing = {} if module.check_mode else {str(number): address["url"] for number, address in enumerate(params["addresses"])}
    while missing:
        reasons = silent(missing, min(REQUEST, max(until - time.monotonic(), _LEAST)))
        missing = {number: url for number, url in missing.items() if number in reasons}
        if until - time.monotonic() <= PAUSE:
            break
        if missing:
            time.sleep(PAUSE)
    facts: Facts = {"changed": False, "silent": [{**params["addresses"][int(number)], "why": reasons[number]} for number in missing]}
    if missing:
        said = "; ".join("%(service)s does not answer at %(url)s: %(why)s" % one for one in facts["silent"])
        seconds = params["waited"] + time.monotonic() - began
        raise RackError(
            "Cannot confirm that services on %s are healthy: after %d s %s. Read their logs, correct them or their health in rack_stacks, and deploy again."
            % (params["host"], seconds, said),
            **facts,
        )
    return facts


def main() -> None:
    reported(AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True), run)


if __name__ == "__main__":
    main()
