#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Releases and workers of a real daemon: what is refused, and why; the worker's
# process, confined and started again; the forwarding program of 2.0, which
# counts and marks what is forwarded.
#
# timeout: 900

# shellcheck disable=SC2119,SC2317 # functions are called by those of lib.sh
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/topology.sh
. "$(dirname "$0")/../topology.sh"

work=$(mktemp -d)
releases=$BUILD/releases

ctl() { slicectl -s "$work/run/sliced.sock" "$@"; }
status() { ctl -j slice status red | jq -r ".[0]$1"; }
is() { [ "$(status "$1")" = "$2" ]; }
worker() { ctl -j worker show red | jq -r ".[0]$1"; }
worker_is() { [ "$(worker "$1")" = "$2" ]; }

definition() { # SCHEMA
	jq -n --argjson schema "$1" '[
		{dst: "10.0.1.0/24", port: "p0"}, {dst: "10.0.2.0/24", port: "p1"},
		{dst: "10.1.0.0/24", via: "10.0.1.10", port: "p0"},
		{dst: "10.2.0.0/24", via: "10.0.2.10", port: "p1"},
		{dst: "fd00:1::/64", port: "p0"}, {dst: "fd00:2::/64", port: "p1"},
		{dst: "fd00:11::/64", via: "fd00:1::10", port: "p0"},
		{dst: "fd00:12::/64", via: "fd00:2::10", port: "p1"}] as $routes | {
		name: "red", ports: [{name: "p0"}, {name: "p1"}],
		gateways: [{port: "p0", address: "10.0.1.1"}, {port: "p0", address: "fd00:1::1"},
			{port: "p1", address: "10.0.2.1"}, {port: "p1", address: "fd00:2::1"}],
		schema: $schema,
		config: (if $schema == 1 then {routes: $routes} else {
			next_hops: ($routes | to_entries | map({key: "n\(.key)",
				value: [.value | del(.dst)]}) | from_entries),
			routes: ($routes | to_entries | map({dst: .value.dst, to: "n\(.key)"}))} end)}' \
		> "$work/red.json"
}

define() { # SCHEMA RELEASE
	definition "$1" && ctl slice define "$work/red.json" release "$2"
}

spoilt() { # a bundle with one byte more in a file
	cp -r "$releases/base-1.0" "$work/spoilt"
	echo >> "$work/spoilt/worker"
	ctl release import "$work/spoilt"
}

# Sent with ECN ECT(0) and DSCP CS1, to see what becomes of them.
traffic_marks() { # ADDRESS: marks that arrive, as JSON
	rm -f "$work"/recv.json "$work"/send.json
	ip netns exec red-d traffic recv --port 7000 --report "$work/recv.json" &
	local recv=$!
	eventually 30 [ -e "$work/recv.json" ]
	ip netns exec red-s traffic send --to "$1" --port 7000 --flow 1 --rate 50 --count 40 \
		--tos $((8 << 2 | 2)) --report "$work/send.json" > "$OUT/send.log" 2>&1
	sleep 1
	kill -TERM "$recv"
	wait "$recv"
	traffic sum --sent "$work/send.json" --received "$work/recv.json" |
		jq -c '.flows[0] | [.received, .lost, .dscp]'
}

ns_make r
netslice_load
chain_make red
jq -n --arg work "$work" '{
	node: "first", state_dir: "\($work)/state", run_dir: "\($work)/run",
	ports: {red: {
		p0: {device: "red-p0", addresses: ["10.0.1.2/24", "fd00:1::2/64"]},
		p1: {device: "red-p1", addresses: ["10.0.2.2/24", "fd00:2::2/64"]}}}}' \
	> "$work/sliced.json"
ip netns exec r sliced -1 -c "$work/sliced.json" -v > "$OUT/sliced.log" 2>&1 &
daemon=$!
ok "the daemon starts" eventually 60 ctl node show

# --- what is taken, and what is refused ------------------------------------------

ok "a directory is imported" ctl release import "$releases/base-1.0"
ok "a tar file is imported" ctl release import "$releases/base-2.0.tar.gz"
ok "1.1 is imported" ctl release import "$releases/base-1.1"
ok "one whose worker ends at once is imported" ctl release import "$releases/bad-exit-1.2"
refused "a wrong hash is refused, and the file is named" "worker: its hash is" spoilt
refused "so is a program that could reach another slice" "clone_redirect" \
	ctl release import "$releases/bad-helper-2.0"
refused "and what is no bundle" "not a tar" ctl release import "$work/sliced.json"
equal "nothing of them is left" 4 "$(find "$work/state/releases" -mindepth 1 -maxdepth 1 | wc -l)"
equal "the hash of a release is that of its manifest" \
	"$(ctl -j release show base-2.0 | jq -r '.[0].hash')" \
	"$(sha256sum < "$(echo "$work"/state/releases/*/forward.bpf.o | sed 's,/[^/]*$,/manifest.json,')" |
		cut -d' ' -f1)"

# --- a slice at 1.0 ---------------------------------------------------------------

ok "a slice is defined" define 1 base-1.0
ok "it becomes master" eventually 60 is .fp.role master
ok "its worker is well" eventually 60 worker_is .healthy true
equal "IPv4 passes with its mark" '[40,0,{"8":40}]' "$(traffic_marks 10.2.0.10)"
pid=$(worker .pid)
equal "the worker is not root" 0 "$(grep -c '^Uid:	0' "/proc/$pid/status")"
equal "and has no privileges to gain" 1 "$(awk '/NoNewPrivs/ {print $2}' "/proc/$pid/status")"
equal "nor any capability" 0000000000000000 "$(awk '/CapEff/ {print $2}' "/proc/$pid/status")"
equal "nor a file but its socket" 4 "$(find "/proc/$pid/fd" -mindepth 1 | wc -l)"
refused "what a slice runs is not removed" "release" ctl release del base-1.0
kill -KILL "$pid"
ok "a worker that dies is started again" eventually 60 worker_is .restarts 1
ok "and is well again" eventually 60 worker_is .healthy true
equal "with the same role" master "$(worker .role)"
equal "its routes stand" '[40,0,{"8":40}]' "$(traffic_marks 10.2.0.10)"

# --- the forwarding program of 2.0 --------------------------------------------------

ok "the slice is undefined" ctl slice undefine red
ok "and defined anew at 2.0, with schema 2" define 2 base-2.0
ok "it becomes master" eventually 60 is .fp.role master
ok "its generation has a program" eventually 60 \
	sh -c "slicectl -n r -j generation show red | jq -e '.[] | select(.state == \"active\") | .prog_id'"
equal "IPv4 arrives marked AF41, nothing lost" '[40,0,{"34":40}]' "$(traffic_marks 10.2.0.10)"
equal "and so does IPv6" '[40,0,{"34":40}]' "$(traffic_marks fd00:12::10)"

ok "the slice is undefined" ctl slice undefine red
ok "then its release goes" eventually 30 ctl release del base-2.0
kill -TERM "$daemon"
wait "$daemon"
equal "the daemon ends" 0 "$?"

rm -rf "$work"
finish
