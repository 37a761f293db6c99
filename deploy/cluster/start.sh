#!/usr/bin/env bash
# A cluster of three primaries on this machine with an item on three shards, until Ctrl-C.
#
# SECKILL_MODULE, SECKILL_SERVER and SECKILL_CLI name the module, the server program and `seckill`,
# otherwise they are taken from target/release and the PATH. SECKILL_PORT is the first of three ports.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
module=$(realpath "${SECKILL_MODULE:-$root/target/release/libseckill.so}")
server=${SECKILL_SERVER:-redis-server}
seckill=${SECKILL_CLI:-$root/target/release/seckill}
first=${SECKILL_PORT:-7101}
ports=("$first" "$((first + 1))" "$((first + 2))")
# The sales of this item fall on three different nodes.
item=phone-2026
shards=3
units=1000

fail() {
  echo "start.sh: $*" >&2
  exit 1
}

[ -f "$module" ] || fail "no module at $module; cargo build --release -p seckill"
[ -x "$seckill" ] || fail "no program at $seckill; cargo build --release -p seckill-cli"
command -v "$server" >/dev/null || fail "no $server; apt-get install redis-server"
command -v redis-cli >/dev/null || fail "no redis-cli; apt-get install redis-tools"

folder=$(mktemp -d -t seckill-cluster.XXXXXX)
nodes=()
end() {
  trap - EXIT INT TERM HUP
  if [ ${#nodes[@]} -gt 0 ]; then
    kill "${nodes[@]}" 2>/dev/null || true
    wait "${nodes[@]}" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap end EXIT
trap 'exit 0' INT TERM HUP

for port in "${ports[@]}"; do
  mkdir "$folder/$port"
  # A session of its own: Ctrl-C is for this script, which ends the servers in order.
  setsid "$server" --port "$port" --bind 127.0.0.1 --dir "$folder/$port" --logfile log \
    --cluster-enabled yes --appendonly yes --loadmodule "$module" &
  nodes+=($!)
done

# Whether all nodes answer this command with that text, within ten seconds.
all_say() {
  local text=$1 port
  shift
  for port in "${ports[@]}"; do
    for try in $(seq 100); do
      redis-cli -p "$port" "$@" 2>/dev/null | grep -q "$text" && continue 2
      sleep 0.1
    done
    tail -n 5 "$folder/$port/log" >&2 || true
    fail "the node on port $port does not say $text"
  done
}

all_say PONG PING
redis-cli --cluster create "${ports[@]/#/127.0.0.1:}" --cluster-yes >"$folder/create.log" ||
  fail "$(cat "$folder/create.log")"
all_say cluster_state:ok CLUSTER INFO

for ((shard = 0; shard < shards; shard++)); do
  sale="{$item#$shard}"
  made=$(redis-cli -c -p "$first" SECKILL.CREATE "$sale" STOCK $((units / shards + (shard < units % shards))) HOLD 900000)
  [ "$made" = OK ] || fail "$sale was not created: $made"
done

"$seckill" rebalance --url "redis://127.0.0.1:$first" --item "$item" --shards "$shards" --dry-run
cat <<TEXT

ready: a cluster on the ports ${ports[*]}, and $units units of $item on $shards shards

  whose shard is alice's:   $seckill route --item $item --shards $shards alice
  she takes a unit there:   redis-cli -c -p $first SECKILL.RESERVE '{$item#2}' alice
  move units to demand:     $seckill rebalance --url redis://127.0.0.1:$first --item $item --shards $shards --watch

Ctrl-C ends it.
TEXT
# Until a signal comes, or a node ends by itself.
wait -n "${nodes[@]}" || true
fail "a node ended by itself: $(tail -n 3 "$folder"/*/log)"
