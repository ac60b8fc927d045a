#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Everything at once: slices, ports, devices, VRFs, generations, roles with
# short leases, and the module itself come and go while packets flow and others
# read. Nothing is asked of the single steps, most of which must fail in such
# company; the kernel must not complain, nothing may hang, and afterwards a slice
# that is made in peace must forward.
#
#	h1 eth0 ---- lan1 r lan2 ---- eth0 h2
#
# timeout: 600

# shellcheck disable=SC2317,SC2119 # functions are called by name; no parameters
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

seconds=${CHAOS_SECONDS:-40}
slice() { slicectl -n r "$@"; }

wire() { # 1|2
	veth r "lan$1" "h$1" eth0
	addr r "lan$1" "10.0.$1.2/24" "2001:db8:$1::2/64"
	addr "h$1" eth0 "10.0.$1.10/24" "2001:db8:$1::10/64"
	ip -n "h$1" route replace default via "10.0.$1.1"
	ip -n "h$1" -6 route replace default via "2001:db8:$1::1"
}

ports() {
	local i

	for i in 1 2; do
		slice port add red "p$i" dev "lan$i"
		slice gateway add red "p$i" "10.0.$i.1"
		slice gateway add red "p$i" "2001:db8:$i::1"
	done
}

evidence() { # SLICE GEN
	slice -j generation digest "$1" gen "$2" | jq -r '.[0] |
		"routes4 \(.routes4) routes6 \(.routes6) digest \(.digest)"'
}

# shellcheck disable=SC2046 # words
generation() { # NUMBER CONFIRM-MS
	local i

	slice generation stage red "$1" || return
	for i in 1 2; do
		slice route add red "10.0.$i.0/24" port "p$i" gen "$1"
		slice route add red "2001:db8:$i::/64" port "p$i" gen "$1"
	done
	slice generation seal red "$1" $(evidence red "$1")
	slice generation switch red "$1" confirm-ms "$2"
}

# Each of these is done again and again, all of them at the same time. Many
# commands to a program: what shall collide is in the kernel.
batch() { slicectl -n r -f -b -; }

do_slices() {
	local i

	for i in 1 2 3; do
		cat <<- END
			slice add red cp-term 1 fp-term 1
			port add red p1 dev lan1
			port add red p2 dev lan2
			gateway add red p1 10.0.1.1
			gateway add red p1 2001:db8:1::1
			gateway add red p2 10.0.2.1
			gateway add red p2 2001:db8:2::1
		END
		sleep 1.$((RANDOM % 10))
		echo slice del red force
	done | batch
}
do_devices() {
	local i

	for i in 1 2; do
		ip -n r link del "lan$i"
		wire "$i"
		sleep 0.$((RANDOM % 10))
	done
}
do_ports() {
	local i

	for i in 1 2 1 2 1 2; do
		echo "port del red p$i"
		echo "port add red p$i dev lan$i"
		sleep 0.$((RANDOM % 5))
	done | batch
}
do_vrf() {
	sleep 4.$((RANDOM % 10))
	ip -n r link del vrf-red
	ip -n r link set red nomaster
}
gen=0
do_generations() {
	local n

	for n in $(seq $((gen + 1)) $((gen + 8))); do
		cat <<- END
			generation stage red $n
			route add red 10.0.1.0/24 port p1 gen $n
			route add red 10.0.2.0/24 nexthop port p2 nexthop port p3 gen $n
			generation seal red $n routes4 2 routes6 0 digest $digest
			generation switch red $n confirm-ms $((RANDOM % 300 + 1))
			route add red 10.9.0.0/24 port p$((RANDOM % 9))
			route del red 10.9.0.0/24
		END
		sleep 0.$((RANDOM % 4))
		echo generation commit red
		echo "generation drop red $n"
	done | batch
	gen=$((gen + 8))
}
do_roles() {
	local i now

	now=$(slice -j slice show red | jq -r '.[0].fp_term')
	for i in 1 2 3 4; do
		now=$((now + 1))
		cat <<- END
			role set red master fp-term-new $now lease-ms $((RANDOM % 300 + 1)) lease-action drain
			role mark red marker cookie $i
			role set red draining lease-ms $((RANDOM % 300 + 1)) lease-action reclaim
			role set red standby lease-keep
		END
		now=$((now + 2))
		sleep 0.$((RANDOM % 6))
	done | batch
}
do_readers() {
	batch <<- END
		slice show
		port show
		gateway show
		generation show
		route show red
		stats show
	END
}
do_namespaces() {
	ip netns add other
	ip -n other link add d0 type dummy
	slicectl -n other -f -b - <<- END
		slice add red cp-term 1 fp-term 1
		port add red p1 dev d0
		gateway add red p1 10.0.1.1
		generation stage red 1
		route add red 10.0.0.0/8 port p1 gen 1
		role set red master lease-ms 100 lease-action drain
	END
	ip netns delete other
}

again() { # COMMAND
	while [ "$SECONDS" -lt "$end" ]; do
		"$1"
	done > /dev/null 2>&1
}

ns_make r h1 h2
netslice_load
wire 1
wire 2
# A digest is of the routes and of nothing else: one for all of these generations.
slice slice add blue cp-term 1 fp-term 1
slice generation stage blue 1
slice route add blue 10.0.1.0/24 port p1 gen 1
slice route add blue 10.0.2.0/24 nexthop port p2 nexthop port p3 gen 1
digest=$(slice -j generation digest blue gen 1 | jq -r '.[0].digest')
slicectl -n r monitor events > "$OUT/events" 2>&1 &
end=$((SECONDS + seconds))
ip netns exec h1 ping -q -i 0.005 10.0.2.10 > /dev/null 2>&1 &
floods=("$!")
ip netns exec h2 ping -q -i 0.005 2001:db8:1::10 > /dev/null 2>&1 &
floods+=("$!")
workers=()
for each in slices devices ports vrf generations roles readers namespaces; do
	again "do_$each" &
	workers+=("$!")
done
ended() { ! kill -0 "${workers[@]}" 2> /dev/null; }
ok "all of it comes to an end" eventually $((seconds + 240)) ended
wait "${workers[@]}"
for event in slice-new port-add port-del gen-switch confirm-expired lease-expired; do
	ok "$(grep -c "^$event" "$OUT/events") times $event" grep -q "^$event" "$OUT/events"
done
ok "the module unloads under traffic" timeout 60 rmmod netslice
kill "${floods[@]}" 2> /dev/null
ip -n r link del vrf-red 2> /dev/null
ip -n r link del lan1 2> /dev/null
ip -n r link del lan2 2> /dev/null
netslice_load
wire 1
wire 2
slice slice add red cp-term 1 fp-term 1
ports
generation 1 60000 && slice generation commit red
slice role set red master role-expect standby
ok "afterwards a slice forwards IPv4" eventually 30 ns h1 ping -q -c 2 -W 5 10.0.2.10
ok "and IPv6" eventually 30 ns h1 ping -q -c 2 -W 5 2001:db8:2::10

finish
