#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# One node, one daemon: a slice is defined and forwards, its definition changes
# while it does, the daemon is killed and started again, and no packet is lost;
# what was defined comes back after everything in the kernel was lost; what was
# undefined is gone.
#
# timeout: 900

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../topology.sh"

work=$(mktemp -d)
sock=$work/run/sliced.sock
config=$work/sliced.json

# One command to the daemon: prints its result, or what was wrong.
ask() { # COMMAND [ARGUMENTS]
	python3 - "$sock" "$1" "${2:-{\}}" << 'PYTHON'
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(90)
s.connect(sys.argv[1])
s.sendall(json.dumps({"id": 1, "cmd": sys.argv[2], "args": json.loads(sys.argv[3])}).encode() + b"\n")
r = json.loads(s.makefile().readline())
if not r["ok"]:
    print(r["error"]["code"] + ": " + r["error"]["text"])
    sys.exit(1)
print(json.dumps(r["result"]))
PYTHON
}

status() { ask slice.status '{"slice": "red"}' | jq -r ".slices[0]$1"; }
is() { [ "$(status "$1")" = "$2" ]; }
generation_now() { slicectl -n r -j slice show red | jq -r '.[0].gen'; }

daemon_start() {
	ip netns exec r sliced -1 -c "$config" -v >> "$OUT/sliced.log" 2>&1 &
	daemon=$!
}

daemon_answers() { eventually 60 ask status; }

daemon_kill() {
	kill -KILL "$daemon"
	wait "$daemon" 2> /dev/null
}

definition() { # ROUTES-JSON: with those of the chain
	jq -n --argjson more "$1" '{
		name: "red",
		ports: [{name: "p0", kind: "lan"}, {name: "p1", kind: "lan"}],
		gateways: [{port: "p0", address: "10.0.1.1"}, {port: "p0", address: "fd00:1::1"},
			{port: "p1", address: "10.0.2.1"}, {port: "p1", address: "fd00:2::1"}],
		schema: 1,
		config: {routes: ([
			{dst: "10.0.1.0/24", port: "p0"}, {dst: "10.0.2.0/24", port: "p1"},
			{dst: "10.1.0.0/24", via: "10.0.1.10", port: "p0"},
			{dst: "10.2.0.0/24", via: "10.0.2.10", port: "p1"},
			{dst: "fd00:1::/64", port: "p0"}, {dst: "fd00:2::/64", port: "p1"},
			{dst: "fd00:11::/64", via: "fd00:1::10", port: "p0"},
			{dst: "fd00:12::/64", via: "fd00:2::10", port: "p1"}] + $more)}}'
}

define() { # FIRST COUNT of routes more [RELEASE]
	define_routes "$(many "$1" "$2")" "${3:-}"
}

define_routes() { # ROUTES-JSON RELEASE
	ask slice.define "$(jq -n --argjson d "$(definition "$1")" --arg r "${2:-}" \
		'{definition: $d} + if $r == "" then {} else {release: $r} end')"
}

many() { # FIRST COUNT: routes that no host uses
	jq -n --argjson first "$1" --argjson count "$2" '[range($first; $first + $count) |
		{dst: "172.\(16 + . / 256 | floor).\(. % 256).0/24", via: "10.0.2.10", port: "p1"}]'
}

routes_are() { # COUNT of IPv4 routes in the active generation
	[ "$(slicectl -n r -j generation digest red | jq -r '.[0].routes4')" = "$1" ]
}

settled() { [ "$(status .drift | jq -c .)" = "[]" ]; }

traffic_start() {
	rm -f "$work"/recv*.json
	ip netns exec red-d traffic recv --port 7000 --report "$work/recv-d.json" & recv_d=$!
	ip netns exec red-s traffic recv --port 7000 --report "$work/recv-s.json" & recv_s=$!
	eventually 30 [ -e "$work/recv-d.json" ] && eventually 30 [ -e "$work/recv-s.json" ]
	ip netns exec red-s traffic send --to 10.2.0.10 --port 7000 --flow 1 --rate 100 \
		--report "$work/s1.json" & send_1=$!
	ip netns exec red-d traffic send --to fd00:11::10 --port 7000 --flow 2 --rate 100 \
		--report "$work/s2.json" & send_2=$!
}

traffic_stop() {
	kill -TERM "$send_1" "$send_2"
	wait "$send_1" "$send_2"
	sleep 1
	kill -TERM "$recv_d" "$recv_s"
	wait "$recv_d" "$recv_s"
}

traffic_sum() {
	traffic sum --sent "$work/s1.json" --sent "$work/s2.json" \
		--received "$work/recv-d.json" --received "$work/recv-s.json"
}

ping4() { ns red-s ping -q -c 1 -W 2 10.2.0.10; }
ping6() { ns red-s ping -q -c 1 -W 2 fd00:12::10; }

# --- the node ----------------------------------------------------------------

ns_make r
netslice_load
chain_make red
jq -n --arg work "$work" '{
	node: "first", state_dir: "\($work)/state", run_dir: "\($work)/run", listen: null,
	ports: {red: {
		p0: {device: "red-p0", addresses: ["10.0.1.2/24", "fd00:1::2/64"]},
		p1: {device: "red-p1", addresses: ["10.0.2.2/24", "fd00:2::2/64"]}}}
} | del(.listen)' > "$config"
daemon_start
ok "the daemon starts" daemon_answers
ok "a release is imported" ask release.import \
	"$(jq -n --arg path "$BUILD/releases/base-1.0" '{path: $path}')"

# --- defining ----------------------------------------------------------------

refused "a slice needs a device for each port" "map it to no device" ask slice.define \
	'{"definition": {"name": "blue", "ports": [{"name": "x"}], "schema": 1, "config": {}}}'
refused "what is wrong in a definition is named" "ports" ask slice.define \
	'{"definition": {"name": "red", "schema": 1, "config": {}}}'
refused "a release must be there" "release" define 0 0 base-9.9
ok "a slice is defined" define 0 0 base-1.0
ok "its routes become its first generation" eventually 60 is .fp.generation 1
ok "it becomes master, since it has no other node" eventually 60 is .fp.role master
equal "with a term of its own" 3 "$(status .fp_term)"
equal "which the kernel has" 3 "$(status .fp.term)"
equal "nothing has drifted" '[]' "$(status .drift | jq -c .)"
equal "and all is well" '' "$(status .why)"
ok "it forwards IPv4" eventually 30 ping4
ok "and IPv6" eventually 30 ping6
refused "a change by hand is refused" "belongs to" slicectl -n r gateway del red p0 10.0.1.1

# --- changing, under traffic ---------------------------------------------------

traffic_start
ok "a thousand routes more" define 0 1000
ok "come into force" eventually 60 routes_are 1004
ok "half of them go" define 0 500
ok "and are gone" eventually 60 routes_are 504
equal "by edits of the same generation" 1 "$(generation_now)"

# --- the daemon dies -----------------------------------------------------------

daemon_kill
ok "without a daemon it forwards" ping4
daemon_start
ok "the daemon starts again" daemon_answers
ok "and finds its slice" eventually 60 is .phase placed
ok "with its worker" eventually 60 is .cp.complete true
equal "the generation is what it was" 1 "$(generation_now)"
equal "so is the term" 3 "$(status .fp.term)"
equal "and the role" master "$(status .fp.role)"
daemon_kill
slicectl -n r route del red 172.16.1.0/24 force || note "no route was deleted"
daemon_start
daemon_answers
ok "a route that was lost meanwhile is brought back" eventually 60 routes_are 504
slicectl -n r route del red 172.16.1.0/24 force
says "a route gone by hand is shown as drift" "not what the worker wants" status .drift
ip -n r addr del 10.0.1.2/24 dev red-p0
says "drift is shown" "lacks address 10.0.1.2/24" status .drift
ok "and repaired by defining again" define 0 500
ok "then nothing differs" eventually 60 settled
traffic_stop
says "no packet was lost" '"lost": ?0' traffic_sum
ok "nor doubled" traffic_sum

# --- all is lost ---------------------------------------------------------------

daemon_kill
slicectl -n r slice del red owner sliced
daemon_start
ok "the daemon starts on an empty kernel" daemon_answers
ok "its slice comes back as it was committed" eventually 60 is .fp.role master
equal "with a term above all before" 5 "$(status .fp.term)"
equal "and a generation never used" 2 "$(generation_now)"
ok "all of its routes" eventually 60 routes_are 504
ok "it forwards again" eventually 30 ping4

# --- undefining ------------------------------------------------------------------

refused "only what is defined is undefined" "no slice" ask slice.undefine '{"slice": "blue"}'
ok "a slice is undefined" ask slice.undefine '{"slice": "red"}'
refused "it is gone" "no slice" slicectl -n r slice show red
fails "so is the VRF that was made for it" ip -n r link show vrf-red
equal "the port's device is free" "" "$(ip -n r -j link show red-p0 | jq -r '.[0].master // ""')"
equal "no definition is left" '[]' "$(ask slice.definition | jq -c .definitions)"
kill -TERM "$daemon"
wait "$daemon"
equal "the daemon ends" 0 "$?"

rm -rf "$work"
finish
