#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A slice moves from node to node and back, with slicectl alone, under traffic:
# nothing is lost, nothing arrives twice, and nobody speaks out of turn.
#
#	            first                second
#	       w0 |       | e0      x5 |        | x6
#	   bridge bw -----+-----------+         |
#	      | (west)    bridge be -------------+
#	     hw             | (east)
#	                    he
#
#	hw 10.0.1.10  2001:db8:1::10      gateways 10.0.1.1  2001:db8:1::1
#	he 10.0.2.10  2001:db8:2::10               10.0.2.1  2001:db8:2::1
#
# Cables between nodes and bridges have a delay, in each direction of their own.
# HANDOVERS says how many in each case.
#
# timeout: 2400

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/pair/lib/handover.sh
. "$(dirname "$0")/../pair/lib/handover.sh"

handovers=${HANDOVERS:-8}
fp_term=1

on() { slicectl -n "$1" "${@:3}"; }	# NODE slicectl ...

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
	addr hw eth0 10.0.1.10/24 2001:db8:1::10/64
	addr he eth0 10.0.2.10/24 2001:db8:2::10/64
	ip -n hw route add default via 10.0.1.1
	ip -n he route add default via 10.0.2.1
	ip -n hw -6 route add default via 2001:db8:1::1
	ip -n he -6 route add default via 2001:db8:2::1
}

# NODE WEST-DEVICE EAST-DEVICE HOST-NUMBER: the slice red, the same routes on both
node() {
	local node=$1 routes=$OUT/red.routes

	on "$node" slicectl slice add red cp-term 1 fp-term "$fp_term"
	on "$node" slicectl slice set red announce-count 5 announce-ms 25
	on "$node" slicectl port add red west dev "$2"
	on "$node" slicectl port add red east dev "$3"
	addr "$node" "$2" "10.0.1.$4/24" "2001:db8:1::$4/64"
	addr "$node" "$3" "10.0.2.$4/24" "2001:db8:2::$4/64"
	on "$node" slicectl gateway add red west 10.0.1.1
	on "$node" slicectl gateway add red west 2001:db8:1::1
	on "$node" slicectl gateway add red east 10.0.2.1
	on "$node" slicectl gateway add red east 2001:db8:2::1
	cat > "$routes" <<- END
		10.0.1.0/24 port west
		10.0.2.0/24 port east
		2001:db8:1::/64 port west
		2001:db8:2::/64 port east
	END
	on "$node" slicectl generation stage red 1
	on "$node" slicectl route batch red "$routes" gen 1
	on "$node" slicectl generation seal red 1 from "$routes"
	on "$node" slicectl generation switch red 1
	on "$node" slicectl generation commit red
}

# Delays in ms of A's and B's cables: from the node, to the node.
delays() { # A-OUT A-IN B-OUT B-IN
	local dev

	for dev in w0 e0; do delay first "$dev" "$1"; done
	for dev in wa ea; do delay lan "$dev" "$2"; done
	for dev in x5 x6; do delay second "$dev" "$3"; done
	for dev in wb eb; do delay lan "$dev" "$4"; done
}

delay() { # NAMESPACE DEVICE MS
	ip netns exec "$1" tc qdisc del dev "$2" root 2> /dev/null
	[ "$3" = 0 ] || ip netns exec "$1" tc qdisc add dev "$2" root netem delay "$3ms" limit 20000
}

vmac() { slicectl -n first -j port show red "$1" | jq -r '.[0].vmac'; }

# --- traffic -----------------------------------------------------------------

pids=()
receivers=()

start() { # NAMESPACE COMMAND...
	ip netns exec "$@" &
	pids+=($!)
}

flow() { # NUMBER FROM TO-ADDRESS
	start "$2" traffic send --to "$3" --port 7000 --flow "$1" --rate "$rate" \
		--report "$dir/s$1.json"
}

traffic_start() { # both|one
	local host

	pids=() receivers=()
	for host in hw he; do
		ip netns exec "$host" traffic recv --port 7000 --report "$dir/r$host.json" &
		receivers+=($!)
	done
	for host in hw he; do
		eventually 60 test -e "$dir/r$host.json"
	done
	flow 1 hw 10.0.2.10
	flow 2 hw 2001:db8:2::10
	[ "$1" = one ] || flow 3 he 10.0.1.10
	[ "$1" = one ] || flow 4 he 2001:db8:1::10
	sleep 1
}

# What was sent and received, judged.
traffic_stop() {
	local sent=() f

	kill -TERM "${pids[@]}"
	wait "${pids[@]}" 2> /dev/null
	sleep 1
	kill -TERM "${receivers[@]}"
	wait "${receivers[@]}" 2> /dev/null
	for f in "$dir"/s?.json; do
		sent+=(--sent "$f")
	done
	traffic sum "${sent[@]}" --received "$dir/rhw.json" --received "$dir/rhe.json" \
		--report "$dir/sum.json" > /dev/null
}

# The watcher needs to have heard who speaks now before that changes.
watch_start() { # LATE-ANSWER-MS
	ip netns exec lan watch --port wa=first --port ea=first --port wb=second --port eb=second \
		--port wh=host-west --port eh=host-east \
		--vmac "$(vmac west)=red/west" --vmac "$(vmac east)=red/east" \
		--vip 10.0.1.1=red/west --vip 2001:db8:1::1=red/west \
		--vip 10.0.2.1=red/east --vip 2001:db8:2::1=red/east \
		--late-answer "$1" --silence 20000 --handovers "$handovers" \
		--verdict "$dir/watch.json" --log "$dir/watch.log" &
	watcher=$!
	eventually 60 test -e "$dir/watch.json"
	on "$master" slicectl role announce red
	sleep 0.5
}

watch_stop() {
	kill -TERM "$watcher"
	wait "$watcher"
}

# --- cases -------------------------------------------------------------------

# First announcements of a new master that never arrive: ARP, NA, refresh frame.
lose_announcement() { # BRIDGE-PORT VMAC
	ip netns exec lan nft -f - <<- END
		table netdev lose {
			chain $1 {
				type filter hook ingress device "$1" priority 0;
				ether saddr $2 ether type arp quota until 50 bytes drop
				ether saddr $2 icmpv6 type nd-neighbor-advert quota until 100 bytes drop
				ether saddr $2 ether type 0x88b5 quota until 70 bytes drop
			}
		}
	END
}

lose_nothing() { ip netns exec lan nft delete table netdev lose 2> /dev/null; }

move() { # there, back, there ...
	if [ "$lost" = yes ]; then
		lose_nothing
		if [ "$master" = first ]; then
			lose_announcement eb "$(vmac east)"
		else
			lose_announcement ea "$(vmac east)"
		fi
	fi
	if [ "$master" = first ]; then
		handover red first second && master=second
	else
		handover red second first && master=first
	fi
}

# NAME both|one DELAYS...; lost=yes: an announcement is lost in each handover
case_run() {
	local name=$1 ways=$2 i
	local lost=${lost:-no}

	shift 2
	dir=$OUT/${name//[^a-z0-9]/-}
	rm -rf "$dir" && mkdir -p "$dir"
	delays "$@"
	traffic_start "$ways"
	watch_start $((2 * ($1 > $3 ? $1 : $3) + 20))
	for ((i = 1; i <= handovers; i++)); do
		move || break
	done
	lose_nothing
	equal "$name: $handovers handovers" $((handovers + 1)) "$i"
	if watch_stop; then
		pass "$name: nobody spoke out of turn"
	else
		fail "$name: nobody spoke out of turn" "$(cat "$dir/watch.json")"
	fi
	if traffic_stop; then
		pass "$name: nothing lost, nothing doubled"
	else
		fail "$name: nothing lost, nothing doubled" "$(cat "$dir/sum.json")"
	fi
	note "$name: $(jq -c '{sent,received,lost,duplicated,reordered}' "$dir/sum.json")"
}

# In the wrong order, without draining: it must be seen that packets are lost.
case_wrong() {
	dir=$OUT/wrong
	rm -rf "$dir" && mkdir -p "$dir"
	delays 40 40 40 40
	traffic_start both
	slicectl -n "$1" role set red standby role-expect master
	slicectl -n "$2" role set red master role-expect standby fp-term-new $((fp_term + 1))
	sleep 1
	if traffic_stop 2> /dev/null; then
		fail "a handover in the wrong order is seen to lose packets"
	else
		pass "a handover in the wrong order is seen to lose packets"
	fi
	note "wrong order: $(jq -c '{sent,received,lost}' "$dir/sum.json")"
}

# --- what is tested -------------------------------------------------------------

rate=${RATE:-150}
# shellcheck disable=SC2119 # no parameters
netslice_load || exit 1
topology
node first w0 e0 2
node second x5 x6 3
slicectl -n first role set red master role-expect standby
master=first
ok "hosts reach each other over IPv4" eventually 60 ns hw ping -q -c 1 -W 2 10.0.2.10
ok "and over IPv6" eventually 60 ns hw ping -q -c 1 -W 2 2001:db8:2::10
equal "virtual MACs are the same on both nodes" "$(vmac west)" \
	"$(slicectl -n second -j port show red west | jq -r '.[0].vmac')"

case_run "no delay, both ways" both 0 0 0 0
case_run "2 ms, both ways" both 2 2 2 2
case_run "2 ms, one way" one 2 2 2 2
case_run "40 ms, both ways" both 40 40 40 40
case_run "40 ms at first, none at second, both ways" both 40 40 0 0
case_run "none at first, 40 ms at second, one way" one 0 0 40 40
lost=yes case_run "2 ms, an announcement lost, both ways" both 2 2 2 2
lost=yes case_run "2 ms, an announcement lost, one way" one 2 2 2 2
lost=yes case_run "40 ms, an announcement lost, one way" one 40 40 40 40
if [ "$master" = first ]; then
	case_wrong first second
else
	case_wrong second first
fi

finish
