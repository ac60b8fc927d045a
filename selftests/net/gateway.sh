#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who speaks for the virtual addresses in each role, with which MAC, and what the
# nodes of a pair hear from each other on the LAN. red-a stands for the hosts of
# the LAN of port p0, and for the other node.
#
# timeout: 900

# shellcheck disable=SC2119,SC2317 # functions are called by those of lib.sh
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/topology.sh
. "$(dirname "$0")/../topology.sh"

group=03:6e:73:6c:69:63

set_up() {
	ns_make r
	netslice_load
	chain_make red
	ok "a slice is made" chain_slice red
	chain_routes > /run/routes
	ok "it has routes" generation_load red 1 < /run/routes
	vmac0=$(vmac red p0)
	vmac1=$(vmac red p1)
	mac0=$(mac_of r red-p0)
	mac1=$(mac_of r red-p1)
	host=$(mac_of red-a e0)
	export vmac0 host
	export -f become ns
	# The hosts speak when they are told to, and only then.
	ip -n red-a route del default
	ip -n red-a -6 route del default
	ok "the neighbours of the far side are known" slicectl -n r neigh add red 10.0.2.10 \
		port p1 lladdr "$(mac_of red-b e0)" nud permanent
}

hears() { # FILTER COMMAND...: red-a, within 5 s
	ns red-a frame expect e0 --filter "$1" --timeout 5 -- "${@:2}"
}

hears_not() { # FILTER COMMAND...
	ns red-a frame expect e0 --filter "$1" --none --timeout 1.5 -- "${@:2}"
}

says_to_lan() { # frame send's arguments, from red-a
	ns red-a frame send e0 "$@"
}

ask4() { # ADDRESS [key=value...]
	says_to_lan arp spa=10.0.1.10 tpa="$1" "${@:2}"
}

ask6() { # ADDRESS [key=value...]
	says_to_lan ns dst=33:33:ff:00:00:01 sip=fd00:1::10 dip=ff02::1:ff00:1 target="$1" \
		lladdr="$host" "${@:2}"
}

export -f says_to_lan ask4 ask6

port_value() { # NAME
	slicectl -n r -j port show red p0 | jq -r ".[0].$1"
}

# --- answers -----------------------------------------------------------------

answered() { # ROLE SOURCE-MAC
	ok "$1: ARP is answered" hears "op=2,spa=10.0.1.1,sha=$vmac0,src=$2,dst=$host" \
		bash -c 'ask4 10.0.1.1'
	ok "$1: unicast ARP too" hears "op=2,spa=10.0.1.1,sha=$vmac0,src=$2" \
		bash -c "ask4 10.0.1.1 dst=$vmac0"
	ok "$1: a solicitation is answered with R, S and O" \
		hears "icmp=136,target=fd00:1::1,lladdr=$vmac0,flags=0xe0,src=$2,dst=$host" \
		bash -c 'ask6 fd00:1::1'
	ok "$1: unicast too" hears "icmp=136,target=fd00:1::1,lladdr=$vmac0,src=$2" \
		bash -c "ask6 fd00:1::1 dst=$vmac0 dip=fd00:1::1"
	ok "$1: duplicate address detection is told all" \
		hears "icmp=136,target=fd00:1::1,flags=0xa0,dip=ff02::1,src=$2" \
		bash -c 'says_to_lan ns dst=33:33:ff:00:00:01 sip=:: dip=ff02::1:ff00:1 target=fd00:1::1'
}

silent() { # ROLE
	local before

	before=$(counter red drop_role)
	ok "$1: no answer to ARP" hears_not op=2,spa=10.0.1.1 bash -c 'ask4 10.0.1.1'
	ok "$1: no answer to a solicitation" hears_not icmp=136,target=fd00:1::1 \
		bash -c 'ask6 fd00:1::1'
	ok "$1: both were counted" test "$(counter red drop_role)" -ge $((before + 2))
}

own_answers() { # ROLE
	ok "$1: the stack answers for the node's own address" \
		hears "op=2,spa=10.0.1.2,sha=$mac0,src=$mac0" bash -c 'ask4 10.0.1.2'
}

# --- data --------------------------------------------------------------------

data() { # DESTINATION-MAC
	says_to_lan udp dst="$1" sip=10.1.0.10 dip=10.2.0.10 dport=9999
}
export -f data

forwards() { # NAME TO-MAC FROM-MAC
	ok "$1" ns red-b frame expect e0 --filter "dport=9999,src=$3" --timeout 5 -- \
		bash -c "data $2"
}

stands_by() {
	local before

	silent standby
	own_answers standby
	before=$(counter red drop_standby)
	ok "standby: nothing to the virtual MAC is forwarded" ns red-b frame expect e0 \
		--filter dport=9999 --none --timeout 1 -- bash -c "data $vmac0"
	equal "standby: it was counted" $((before + 1)) "$(counter red drop_standby)"
	forwards "standby: what is sent to the node itself is forwarded" "$mac0" "$mac1"
	ok "standby: no refresh frame" hears_not kind=1 true
}

# --- roles -------------------------------------------------------------------

test_standby() {
	stands_by
	equal "frames to the virtual MAC are counted" 1 "$(port_value vmac_rx)"
}

test_ready() {
	ok "to ready" become red ready
	silent ready
	own_answers ready
	equal "ready: frames to the virtual MAC are counted anew" 0 "$(port_value vmac_rx)"
	forwards "ready: to the virtual MAC, sent with its own" "$vmac0" "$mac1"
	forwards "ready: to its own MAC, sent with its own" "$mac0" "$mac1"
	ok "ready: no refresh frame" hears_not kind=1 true
	equal "ready: one frame to the virtual MAC" 1 "$(port_value vmac_rx)"
}

announced() { # NAME FILTER: exactly as often as the slice says
	ok "$1" ns red-a frame expect e0 --filter "$2" --count 3 --exact --timeout 3 -- \
		slicectl -n r role announce red
}

test_master() {
	ok "announcements are set" slicectl -n r slice set red announce-count 3 announce-ms 100 \
		refresh-ms 200
	ok "to master, which announces" hears \
		"op=1,spa=10.0.1.1,tpa=10.0.1.1,sha=$vmac0,src=$vmac0,dst=ff:ff:ff:ff:ff:ff" \
		bash -c 'become red master'
	answered master "$vmac0"
	own_answers master
	announced "master: as many ARP announcements as set" "op=1,spa=10.0.1.1,src=$vmac0"
	announced "master: as many advertisements, with R and O" \
		"icmp=136,target=fd00:1::1,flags=0xa0,dip=ff02::1,src=$vmac0,lladdr=$vmac0"
	ok "master: refresh frames with its term" ns red-a frame expect e0 \
		--filter "kind=1,term=2,src=$vmac0,dst=$group" --count 4 --timeout 10
	forwards "master: to the virtual MAC, sent with the virtual MAC" "$vmac0" "$vmac1"
	forwards "master: to its own MAC, sent with the virtual MAC" "$mac0" "$vmac1"
	ok "master: the stack's packets too" hears "dip=10.1.0.10,proto=1,src=$vmac0" \
		ip netns exec red-a frame send e0 echo dst="$vmac0" sip=10.1.0.10 dip=10.0.1.1
	ok "a host that asked is known" test -n \
		"$(ip -n r neigh show dev red-p0 10.0.1.10 | grep "$host")"
	ok "one from elsewhere is answered" hears op=2,spa=10.0.1.1,tpa=10.99.0.1 \
		ip netns exec red-a frame send e0 arp spa=10.99.0.1 tpa=10.0.1.1
	equal "and not remembered" "" "$(ip -n r neigh show dev red-p0 10.99.0.1)"
}

# Nothing that only looks like a question is answered, nothing falls over.
test_malformed() {
	local sent

	for sent in "arp spa=10.0.1.10 tpa=10.0.1.1 --cut 20" \
		"arp spa=10.0.1.10 tpa=10.0.1.1 --set 18=08" \
		"arp spa=10.0.1.10 tpa=10.0.1.1 --set 14=0006" \
		"arp spa=10.0.1.1 tpa=10.0.1.1" "arp op=2 spa=10.0.1.10 tpa=10.0.1.1"; do
		# shellcheck disable=SC2086 # several words
		ok "no answer to: $sent" hears_not op=2,spa=10.0.1.1 \
			ip netns exec red-a frame send e0 $sent
	done
	for sent in "ttl=64" "--set 58=ff" "dip=ff02::1:ff00:1 sip=ff02::1" "--set 79=00" \
		"--set 79=09" "sip=::" "--cut 40"; do
		# shellcheck disable=SC2086 # several words
		ok "no answer to a solicitation with: $sent" hears_not icmp=136,target=fd00:1::1 \
			ip netns exec red-a frame send e0 ns dst=33:33:ff:00:00:01 sip=fd00:1::10 \
			dip=ff02::1:ff00:1 target=fd00:1::1 lladdr="$host" $sent
	done
}

test_draining() {
	ok "to draining, still answering" become red draining answer
	answered "draining, answering" "$mac0"
	ok "draining: no refresh frame" hears_not kind=1 true
	forwards "draining: to the virtual MAC, sent with its own" "$vmac0" "$mac1"
	ok "to draining, silent" become red draining
	silent draining
	forwards "draining, silent: forwards" "$vmac0" "$mac1"
	ok "to standby" become red standby
	stands_by
}

# --- frames ------------------------------------------------------------------

evidence() { # NAME FIELD VALUE
	equal "$1" "$3" "$(port_value "$2")"
}

monitor_has() { # EVENT
	grep -q "\"event\": *\"$1\"" /run/events
}

test_marker() {
	local i before

	slicectl -n r -j monitor > /run/events &
	sleep 1
	for i in 0 2 2; do
		says_to_lan marker dst="$group" slice=red port=p0 term=1 cookie=77 index="$i" total=3
	done
	evidence "marker: its cookie" marker_cookie 77
	evidence "marker: a frame that came twice counts once" marker_count 2
	evidence "marker: how many there are" marker_total 3
	fails "marker: no event before it is whole" monitor_has marker
	says_to_lan marker dst="$group" slice=red port=p0 term=1 cookie=77 index=1 total=3
	ok "marker: one event when it is" eventually 10 monitor_has marker
	evidence "marker: all there" marker_count 3
	says_to_lan marker dst="$group" slice=red port=p0 term=1 cookie=78 index=0 total=2
	evidence "another marker begins anew" marker_count 1
	before=$(counter red passed)
	says_to_lan marker dst="$group" slice=blue port=p0 cookie=79
	says_to_lan marker dst="$group" slice=red port=p1 cookie=79
	says_to_lan marker dst="$group" slice=red port=p0 cookie=79 index=2 total=2
	says_to_lan marker dst="$group" slice=red port=p0 cookie=79 total=0
	says_to_lan marker dst="$group" slice=red port=p0 cookie=79 total=257
	says_to_lan marker dst="$group" slice=red port=p0 cookie=79 --set 14=00
	says_to_lan marker dst="$group" slice=red port=p0 cookie=79 --set 18=02
	says_to_lan marker dst="$group" slice=red port=p0 cookie=79 --set 19=07
	says_to_lan marker dst="$group" slice=red port=p0 cookie=79 --cut 4
	says_to_lan marker dst="$vmac0" slice=red port=p0 cookie=79
	evidence "frames for others and broken ones change nothing" marker_cookie 78
	equal "they were passed on" $((before + 10)) "$(counter red passed)"
}

test_probe() {
	local before

	before=$(port_value vmac_rx)
	says_to_lan probe dst="$vmac0" slice=red port=p0 term=1 cookie=1234
	evidence "probe: its cookie" probe_cookie 1234
	evidence "probe: not counted among the frames to the virtual MAC" vmac_rx "$before"
	ok "probe: an event" eventually 10 monitor_has probe
	says_to_lan probe dst="$group" slice=red port=p0 term=1 cookie=1235
	evidence "a probe to all is none" probe_cookie 1234
}

test_mark() {
	ok "to ready" become red ready
	ok "a marker is sent to all, with the port's own MAC" \
		hears "kind=2,src=$mac0,dst=$group" slicectl -n r role mark red marker cookie 5
	ok "a probe is sent to the virtual MAC, with the port's own" \
		hears "kind=3,src=$mac0,dst=$vmac0" slicectl -n r role mark red probe cookie 6
	ok "by one port alone, if so told" hears_not kind=2 \
		slicectl -n r role mark red marker cookie 7 port p1
}

# One frame for each transmit queue, and by that queue.
test_queues() {
	local queue

	ns_make q
	ip -n r link add red-p2 numtxqueues 4 numrxqueues 4 type veth peer name e0 netns q
	ns r sysctl -qw net.ipv6.conf.red-p2.disable_ipv6=1
	ip -n r link set red-p2 up
	ip -n q link set e0 up
	ok "a port with four transmit queues" slicectl -n r port add red p2 dev red-p2
	ns r tc qdisc add dev red-p2 root handle 1: mq
	for queue in 1 2 3 4; do
		ns r tc qdisc add dev red-p2 parent "1:$queue" handle "1$queue:" pfifo
	done
	ok "four frames" ns q frame expect e0 --filter kind=2 --count 4 --exact --timeout 2 -- \
		slicectl -n r role mark red marker cookie 8 port p2
	for queue in 1 2 3 4; do
		says "one of them by queue $queue" " 1 pkt " \
			bash -c "ip netns exec r tc -s qdisc show dev red-p2 | grep -A 1 'pfifo 1$queue:'"
	done
	ok "the port goes" slicectl -n r port del red p2
	ip -n r link del red-p2
}

test_refresh() {
	ok "to master" become red master
	says_to_lan refresh src="$vmac0" dst="$group" slice=red port=p0 term=3
	equal "a refresh frame with its own term is its own" master "$(role_of)"
	evidence "and nothing to remember" peer_fp_term null
	says_to_lan refresh src="$vmac0" dst="$group" slice=red port=p0 term=2
	equal "one with a lower term does not impress it" master "$(role_of)"
	says_to_lan refresh src="$vmac0" dst="$group" slice=red port=p0 term=9
	equal "one with a higher term does" draining "$(role_of)"
	evidence "it is remembered" peer_fp_term 9
	ok "an event says so" eventually 10 monitor_has outranked
	silent "outranked"
	ok "outranked: no refresh frame" hears_not kind=1 true
	kill %%
}

role_of() {
	slicectl -n r -j slice show red | jq -r '.[0].role'
}

set_up
test_standby
test_ready
test_master
test_malformed
test_draining
test_marker
test_probe
test_mark
test_refresh
ok "each packet was counted once" balanced red
test_queues
finish
