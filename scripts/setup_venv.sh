#!/bin/sh
# Makes .venv from a hash-locked requirements file: scripts/setup_venv.sh requirements/base.txt
# Uses python3 (3.11 to 3.13) or $PYTHON. Needs nothing else; installs Debian's python3-venv when it may and must.
set -eu
lock=$1
python=${PYTHON:-python3}

if ! command -v "$python" >/dev/null 2>&1; then
  echo "LocalEx needs Python 3.11, 3.12 or 3.13, and there is no $python here. Install it and try again." >&2
  exit 3
fi
if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; then
  echo "LocalEx needs Python 3.11, 3.12 or 3.13; this is $("$python" --version). Set PYTHON=/path/to/python3.12." >&2
  exit 3
fi
if [ ! -x .venv/bin/pip ]; then
  if ! "$python" -m venv .venv 2>/dev/null; then
    rm -rf .venv
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      echo "Installing Debian's python3-venv ..."
      apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q python3-venv >/dev/null
      "$python" -m venv .venv
    else
      echo "Python's venv module is missing. Install it (Debian: apt-get install python3-venv) and try again." >&2
      exit 3
    fi
  fi
fi
echo "Installing the packages of $lock into .venv (a minute or two the first time) ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
