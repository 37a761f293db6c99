#!/usr/bin/env bash
# Builds the image and shows that it works, by buildah alone, without a container engine.
#   BUILD_IMAGE=… RUNTIME_IMAGE=… PORT=6379 deploy/prove-image.sh
# The image's own command runs as its own user, on the network of this machine, bound to the loopback.
set -euo pipefail
cd "$(dirname "$0")/.."

port=${PORT:-6379}
arguments=()
[ -z "${BUILD_IMAGE:-}" ] || arguments+=(--build-arg "BUILD_IMAGE=$BUILD_IMAGE")
[ -z "${RUNTIME_IMAGE:-}" ] || arguments+=(--build-arg "RUNTIME_IMAGE=$RUNTIME_IMAGE")
image=localhost/seckill-proof
# What runs is ended by its id, and what was made is removed, whatever happened.
container='' data='' server=''
clean() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$container" ] || buildah rm "$container" >/dev/null
  [ -z "$data" ] || rm -r "$data"
}
trap clean EXIT

say() { printf '\n== %s\n' "$*"; }
inside() { buildah run --isolation chroot --network host --volume "$data:/data" "$container" -- "$@"; }
ask() { redis-cli -p "$port" "$@"; }
expect() { # expect WORD COMMAND…: the reply's first line is the word
  local reply
  reply=$(ask "${@:2}" | head -n 1)
  echo "${*:2} -> $reply"
  [ "$reply" = "$1" ] || { echo "expected $1"; exit 1; }
}

start() {
  inside "${entrypoint[@]}" --bind 127.0.0.1 --port "$port" &
  running=$!
  for _ in $(seq 100); do
    ask ping 2>/dev/null | grep -q PONG && break
    sleep 0.1
  done
  server=$(ask info server | tr -d '\r' | sed -n 's/^process_id://p')
  echo "user: $(ps -o uid= -p "$server" | tr -d ' '), process: $(ps -o args= -p "$server")"
}

stop() {
  kill -TERM "$server"
  wait "$running"
  server=''
}

say "build"
buildah bud --isolation chroot --network host --format docker --tag "$image" "${arguments[@]}" .

say "start"
container=$(buildah from "$image")
mapfile -t entrypoint < <(buildah inspect --type container --format \
  '{{range .Docker.Config.Entrypoint}}{{println .}}{{end}}' "$container" | sed '/^$/d')
data=$(mktemp --directory)
chown "$(buildah run --isolation chroot "$container" -- id -u redis)" "$data"
start

say "sell"
expect OK SECKILL.CREATE phone STOCK 1000 HOLD 60000
expect RESERVED SECKILL.RESERVE phone alice
expect CONFIRMED SECKILL.CONFIRM phone 1
expect 999 SECKILL.STOCK phone

say "health"
if [ "$port" = 6379 ]; then
  inside "$(buildah inspect --type container --format '{{index .Docker.Config.Healthcheck.Test 1}}' "$container")" \
    -c "$(buildah inspect --type container --format '{{index .Docker.Config.Healthcheck.Test 3}}' "$container")"
  echo healthy
else
  echo "not asked: it expects port 6379"
fi

say "stop by SIGTERM, start again on the same data"
stop
start
expect 999 SECKILL.STOCK phone
stop

say "proved: $(buildah images --format '{{.Size}}' "$image"), commit $(git rev-parse --short HEAD)"
