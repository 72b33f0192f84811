#!/usr/bin/env bash
# Prepares this checkout: system packages, .venv from requirements.lock, the collection's own path.
# Safe to run at any time; if nothing changed it does nothing.
#   PYTHON=3.11 tools/setup.sh    uses that series instead of the best one found
set -euo pipefail
cd "$(dirname "$0")/.."

# Best first: ansible-core 2.20 is what daily work runs on; 2.21 and 2.19 follow.
read -ra SERIES <<<"${PYTHON:-3.12 3.13 3.11}"
readonly SERIES
# command=Debian package
readonly PROGRAMS=(git=git ssh=openssh-client rsync=rsync ip=iproute2 dockerd=docker.io mmdebstrap=mmdebstrap)
readonly COLLECTION=.ansible/collections/ansible_collections/mycosoft/rack

say() { printf 'setup: %s\n' "$*"; }
stop() {
  say "$*" >&2
  exit 1
}

# Installs Debian packages without starting anything: package scripts ask policy-rc.d first, and 101 means "not now".
install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  local policy=/usr/sbin/policy-rc.d
  say "installing $*"
  if [[ ! -e $policy ]]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  apt-get update -q >/dev/null
  apt-get install -q -y --no-install-recommends "$@" >/dev/null
}

system_packages() {
  local program missing=()
  for program in "${PROGRAMS[@]}"; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${program%=*}" >/dev/null || missing+=("${program#*=}")
  done
  # an engine that already answers is good enough
  if [[ " ${missing[*]} " == *" docker.io "* ]] && docker version >/dev/null 2>&1; then
    missing=("${missing[@]/docker.io/}")
  fi
  read -ra missing <<<"${missing[*]}"
  [[ -n $(find_python) ]] || missing+=(python3 python3-venv)
  if ((${#missing[@]} == 0)); then
    return
  fi
  if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    say "missing packages: ${missing[*]} (Debian names). Install them; the checks need Python, the rig needs all of them." >&2
    return
  fi
  install_packages "${missing[@]}"
}

# Prints the interpreter to use, or nothing. Only running one tells: a pyenv shim of an inactive version is found on PATH and
# ends with 127, and Debian's python3 without python3-venv cannot make an environment.
find_python() {
  local series candidate
  for series in "${SERIES[@]}"; do
    for candidate in "${PYENV_ROOT:-${HOME:-}/.pyenv}/versions/$series".*/bin/"python$series" \
      {/usr/local,/usr}/bin/"python$series" "python$series"; do
      if "$candidate" -c 'import ensurepip, sys, venv; print(sys._base_executable)' 2>/dev/null; then
        return
      fi
    done
  done
}

# What .venv was created from. The path of the checkout counts, because scripts of an environment contain it.
state() { printf '%s\n' "$PWD" "$(sha256sum requirements.lock)"; }

current() {
  [[ -f .venv/.made-from && $(<.venv/.made-from) == "$(state)" ]] || return 1
  .venv/bin/python -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] not in sys.argv)' "${SERIES[@]}" 2>/dev/null
}

# uv ignores pip's configuration: pass on the index and the certificates that pip has configured.
follow_pip() {
  local settings index certificates
  # not `config get`: that reads only one file
  settings=$(.venv/bin/python -m pip config list)
  index=$(pip_setting index-url <<<"$settings")
  certificates=$(pip_setting cert <<<"$settings")
  if [[ -n $index ]]; then
    export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$index}
  fi
  if [[ -n $certificates ]]; then
    export SSL_CERT_FILE=${SSL_CERT_FILE:-$certificates}
  fi
}

# Prints the setting NAME of pip from its list, whose lines read global.NAME='value'; those of the environment come first.
pip_setting() { sed -nE "s/^(:env:|global)\.$1='(.*)'\$/\1 \2/p" | sort | sed -nE '1s/^[^ ]+ //p'; }

# Prints what the lock says of one package: its version, and a line for the hash of each of its files.
requirement() { awk -v name="$1" 'index($0, name "==") == 1 {found = 1} found {print; if ($0 !~ /\\$/) exit}' requirements.lock; }

environment() {
  local python
  python=$(find_python)
  if [[ -z $python ]]; then
    stop "no usable Python of ${SERIES[*]} found. Install one with its venv module, or name its series with PYTHON=3.12"
  fi
  say "creating .venv with $("$python" --version)"
  rm -rf .venv
  "$python" -m venv .venv
  # what an index answers is installed only if the lock has its hash
  .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r <(requirement uv)
  follow_pip
  .venv/bin/uv pip sync -q --require-hashes --python .venv/bin/python requirements.lock
  state >.venv/.made-from
}

collection_path() {
  mkdir -p "$(dirname "$COLLECTION")"
  ln -sfn ../../../.. "$COLLECTION"
}

main() {
  # two simultaneous runs would remove each other's environment
  mkdir -p .cache
  exec 9>.cache/setup.lock
  flock 9
  collection_path
  system_packages
  if ! current; then
    environment
    say "ready: $(.venv/bin/ansible --version | sed -n 1p)"
  fi
}

main
