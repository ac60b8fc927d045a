#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Slices, ports, net devices and namespaces come and go, also under traffic:
# what cannot be is refused, nothing hangs, and the module unloads at the end.
#
#	h1 eth0 ---- lan1 r lan2 ---- eth0 h2
#	10.0.1.10    10.0.1.2  10.0.2.2    10.0.2.10
#
# timeout: 900

# shellcheck disable=SC2317,SC2119 # functions are called by name; no parameters
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

slice() { slicectl -n r "$@"; }
state() { slice -j port show "$1" "$2" | jq -r '.[0].state'; }
ports() { slice -j port show "$1" | jq -r '[.[].port] | join(" ")'; }

# Commands that must not hang are given time that no slow machine needs.
soon() { timeout 60 "$@"; }

wire() { # make the devices of both sides anew
	local i

	for i in 1 2; do
		veth r "lan$i" "h$i" eth0
		addr r "lan$i" "10.0.$i.2/24" "2001:db8:$i::2/64"
		addr "h$i" eth0 "10.0.$i.10/24" "2001:db8:$i::10/64"
		ip -n "h$i" route replace default via "10.0.$i.1"
		ip -n "h$i" -6 route replace default via "2001:db8:$i::1"
	done
}

build() { # SLICE: with both ports, gateways and a generation, master
	local i

	slice slice add "$1" cp-term 1 fp-term 1 gen-first 1
	for i in 1 2; do
		slice port add "$1" "p$i" dev "lan$i"
		slice gateway add "$1" "p$i" "10.0.$i.1"
		slice gateway add "$1" "p$i" "2001:db8:$i::1"
	done
	slice generation stage "$1" 1
	for i in 1 2; do
		slice route add "$1" "10.0.$i.0/24" port "p$i" gen 1
		slice route add "$1" "2001:db8:$i::/64" port "p$i" gen 1
	done
	activate "$1" 1
	slice role set "$1" master role-expect standby
}

activate() { # SLICE GEN
	local now

	now=$(slice -j generation digest "$1" gen "$2" | jq -r '.[0] |
		"routes4 \(.routes4) routes6 \(.routes6) digest \(.digest)"')
	# shellcheck disable=SC2086 # words
	slice generation seal "$1" "$2" $now
	slice generation switch "$1" "$2"
}

ping4() { ns h1 ping -q -c 2 -i 0.2 -W 5 10.0.2.10; }
ping6() { ns h1 ping -q -c 2 -i 0.2 -W 5 2001:db8:2::10; }

flood_start() {
	ip netns exec h1 ping -q -f 10.0.2.10 > /dev/null 2>&1 &
	flood4=$!
	ip netns exec h2 ping -q -f 2001:db8:1::10 > /dev/null 2>&1 &
	flood6=$!
}

flood_stop() {
	kill "$flood4" "$flood6" 2> /dev/null
	wait "$flood4" "$flood6" 2> /dev/null
}

ns_make r h1 h2
netslice_load
wire

# --- slices ------------------------------------------------------------------

ok "a slice is made" slice slice add red
refused "a name is taken once" "there already" slice slice add red
refused "also by another device" "there already" slice slice add lan1
ok "it is removed" slice slice del red
fails "its device is gone" ip -n r link show red
refused "it is removed once" "no slice of that name" slice slice del red
refused "a name must be a device's" "name" slice slice add 'a/b'
refused "nor may it be a pattern" "name" slice slice add 'a%d'

ok "ip makes one too" ip -n r link add blue type netslice
says "it has no terms" '"cp_term": ?0' slice -j slice show blue
refused "so it stays standby" "both terms" slice role set blue ready role-expect standby
refused "a slice device cannot be renamed" "busy" ip -n r link set blue name green
ok "and the slice keeps its name" slice slice show blue
fails "nor moved to another namespace" ip -n r link set blue netns h1
fails "nor have an address of layer 2" \
	ip -n r link add pink address 02:00:00:00:00:01 type netslice
ip -n r link set blue up
says "its device has no queue and no ARP" "POINTOPOINT,NOARP.*qdisc noqueue" ip -n r link show blue
ok "ip removes it" ip -n r link del blue
refused "its slice is gone" "no slice of that name" slice slice show blue

slice slice add red owner one
refused "another owner's slice is left alone" "belongs to" slice slice del red owner two
refused "also by those who name none" "belongs to" slice slice del red
ok "unless it is forced" slice slice del red owner two force

# --- what can be a port ------------------------------------------------------

ip -n r link add blue type netslice
refused "a slice without a VRF has no ports" "VRF" slice port add blue p1 dev lan1
ip -n r link del blue

slice slice add red
slice slice add blue
refused "loopback is no port" "loopback" slice port add red p1 dev lo
refused "nor is another slice's device" "cannot be ports|member of another" slice port add red p1 dev blue
bridge r br0
ip -n r link add member type dummy
ip -n r link set member master br0
fails "nor is a bridge's" slice port add red p1 dev member
ip -n r link del br0
ip -n r link del member
ip -n r link add tun0 type ipip local 10.0.1.2 remote 10.0.1.10
refused "nor what is not Ethernet" "Ethernet" slice port add red p1 dev tun0
ip -n r link del tun0
refused "a virtual MAC is unicast" "unicast" slice port add red p1 dev lan1 vmac 03:00:00:00:00:01
refused "and locally administered" "locally" slice port add red p1 dev lan1 vmac 00:01:02:03:04:05
refused "a routed port has none" "lan port" slice port add red p1 dev lan1 kind routed vmac 02:00:00:00:00:01
ok "a device becomes a port" slice port add red p1 dev lan1
fails "once" slice port add red p2 dev lan1
fails "in one slice" slice port add blue p1 dev lan1
refused "a port's name is taken once" "that name" slice port add red p1 dev lan2
equal "refused ports leave nothing" p1 "$(ports red)"
ok "a routed port too" slice port add red p2 dev lan2 kind routed
refused "which has no virtual address" "lan port" slice gateway add red p2 10.0.2.1
refused "multicast is no virtual address" "host" slice gateway add red p1 224.0.0.5
ok "an address is" slice gateway add red p1 10.0.1.1
refused "once in a slice" "already" slice gateway add red p1 10.0.1.1
ok "its port goes before it" slice port del red p1
equal "and is kept for it" "absent" "$(state red p1)"
ok "until it goes as well" slice gateway del red p1 10.0.1.1
equal "then the port is gone" p2 "$(ports red)"
slice slice del red
slice slice del blue

if modprobe iptable_filter forward=0; then
	slice slice add red
	refused "netfilter's forward hooks bar a port" "netfilter" slice port add red p1 dev lan1
	ok "unless they are bypassed" slice port add red p1 dev lan1 bypass-netfilter
	says "which is shown" "bypass" slice port show red
	slice slice del red
	rmmod iptable_filter
else
	skip "netfilter's forward hooks bar a port" "this kernel has no iptable_filter"
fi

# --- ports come and go -------------------------------------------------------

build red
ok "the slice forwards IPv4" eventually 30 ping4
ok "and IPv6" eventually 30 ping6
slicectl -n r monitor events > "$OUT/events" &
monitor=$!
ok "events are listened to" eventually 20 sh -c "slicectl -n r slice set red refresh-ms 900 && grep -q slice-set $OUT/events"

ip -n h2 link set eth0 down
ok "a port without carrier is down" eventually 20 slice port await red state down port p2
ip -n h2 link set eth0 up
ip -n h2 route replace default via 10.0.2.1
addr h2 eth0 2001:db8:2::10/64 2> /dev/null
ip -n h2 -6 route replace default via 2001:db8:2::1
ok "and comes up with it" eventually 20 slice port await red state up port p2
ok "which is an event" grep -q "port-state.*p2" "$OUT/events"

flood_start
ok "a device is removed under traffic" soon ip -n r link del lan2
equal "its port is kept for the routes" absent "$(state red p2)"
ok "which is an event" eventually 20 grep -q "port-del.*p2" "$OUT/events"
flood_stop
veth r lan2 h2 eth0
addr r lan2 10.0.2.2/24 2001:db8:2::2/64
addr h2 eth0 10.0.2.10/24 2001:db8:2::10/64
ip -n h2 route replace default via 10.0.2.1
ip -n h2 -6 route replace default via 2001:db8:2::1
ok "the port is filled again" slice port add red p2 dev lan2
ok "and forwards IPv4" eventually 30 ping4
ok "and IPv6, its addresses are there still" eventually 30 ping6

flood_start
ok "a port is taken off under traffic" soon slicectl -n r port del red p2
ok "and put back" slice port add red p2 dev lan2
ok "a port that leaves its VRF under traffic" soon ip -n r link set lan2 nomaster
equal "is none any more" absent "$(state red p2)"
ok "and is put back" slice port add red p2 dev lan2
ok "the slice's device leaves the VRF under traffic" soon ip -n r link set red nomaster
equal "and has no port then" "absent absent" \
	"$(slice -j port show red | jq -r '[.[].state] | join(" ")')"
ok "the slice is removed under traffic" soon slicectl -n r slice del red force
ok "which is an event" eventually 20 grep -q "slice-del.*red" "$OUT/events"
flood_stop
# It holds the namespace.
kill "$monitor"
wait "$monitor" 2> /dev/null

build red
ok "a new one of the same name forwards" eventually 30 ping4
flood_start
ok "its VRF is removed under traffic" soon ip -n r link del vrf-red
equal "and its ports with it" "absent absent" \
	"$(slice -j port show red | jq -r '[.[].state] | join(" ")')"
ok "the slice is removed by ip" soon ip -n r link del red
flood_stop

# --- limits ------------------------------------------------------------------

slice slice add red cp-term 1 fp-term 1
slice generation stage red 1
hops() { # FIRST LAST
	local i

	for i in $(seq "$1" "$2"); do
		printf 'nexthop port q%d ' "$i"
	done
}
# shellcheck disable=SC2046 # words
{
	ok "routes name 32 ports" slice route add red 10.1.0.0/16 $(hops 1 32) gen 1
	ok "and 32 more" slice route add red 10.2.0.0/16 $(hops 33 64) gen 1
	refused "a slice has 64" "64 ports" slice route add red 10.3.0.0/16 $(hops 64 65) gen 1
}
equal "the refused route left no port" 64 "$(slice -j port show red | jq length)"
ok "a route goes" slice route del red 10.2.0.0/16 gen 1
equal "and the ports that it alone named" 32 "$(slice -j port show red | jq length)"
ok "the generation goes" slice generation drop red 1
no_port() { [ "$(slice -j port show red | jq length)" -eq 0 ]; }
ok "and all the others" eventually 20 no_port
slice slice del red

# --- again and again ---------------------------------------------------------

again() {
	local i

	for i in $(seq 8); do
		build red || return
		[ "$i" -eq 1 ] && flood_start
		soon slicectl -n r slice del red || return
	done
}
ok "a slice comes and goes under traffic" again
flood_stop

many() {
	local i

	for i in $(seq 30); do
		slice slice add "s$i" || return
	done
	for i in $(seq 30); do
		soon slicectl -n r slice del "s$i" || return
	done
}
ok "thirty slices come and go" many

# --- namespaces --------------------------------------------------------------

build red
slice slice add blue
eventually 30 ping4
flood_start
slicectl -n r port del red p1
slicectl -n r port add red p1 dev lan1
ok "a namespace with slices is deleted under traffic" soon ip netns delete r
ok "and its end is complete" eventually 60 sh -c '! ip -n h1 link show eth0'
flood_stop

ip netns add r
ip -n r link set lo up
wire
build red
ok "another one forwards" eventually 30 ping4
flood_start
sleep 1
ok "the module unloads under traffic" soon rmmod netslice
flood_stop
fails "its devices are gone" ip -n r link show red
ok "and the ports are free" ip -n r link set lan1 nomaster
ip -n r link del vrf-red
netslice_load
build red
ok "it is loaded again and forwards" eventually 30 ping4

finish
