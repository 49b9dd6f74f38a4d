#!/bin/sh
# Makes sure that Debian's Chromium is there: installs it when root and apt allow, else says what is missing.
set -eu
[ -x /usr/bin/chromium ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Debian's chromium ..."
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q chromium >/dev/null
  exit 0
fi
echo "Browser tests need Chromium at /usr/bin/chromium. Install it (Debian: apt-get install chromium) and try again." >&2
exit 3
