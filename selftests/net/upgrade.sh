#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two daemons upgrade slices under traffic: to releases that are good, to
# releases that are not, and while daemons are killed. Nothing is lost.
#
#	        first --- p0 (10.99.0.1, .2) --- second
#	       w0 |  | e0                      x5 |  | x6
#	   bridge bw-+----------------------------+  |
#	      | (west)|  bridge be -----------------+
#	     hw       +----| (east)
#	                   he
#
#	hw 10.0.1.10  2001:db8:1::10      gateways 10.0.1.1  2001:db8:1::1
#	he 10.0.2.10  2001:db8:2::10               10.0.2.1  2001:db8:2::1
#
# timeout: 1800

. "$(dirname "$0")/../lib.sh"

rate=${RATE:-40}
routes=${ROUTES:-100}
cases=${CASES:-14569}	# all: 12345678, which takes its time
dir=/run/upgrade
mkdir -p "$dir"

on() { slicectl -s "$dir/$1/run/sliced.sock" "${@:2}"; }	# NODE slicectl's words

topology() {
	local side

	ns_make first second lan hw he
	for side in w e; do
		bridge lan "b$side"
		bridge_port lan "b$side" "${side}h" "h$side" eth0
	done
	bridge_port lan bw wa first w0
	bridge_port lan be ea first e0
	bridge_port lan bw wb second x5
	bridge_port lan be eb second x6
	veth first p0 second p0
	addr first p0 10.99.0.1/24
	addr second p0 10.99.0.2/24
	addr hw eth0 10.0.1.10/24 2001:db8:1::10/64
	addr he eth0 10.0.2.10/24 2001:db8:2::10/64
	ip -n hw route add default via 10.0.1.1
	ip -n he route add default via 10.0.2.1
	ip -n hw -6 route add default via 2001:db8:1::1
	ip -n he -6 route add default via 2001:db8:2::1
}

config() { # NODE ADDRESS WEST EAST HOST-NUMBER
	mkdir -p "$dir/$1"
	cat > "$dir/$1/sliced.json" <<- END
		{ "node": "$1", "state_dir": "$dir/$1/state", "run_dir": "$dir/$1/run",
		  "listen": { "address": "$2", "port": 7468 }, "heartbeat_ms": 1000, "dead_ms": 15000,
		  "ports": { "red": {
		    "west": { "device": "$3", "addresses": ["10.0.1.$5/24", "2001:db8:1::$5/64"] },
		    "east": { "device": "$4", "addresses": ["10.0.2.$5/24", "2001:db8:2::$5/64"] } } } }
	END
}

definition() {
	local i

	cat <<- END
		{ "name": "red",
		  "ports": [ { "name": "west" }, { "name": "east" } ],
		  "gateways": [
		    { "port": "west", "address": "10.0.1.1" }, { "port": "west", "address": "2001:db8:1::1" },
		    { "port": "east", "address": "10.0.2.1" }, { "port": "east", "address": "2001:db8:2::1" } ],
		  "schema": 1, "config": { "routes": [
	END
	for ((i = 0; i < routes; i++)); do
		printf '{ "dst": "172.16.%d.0/24", "via": "10.0.2.10", "port": "east" },\n' "$i"
		printf '{ "dst": "2001:db8:%x::/48", "via": "2001:db8:2::10", "port": "east" },\n' \
			$((4096 + i))
	done
	cat <<- END
		    { "dst": "10.0.1.0/24", "port": "west" }, { "dst": "2001:db8:1::/64", "port": "west" },
		    { "dst": "10.0.2.0/24", "port": "east" }, { "dst": "2001:db8:2::/64", "port": "east" }
		  ] } }
	END
}

start() { # NODE
	ip netns exec "$1" sliced -c "$dir/$1/sliced.json" >> "$OUT/$1.log" 2>&1 &
}

reachable() { on "$1" node show; }
connected() { on "$1" -j peer show | grep -qE '"up": ?true'; }
pin() { on "$1" -j node show | jq -r 'if type == "array" then .[0] else . end | .pin'; }

pair() {
	start first
	start second
	ok "first answers" eventually 60 reachable first
	ok "second answers" eventually 60 reachable second
	ok "first knows second" on first peer add second address 10.99.0.2 port 7468 pin "$(pin second)"
	ok "second knows first" on second peer add first address 10.99.0.1 port 7468 pin "$(pin first)"
	ok "they are connected" eventually 60 connected first
	ok "both ways" eventually 60 connected second
}

# --- traffic -----------------------------------------------------------------

vmac() { slicectl -n "$master" -j port show red "$1" | jq -r '.[0].vmac'; }

traffic_start() { # CASE HANDOVERS|any
	local host flow=0 from to handovers=()

	out=$OUT/${1//[^a-z0-9]/-}
	rm -rf "$out"
	mkdir -p "$out"
	receivers=() senders=()
	for host in hw he; do
		ip netns exec "$host" traffic recv --port 7000 --report "$out/r$host.json" &
		receivers+=($!)
	done
	for host in hw he; do
		eventually 60 test -e "$out/r$host.json"
	done
	for to in 10.0.2.10 2001:db8:2::10 10.0.1.10 2001:db8:1::10; do
		flow=$((flow + 1)) from=$([ "$flow" -le 2 ] && echo hw || echo he)
		ip netns exec "$from" traffic send --to "$to" --port 7000 --flow "$flow" \
			--rate "$rate" --report "$out/s$flow.json" &
		senders+=($!)
	done
	[ "$2" = any ] || handovers=(--handovers "$2")
	ip netns exec lan nice -n -15 watch --port wa=first --port ea=first --port wb=second --port eb=second \
		--port wh=host-west --port eh=host-east \
		--vmac "$(vmac west)=red/west" --vmac "$(vmac east)=red/east" \
		--vip 10.0.1.1=red/west --vip 2001:db8:1::1=red/west \
		--vip 10.0.2.1=red/east --vip 2001:db8:2::1=red/east \
		--late-answer 50 --silence 20000 "${handovers[@]}" \
		--verdict "$out/watch.json" --log "$out/watch.log" &
	watcher=$!
	eventually 60 test -e "$out/watch.json"
	sleep 1.5
}

traffic_stop() { # CASE
	local sent=() f

	kill -TERM "${senders[@]}"
	wait "${senders[@]}" 2> /dev/null
	sleep 1
	kill -TERM "${receivers[@]}"
	wait "${receivers[@]}" 2> /dev/null
	kill -TERM "$watcher"
	if wait "$watcher"; then
		pass "$1: nobody spoke out of turn"
	else
		fail "$1: nobody spoke out of turn" \
			"$(jq -c '.final,.violations_by_rule,.violations[:5],.handover_list' "$out/watch.json")"
	fi
	for f in "$out"/s?.json; do
		sent+=(--sent "$f")
	done
	if traffic sum "${sent[@]}" --received "$out/rhw.json" --received "$out/rhe.json" \
		--report "$out/sum.json" > /dev/null; then
		pass "$1: nothing lost, nothing doubled"
	else
		fail "$1: nothing lost, nothing doubled" "$(jq -c 'del(.flows)' "$out/sum.json")"
	fi
	note "$1: $(jq -c '{sent,received,lost,duplicated,reordered}' "$out/sum.json")"
}

# --- upgrades ----------------------------------------------------------------

plan() { # RELEASE [MEMBERS]
	printf '{ "slices": [ { "slice": "red", "release": "%s", "checks": [ %s ] } ], ' "$1" \
		'{ "ping": "10.0.1.10" }, { "ping": "2001:db8:2::10" }, { "routes": 10 }'
	printf '"lease_ms": %d, "guard_ms": 30000, "health_ms": 40000 %s }\n' "${lease:-60000}" \
		"${2:+, $2}"
}

upgrade_id() { jq -r 'if type == "array" then .[0] else . end | .id' "$out/id.json"; }

upgrade_start() { # NODE RELEASE [MEMBERS]
	plan "${@:2}" > "$out/plan.json"
	on "$1" -j upgrade start "$out/plan.json" > "$out/id.json"
}

# The record of the slice red in the upgrade under test, on NODE.
record() { # NODE FILTER
	on "$1" -j upgrade show "$(upgrade_id)" |
		jq -r "[.. | objects | select(.slice == \"red\" and has(\"state\") and has(\"times\"))][0] | $2"
}

reset_seen() {
	on "$1" -j upgrade show "$(upgrade_id)" | jq -r '[.. | objects | select(has("old_pid"))][0] |
		if .new_pid and .old_pid != .new_pid then "yes" else "no: \(.)" end'
}

ended() { [ "$(record "$1" '.outcome // ""')" != "" ]; }
settled() { ended "$1" && [ "$(record "$1" .redundant)" != "under way" ]; }
is() { [ "$(record "$1" "$2")" = "$3" ]; }

# What red is on NODE: role, release of the active generation.
role_of() { slicectl -n "$1" -j slice show red | jq -r '.[0].role'; }
release_of() {
	slicectl -n "$1" -j generation show red |
		jq -r '.[] | select(.state == "active" or .["gen-state"] == "active") | .release'
}

show() {
	note "$1 first: $(record first '{outcome,plane,failed_state,cause,cp_switch_ms,fp_switch_ms,redundant,redundant_why}' | jq -c .)"
	note "$1 second: $(record second '{outcome,plane,failed_state,cause,cp_switch_ms,fp_switch_ms,redundant,redundant_why}' | jq -c .)"
	on first -j upgrade show "$(upgrade_id)" > "$out/first.json" 2>&1
	on second -j upgrade show "$(upgrade_id)" > "$out/second.json" 2>&1
}

good() { # CASE RELEASE [MEMBERS]: from the master to the other
	local from=$master to

	to=$([ "$master" = first ] && echo second || echo first)
	traffic_start "$1" 1
	ok "$1: it starts" upgrade_start "$from" "${@:2}"
	ok "$1: it ends" eventually 300 settled "$from"
	ok "$1: on the other node too" eventually 200 settled "$to"
	show "$1"
	[[ $* != *agent* ]] || says "$1: $to has a new process" "^yes$" reset_seen "$from"
	equal "$1: complete" complete "$(record "$from" .outcome)"
	equal "$1: on the other node too" complete "$(record "$to" .outcome)"
	equal "$1: $to is master" master "$(role_of "$to")"
	equal "$1: $from is standby" standby "$(role_of "$from")"
	equal "$1: at the new release" "${2/ /-}" "$(release_of "$to")"
	equal "$1: $from too" "${2/ /-}" "$(release_of "$from")"
	[ "$(role_of "$to")" != master ] || master=$to
	traffic_stop "$1"
}

bad() { # CASE RELEASE PLANE
	local from=$master to was

	to=$([ "$master" = first ] && echo second || echo first)
	was=$(release_of "$from")
	traffic_start "$1" 0
	ok "$1: it starts" upgrade_start "$from" "$2"
	ok "$1: it ends" eventually 300 settled "$from"
	ok "$1: on the other node too" eventually 200 settled "$to"
	show "$1"
	equal "$1: rolled back" rolled-back "$(record "$from" .outcome)"
	equal "$1: $3 has failed" "$3" "$(record "$from" .plane)"
	ok "$1: a cause is on record" test -n "$(record "$from" '.cause // ""')"
	equal "$1: the same on the other node" "$(record "$from" .cause)" "$(record "$to" .cause)"
	equal "$1: $from is master" master "$(role_of "$from")"
	equal "$1: at the old release" "$was" "$(release_of "$from")"
	traffic_stop "$1"
}

other() { [ "$master" = first ] && echo second || echo first; }
next_release() { [ "$(release_of "$master")" = base-1.0 ] && echo base 1.2 || echo base 1.0; }

# The daemon of NODE, first or second as the upgrade sees it.
victim() { # ROLE
	if [ "$1" = first ]; then echo "$master"; else other; fi
}

child_of() { # NODE
	ip netns pids "$1" | while read -r pid; do
		grep -qz -e --supervised "/proc/$pid/cmdline" 2> /dev/null && echo "$pid"
	done
}

killed() { # CASE WHOM WHERE STATE: a daemon is killed as soon as a node is in a state
	harm "$1" "$3" "$4" "kill -KILL $(child_of "$(victim "$2")")"
}

cut() { # CASE WHERE STATE: the daemons do not reach each other for a while
	harm "$@" "ip -n first link set p0 down; sleep 30; ip -n first link set p0 up"
}

# It goes on, or back, and loses nothing.
harm() { # CASE WHERE STATE COMMAND
	local from=$master to where was harm seen

	to=$(other) where=$(victim "$2")
	was=$(release_of "$from")
	traffic_start "$1" any
	(tail -n 0 -F "$OUT/$where.log" 2> /dev/null | grep -q -m 1 "red: $3" && eval "$4") &
	harm=$!
	upgrade_start "$from" "$(next_release)"
	wait "$harm"
	ok "$1: it comes to its end" eventually 300 settled "$from"
	ok "$1: on the other node too" eventually 300 settled "$to"
	show "$1"
	seen=$(record "$from" .outcome)
	ok "$1: complete or rolled back: $seen" test "$seen" = complete -o "$seen" = rolled-back
	equal "$1: both nodes say so" "$seen" "$(record "$to" .outcome)"
	[ "$seen" != complete ] || master=$to
	equal "$1: $master is master" master "$(role_of "$master")"
	equal "$1: $(other) is not" standby "$(role_of "$(other)")"
	equal "$1: at one release or the other" \
		"$([ "$seen" = complete ] && record "$master" .to || echo "$was")" "$(release_of "$master")"
	note "$1: $(grep -h "red: handover" "$OUT"/*.log | tail -n 4 | sed 's/.*handover//' | tr '\n' ';')"
	traffic_stop "$1"
}

# The operator takes the slice back to the release that it came from.
back() { # CASE
	local from=$master to

	to=$([ "$master" = first ] && echo second || echo first)
	traffic_start "$1" 1
	on "$from" -j upgrade rollback red > "$out/id.json"
	ok "$1: it has an id" test -n "$(upgrade_id)"
	ok "$1: it ends" eventually 300 settled "$from"
	ok "$1: on the other node too" eventually 200 settled "$to"
	show "$1"
	equal "$1: complete" complete "$(record "$from" .outcome)"
	equal "$1: $to is master" master "$(role_of "$to")"
	equal "$1: at the former release" base-1.0 "$(release_of "$to")"
	[ "$(role_of "$to")" != master ] || master=$to
	traffic_stop "$1"
}

# It waits in verify for the operator, who confirms it or takes it back.
operator() { # CASE confirm|abort
	local from=$master to was lease=300000

	to=$(other) was=$(release_of "$from")
	traffic_start "$1" any
	ok "$1: it starts" upgrade_start "$from" "$(next_release)" '"confirm": "operator"'
	ok "$1: it is verified" eventually 300 is "$from" .state verify
	equal "$1: not more" "" "$(record "$from" '.outcome // ""')"
	ok "$1: the operator" on "$from" upgrade "$2" "$(upgrade_id)"
	ok "$1: it ends" eventually 300 settled "$from"
	ok "$1: on the other node too" eventually 200 settled "$to"
	show "$1"
	if [ "$2" = confirm ]; then
		equal "$1: complete" complete "$(record "$from" .outcome)"
		master=$to
	else
		equal "$1: rolled back" rolled-back "$(record "$from" .outcome)"
		equal "$1: as aborted" "aborted by the operator" "$(record "$to" .cause)"
		equal "$1: at the old release" "$was" "$(release_of "$from")"
	fi
	equal "$1: $master is master" master "$(role_of "$master")"
	equal "$1: $(other) is standby" standby "$(role_of "$(other)")"
	traffic_stop "$1"
}

# All of it is well but one check: the slice comes back by another handover.
bad_check() { # CASE
	local from=$master to was

	to=$(other) was=$(release_of "$from")
	traffic_start "$1" any
	plan "$(next_release)" | sed 's/10\.0\.1\.10/10.0.1.99/; s/60000/40000/' > "$out/plan.json"
	ok "$1: it starts" on_start "$from"
	ok "$1: it ends" eventually 300 settled "$from"
	ok "$1: on the other node too" eventually 200 settled "$to"
	show "$1"
	equal "$1: rolled back" rolled-back "$(record "$from" .outcome)"
	equal "$1: in which state" verify "$(record "$from" .failed_state)"
	equal "$1: which plane" fp "$(record "$from" .plane)"
	equal "$1: why" "ping 10.0.1.99: no answer" "$(record "$from" .cause)"
	equal "$1: at the old release" "$was" "$(release_of "$from")"
	equal "$1: $from is master" master "$(role_of "$from")"
	equal "$1: $to is standby" standby "$(role_of "$to")"
	traffic_stop "$1"
}

on_start() { on "$1" -j upgrade start "$out/plan.json" > "$out/id.json"; }

# Mastership goes home at the end, by an upgrade of its own.
home() { # CASE
	local from=$master to

	to=$(other)
	traffic_start "$1" 2
	ok "$1: it starts" upgrade_start "$from" "$(next_release)" '"home": true'
	ok "$1: it ends" eventually 300 settled "$from"
	upgrade_of() { on "$to" -j upgrade show | jq -r '[.. | objects | select(has("started_ms"))] |
		map(select(.role == "first")) | max_by(.started_ms) | .id // ""'; }
	went() { jq -n --arg id "$(upgrade_of)" '{id: $id}' > "$out/id.json" && settled "$to"; }
	ok "$1: mastership goes home" eventually 300 went
	show "$1"
	equal "$1: $from is master" master "$(role_of "$from")"
	equal "$1: $to is standby" standby "$(role_of "$to")"
	equal "$1: both at one release" "$(release_of "$from")" "$(release_of "$to")"
	traffic_stop "$1"
}

# --- what is tested -------------------------------------------------------------

netslice_load
topology
config first 10.99.0.1 w0 e0 2
config second 10.99.0.2 x5 x6 3
pair
for release in base-1.0 base-1.1 base-1.2 base-2.0 bad-exit-1.2 bad-health-1.2; do
	ok "first takes $release" on first release import "$BUILD/releases/$release.tar.gz"
done
definition > "$dir/red.json"
ok "red is defined" on first slice define "$dir/red.json" release base-1.0
is_master() { [ "$(role_of first)" = master ]; }
ok "first becomes its master" eventually 60 is_master
master=first
ok "hosts reach each other over IPv4" eventually 60 ns hw ping -q -c 1 -W 2 10.0.2.10
ok "and over IPv6" eventually 60 ns hw ping -q -c 1 -W 2 2001:db8:2::10

out=$OUT
plan "none 9" > "$dir/plan.json"
refused "a release that is not there" "red: " on first upgrade check "$dir/plan.json"
plan "base 1.1" '"peer": "nobody"' > "$dir/plan.json"
refused "a peer that is not there" "no such peer" on first upgrade check "$dir/plan.json"
plan "base 1.1" > "$dir/plan.json"
refused "from the node that is not master" "red: " on second upgrade check "$dir/plan.json"
ok "a plan that could be started" on first upgrade check "$dir/plan.json"

[[ $cases != *1* ]] || bad "a worker that ends" "bad-exit 1.2" cp
[[ $cases != *2* ]] || bad "a worker that is never well" "bad-health 1.2" cp
[[ $cases != *3* ]] || {
	killed "first dies in config-sync" first first config-sync
	killed "second dies in config-sync" second second config-sync
	killed "first dies in cp-switched" first first cp-switched
	killed "second dies in cp-switched" second second cp-switched
	killed "first dies in fp-switched" first first fp-switched
	killed "second dies in configure" second second configure
	killed "first dies in verify" first second verify
	killed "second dies in verify" second second verify
}
[[ $cases != *9* ]] || {	# some of 3
	killed "first is killed in cp-switched" first first cp-switched
	killed "second is killed in configure" second second configure
}
[[ $cases != *8* ]] || {
	cut "no link in config-sync" second config-sync
	cut "no link in cp-switched" first cp-switched
	cut "no link in fp-switched" second fp-switched
}
[[ $cases != *7* ]] || {
	operator "the operator confirms" confirm
	operator "the operator aborts" abort
	bad_check "a check fails"
	home "and home again"
}
[[ $cases != *4* ]] || good "to 1.1" "base 1.1"
[[ $cases != *5* ]] || back "and back"
[[ $cases != *6* ]] || good "to 2.0 with a new daemon" "base 2.0" '"reset": "agent"'

finish
