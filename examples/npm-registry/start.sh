#!/bin/sh
# Starts Verdaccio on $HOST:$PORT, with data that outlive every release and every machine.
set -eu

# By default `data` beside the site file: local machines live in .tidemill in the same directory. Processes of
# a site that root runs live elsewhere and may not write there.
if [ -z "${DATA_DIR:-}" ] && [ "${PWD%/.tidemill/*}" = "$PWD" ]; then
  echo "Run by root, this needs env: { DATA_DIR: … } with a directory that everybody may write" >&2
  exit 1
fi
data="${DATA_DIR:-${PWD%/.tidemill/*}/data}"
mkdir -p "$data/storage"
ln -sfn "$data" data

# All machines must sign log-ins with the same secret, so the first one to come makes it. A hard link
# appears whole or not at all, and fails where another machine was faster.
database="$data/storage/.verdaccio-db.json"
if [ ! -e "$database" ]; then
  draft="$database.$TIDEMILL_MACHINE"
  secret="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
  (umask 077 && printf '{"list":[],"secret":"%s"}' "$secret" >"$draft")
  ln "$draft" "$database" 2>/dev/null || [ -e "$database" ]
  rm "$draft"
fi

exec node_modules/.bin/verdaccio --config config.yaml --listen "http://$HOST:$PORT"
