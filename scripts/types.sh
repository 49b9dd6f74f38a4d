#!/bin/sh
# mypy needs Django's settings, which insist on a database address; nothing is connected to.
set -eu
export DATABASE_URL=postgresql://types@localhost/types
export LOCALEX_SECRET_KEY=only-for-the-type-checker-never-used-to-sign
export LOCALEX_DEMO=1
export DJANGO_SETTINGS_MODULE=localex.config.settings
exec mypy src/localex
