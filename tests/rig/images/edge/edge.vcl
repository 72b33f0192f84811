# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# A real cache that says of its answers what Cloudflare says: CF-Cache-Status, and Age on what it kept.
vcl 4.1;

import std;

# backend origin: the website of this rig
include "/seed/origin.vcl";

sub vcl_recv {
    if (req.url == "/__health") {
        return (synth(200));
    }
    # The stand-in of the API says what to forget. Nobody else is in a network that has no way out.
    if (req.method == "BAN") {
        if (std.ban(req.http.X-Ban)) {
            return (synth(200));
        }
        return (synth(400, std.ban_error()));
    }
}

sub vcl_backend_response {
    # What a ban is compared with has to lie beside the copy.
    set beresp.http.X-Host = bereq.http.Host;
    set beresp.http.X-Path = bereq.url;
    set beresp.grace = 0s;
    if (beresp.status == 200) {
        set beresp.ttl = 1h;
    } else {
        set beresp.uncacheable = true;
    }
}

sub vcl_deliver {
    if (obj.hits > 0) {
        set resp.http.CF-Cache-Status = "HIT";
    } else {
        set resp.http.CF-Cache-Status = "MISS";
        unset resp.http.Age;
    }
    set resp.http.CF-Ray = req.xid + "-RIG";
    unset resp.http.X-Host;
    unset resp.http.X-Path;
}
