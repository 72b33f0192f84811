#!/usr/bin/env bash
# A deploy as it is done by hand: server after server over SSH, each step when the one before has ended.
# Part of `make bench`, which sets the variables below; the limits are the files that our own deploy rendered.
set -euo pipefail
: "${SSH_CONFIG:?}" "${CLOUDFLARE_ZONE_URL:?}" "${CLOUDFLARE_TOKEN_FILE:?}"

# on SERVER: the commands of standard input, over one connection.
on() { ssh -n -F "$SSH_CONFIG" "$1" "set -eu; $(cat)"; }

on overflow1 <<'COMMANDS'
docker system prune --all --force
git -C ~/mycosoft/mas pull --ff-only
cd ~/mycosoft/mas
compose="docker compose --project-name mas --env-file $HOME/env/mas.env
  --file docker-compose.yml --file /var/lib/mycosoft-rack/stacks/mas.yml"
$compose build
$compose up --detach --wait
COMMANDS

on overflow2 <<'COMMANDS'
docker system prune --all --force
COMMANDS

on sandbox <<'COMMANDS'
docker system prune --all --force
for checkout in mas website mindex; do git -C ~/mycosoft/$checkout pull --ff-only; done
cd ~/mycosoft/mas
compose="docker compose --project-name mycosoft-always-on --env-file $HOME/env/always-on.env
  --file docker-compose.always-on.yml --file /var/lib/mycosoft-rack/stacks/always-on.yml"
$compose build
$compose up --detach --wait
COMMANDS

# The token through a file handle: arguments can be read by everybody on the machine.
curl --fail --silent --show-error --header @<(printf 'Authorization: Bearer %s\n' "$(<"$CLOUDFLARE_TOKEN_FILE")") \
  --json '{"purge_everything": true}' "$CLOUDFLARE_ZONE_URL/purge_cache"
