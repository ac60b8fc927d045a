#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The path of a packet through two slices with the same addresses, between hosts
# that are two hops away from the router and known to the slices alone.
#
# timeout: 900

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/topology.sh
. "$(dirname "$0")/../topology.sh"

slices="red blue"

reaches() { # SLICE ADDRESS [ping options]
	ns "$1-s" ping -n -c 2 -i 0.2 -W 5 "${@:3}" "$2"
}

answers() { # SLICE ADDRESS [ping options]: one ping, and what came back, if anything
	ns "$1-s" ping -n -c 1 -W 3 "${@:3}" "$2" || true
}

# --- set-up ------------------------------------------------------------------

set_up() {
	local slice

	ns_make r
	netslice_load
	for slice in $slices; do
		chain_make "$slice"
		ok "slice $slice is made" chain_slice "$slice"
		{
			chain_routes
			cat << 'ROUTES'
blackhole 10.9.1.0/24
unreachable 10.9.2.0/24
prohibit 10.9.3.0/24
10.77.0.0/24 nexthop via 10.0.1.10 port p0 nexthop via 10.0.2.10 port p1
blackhole fd00:91::/64
unreachable fd00:92::/64
prohibit fd00:93::/64
fd00:77::/64 nexthop via fd00:1::10 port p0 nexthop via fd00:2::10 port p1
10.78.0.0/24 via fd00:2::10 port p1
ROUTES
		} > "/run/routes-$slice"
		ok "slice $slice has routes" generation_load "$slice" 1 < "/run/routes-$slice"
		ok "slice $slice is master" become "$slice" ready
		ok "slice $slice is master" become "$slice" master
	done
}

# --- reaching ----------------------------------------------------------------

test_reach() {
	local slice

	for slice in $slices; do
		says "$slice: IPv4, each router counted once" "ttl=61" reaches "$slice" 10.2.0.10
		says "$slice: IPv6, each router counted once" "ttl=61" reaches "$slice" fd00:12::10
		ok "$slice: IPv4 gateway, near" reaches "$slice" 10.0.1.1
		ok "$slice: IPv4 gateway, far" reaches "$slice" 10.0.2.1
		ok "$slice: IPv6 gateway, near" reaches "$slice" fd00:1::1
		ok "$slice: IPv6 gateway, far" reaches "$slice" fd00:2::1
		ok "$slice: the node's own IPv4 address" reaches "$slice" 10.0.2.2
		ok "$slice: the node's own IPv6 address" reaches "$slice" fd00:2::2
		ok "$slice: IPv4 in fragments" reaches "$slice" 10.2.0.10 -s 3000
		ok "$slice: IPv6 in fragments" reaches "$slice" fd00:12::10 -s 3000
		ok "$slice: IPv4 gateway in fragments" reaches "$slice" 10.0.1.1 -s 3000
		ok "$slice: IPv6 gateway in fragments" reaches "$slice" fd00:1::1 -s 3000
	done
}

test_apart() {
	local before

	before=$(counter blue forwarded)
	ok "red's packets do not appear in blue" ns blue-d frame expect e0 \
		--filter dip=10.2.0.10 --none --timeout 2 -- \
		ip netns exec red-s ping -n -c 2 -i 0.2 10.2.0.10
	equal "blue has forwarded none of them" "$before" "$(counter blue forwarded)"
}

test_traceroute() {
	local slice hops

	for slice in $slices; do
		hops=$(ns "$slice-s" traceroute -n -q 1 -w 5 10.2.0.10 |
			awk '$1 ~ /^[0-9]+$/ { print $2 }' | tr '\n' ' ')
		equal "$slice: traceroute" "10.1.0.1 10.0.1.1 10.0.2.10 10.2.0.10 " "$hops"
		hops=$(ns "$slice-s" traceroute -6 -n -q 1 -w 5 fd00:12::10 |
			awk '$1 ~ /^[0-9]+$/ { print $2 }' | tr '\n' ' ')
		equal "$slice: traceroute, IPv6" "fd00:11::1 fd00:1::2 fd00:2::10 fd00:12::10 " \
			"$hops"
	done
}

# --- too big -----------------------------------------------------------------

test_mtu() {
	local before

	ip -n r link set red-p1 mtu 1400
	ip -n red-b link set e0 mtu 1400
	says "too big: IPv4 is told the next hop's MTU" "mtu = 1400" \
		answers red 10.2.0.10 -s 1420 -M "do"
	says "too big: IPv6 is told the next hop's MTU" "too big: mtu=1400" \
		answers red fd00:12::10 -s 1420
	says "the sender knows it, IPv4" "mtu 1400" ns red-s ip route get 10.2.0.10
	says "the sender knows it, IPv6" "mtu 1400" ns red-s ip route get fd00:12::10
	equal "both were counted" 2 "$(counter red too_big)"
	says "with it, IPv4 passes" "1 received" answers red 10.2.0.10 -s 1372 -M "do"
	ok "with it, IPv6 passes, once the other side knows its MTU too" \
		eventually 20 reaches red fd00:12::10 -s 1420
	ok "the other slice has its own MTU" reaches blue 10.2.0.10 -s 1472 -M "do"
	ip -n red-s route flush cache
	before=$(counter red fragmented)
	ok "without DF it is cut" reaches red 10.2.0.10 -s 1420 -M dont
	equal "which is counted" $((before + 2)) "$(counter red fragmented)"
	ok "fragments are cut again" reaches red 10.2.0.10 -s 4000 -M dont
	ip -n r link set red-p1 mtu 1500
	ip -n red-b link set e0 mtu 1500
}

# --- routes without next hops ------------------------------------------------

test_types() {
	local counters="blackhole unreachable prohibit no_route" name

	for name in $counters; do
		counter red "drop_$name" > "/run/before-$name"
	done
	says "blackhole: silence" "1 packets transmitted, 0 received, 100%" answers red 10.9.1.1
	says "unreachable" "From 10.0.1.1 .*Destination Host Unreachable" answers red 10.9.2.1
	says "prohibit" "From 10.0.1.1 .*Packet filtered" answers red 10.9.3.1
	says "no route" "From 10.0.1.1 .*Destination Net Unreachable" answers red 10.99.0.1
	says "blackhole, IPv6: silence" "1 packets transmitted, 0 received, 100%" \
		answers red fd00:91::1
	says "unreachable, IPv6" "unreachable: Address unreachable" answers red fd00:92::1
	says "prohibit, IPv6" "unreachable: Administratively prohibited" answers red fd00:93::1
	says "no route, IPv6" "unreachable: No route" answers red fd00:99::1
	for name in $counters; do
		equal "$name is counted" $(($(cat "/run/before-$name") + 2)) \
			"$(counter red "drop_$name")"
	done
}

# --- frames ------------------------------------------------------------------

# From red-a to the router, to the virtual MAC unless told otherwise.
inject() { # frame send's arguments
	ns red-a frame send e0 "$1" dst="$red_vmac" "${@:2}"
}

arrives() { # FILTER COMMAND...: at the far side
	ns red-b frame expect e0 --filter "$1" --timeout 5 -- "${@:2}"
}

vanishes() { # FILTER COMMAND...
	ns red-b frame expect e0 --filter "$1" --none --timeout 1 -- "${@:2}"
}

inject_udp() { # further keys
	inject udp sip=10.1.0.10 dip=10.2.0.10 sport=1234 dport=9999 "$@"
}
export -f inject inject_udp ns

test_frames() {
	local before

	ok "DSCP and ECN are left alone" arrives dport=9999,tos=0xb9 \
		bash -c 'inject_udp tos=0xb9'
	ok "IPv6 too" arrives dport=9999,tos=0xb9,sip=fd00:11::10 \
		bash -c 'inject udp sip=fd00:11::10 dip=fd00:12::10 dport=9999 tos=0xb9'
	before=$(counter red passed)
	ok "a VLAN's frame does not leak" vanishes dport=9999 bash -c 'inject_udp vlan=77'
	equal "it was passed on untouched" $((before + 1)) "$(counter red passed)"
	ok "a priority tag is taken off" arrives dport=9999,tagged=0 \
		bash -c 'inject_udp vlan=0 prio=5'
	ok "a next hop of the other family" arrives dip=10.78.0.1 \
		bash -c 'inject udp sip=10.1.0.10 dip=10.78.0.1 dport=9999'
	before=$(counter red punted)
	ok "IPv4 options: the stack forwards it, by the slice's routes" arrives dport=9999 \
		bash -c 'inject_udp options=94040000'
	ok "it was punted" test "$(counter red punted)" -gt "$before"
	ok "a frame for another host is not forwarded" vanishes dport=9999 \
		ip netns exec red-a frame send e0 udp dst=02:00:00:00:00:77 \
		sip=10.1.0.10 dip=10.2.0.10 dport=9999
}

martian() { # SOURCE DESTINATION
	local before

	before=$(counter red drop_martian)
	inject udp sip="$1" dip="$2" dport=9999
	equal "martian, from $1 to $2" $((before + 1)) "$(counter red drop_martian)"
}

test_martians() {
	local address

	for address in 0.0.0.0 0.1.2.3 127.0.0.1 224.0.0.1 240.0.0.1 255.255.255.255 169.254.1.1; do
		martian "$address" 10.2.0.10
	done
	for address in 0.1.2.3 127.0.0.1 240.0.0.1 169.254.1.1; do
		martian 10.1.0.10 "$address"
	done
	for address in :: ::1 ff02::1 ::ffff:10.1.0.10 fe80::77; do
		martian "$address" fd00:12::10
	done
	for address in :: ::1 ::ffff:10.2.0.10 fe80::77; do
		martian fd00:11::10 "$address"
	done
}

# The IPv4 header of these fields, with its checksum.
header4() { # VERSION-AND-LENGTH TOTAL-LENGTH TTL
	local hex sum=0 i

	hex=$(printf '%02x00%04x00010000%02x110000%s%s' "$1" "$2" "$3" 0a01000a 0a02000a)
	for ((i = 0; i < 40; i += 4)); do
		sum=$((sum + 16#${hex:i:4}))
	done
	while ((sum >> 16)); do
		sum=$(((sum & 0xffff) + (sum >> 16)))
	done
	printf '%s%04x%s' "${hex:0:20}" $((~sum & 0xffff)) "${hex:24}"
}

inject_ip() { # ETHERTYPE HEX
	local frame=${red_vmac//:/}${red_a_mac//:/}$1$2

	ns red-a frame send e0 --hex "$frame"
}

test_headers() {
	local before n=0 zeros payload=04d2270f000c000061626364 hex

	printf -v zeros '%0100d' 0
	ok "a true header is forwarded" arrives dport=9999,sport=1234 \
		ip netns exec red-a frame send e0 --hex \
		"${red_vmac//:/}${red_a_mac//:/}0800$(header4 0x45 32 64)$payload"
	before=$(counter red drop_header)
	for hex in "$(header4 0x55 32 64)$payload" "$(header4 0x44 32 64)$payload" \
		"$(header4 0x4f 32 64)$payload" "$(header4 0x45 19 64)$payload" \
		"$(header4 0x45 200 64)$payload" "$(header4 0x45 65535 64)$payload" \
		"$(header4 0x45 32 64 | sed 's/0a01/0a03/')$payload" 45 45000020; do
		inject_ip 0800 "$hex"
		n=$((n + 1))
	done
	for hex in "5000000000041140$zeros" "60000000ffff1140$zeros" 60 6000000000; do
		inject_ip 86dd "$hex"
		n=$((n + 1))
	done
	equal "broken headers are dropped, all $n" $((before + n)) "$(counter red drop_header)"
	before=$(counter red punted)
	inject_ip 86dd "6000000000100040fd000011000000000000000000000010$(: \
		)fd0000120000000000000000000000103b00010400000000$zeros"
	ok "a hop-by-hop header is punted" test "$(counter red punted)" -gt "$before"
}

# --- several next hops -------------------------------------------------------

flows() { # ADDRESS: one packet in each of 48 flows
	local i

	for ((i = 0; i < 48; i++)); do
		inject udp sip="$2" dip="$1" sport=$((2000 + i)) dport=9
	done
}

# How many of the flows left by each port.
split_flows() { # ADDRESS SOURCE
	local p0 p1

	p0=$(port_counter red p0 tx_packets)
	p1=$(port_counter red p1 tx_packets)
	flows "$@"
	echo "$(($(port_counter red p0 tx_packets) - p0)) $(($(port_counter red p1 tx_packets) - p1))"
}

test_ecmp() {
	local split again down address source

	for address in red-a red-b; do
		ip -n "$address" route add blackhole 10.77.0.0/24
		ip -n "$address" -6 route add blackhole fd00:77::/64
	done
	for address in 10.77.0.1 fd00:77::1; do
		source=10.1.0.10
		[ "$address" = 10.77.0.1 ] || source=fd00:11::10
		split=$(split_flows "$address" "$source")
		again=$(split_flows "$address" "$source")
		note "$address: $split"
		ok "$address: both next hops are used" \
			test "${split% *}" -gt 5 -a "${split#* }" -gt 5
		equal "$address: no flow is lost" 48 $((${split% *} + ${split#* }))
		equal "$address: a flow keeps its next hop" "$split" "$again"
		ip -n red-b link set e0 down
		ok "the port goes down" eventually 10 port_is red p1 down
		down=$(split_flows "$address" "$source")
		equal "$address: a dead next hop's flows go by the other" "48 0" "$down"
		ip -n red-b link set e0 up
		ip -n red-b -6 addr replace fd00:2::10/64 dev e0 nodad
		ip -n red-b -6 route replace default via fd00:2::1
		ip -n red-b route replace default via 10.0.2.1
		ok "the port comes back" eventually 10 port_is red p1 up
	done
	equal "none was dropped" 0 "$(counter red drop_neighbour)"
}

port_is() { # SLICE PORT STATE
	[ "$(slicectl -n r -j port show "$1" "$2" | jq -r '.[0].state')" = "$3" ]
}

# --- bulk --------------------------------------------------------------------

test_stream() {
	local slice

	for slice in $slices; do
		ip netns exec "$slice-d" stream serve --port 7003 --report "/run/serve-$slice" &
		eventually 20 test -e "/run/serve-$slice"
		ok "$slice: TCP, IPv4" ns "$slice-s" stream run --to 10.2.0.10 --port 7003 \
			--rate 1000000 --duration 2 --report "/run/run4-$slice"
		ok "$slice: TCP, IPv6" ns "$slice-s" stream run --to fd00:12::10 --port 7003 \
			--rate 1000000 --duration 2 --report "/run/run6-$slice"
		kill -TERM %%
		wait %%
	done
}

set_up
red_vmac=$(vmac red p0)
red_a_mac=$(mac_of red-a e0)
export red_vmac
test_reach
test_apart
test_traceroute
test_mtu
test_types
test_frames
test_martians
test_headers
test_ecmp
test_stream
for slice in $slices; do
	ok "$slice: each packet was counted once" balanced "$slice"
	equal "$slice: nothing looped" 0 "$(counter "$slice" drop_loop)"
done
finish
