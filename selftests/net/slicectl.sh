#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# slicectl: every object and verb of the kernel's, good and bad arguments, exit
# statuses, JSON that is JSON, and what is left behind.
#
#	router				host
#	  eth0  (port west, lan) -----	eth0
#	  eth1  (port east, routed) --	eth1

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

ns_make router host
veth router eth0 host eth0
veth router eth1 host eth1
# shellcheck disable=SC2119 # no parameters
netslice_load

ctl() { slicectl -n router "$@"; }
# shellcheck disable=SC2317 # called by ok
json() { slicectl -n router -j "$@" | jq -e . > /dev/null; }
value() { slicectl -n router -j "${@:2}" | jq -r "$1"; }

# status NAME WANTED TEXT COMMAND...: its exit status, and what it says
status() {
	local name=$1 wanted=$2 text=$3 output got=0

	shift 3
	output=$("$@" 2>&1) || got=$?
	if [ "$got" -ne "$wanted" ] || ! grep -qE -e "$text" <<< "$output"; then
		fail "$name" "$* : status $got, wanted $wanted and '$text', said" "$output"
	else
		pass "$name"
	fi
}

# silent NAME COMMAND...: it must succeed and print nothing
silent() {
	local name=$1 output got=0

	shift
	output=$("$@" 2>&1) || got=$?
	if [ "$got" -ne 0 ] || [ -n "$output" ]; then
		fail "$name" "$* : status $got, said" "$output"
	else
		pass "$name"
	fi
}

# --- usage ---
status "no arguments: usage" 1 "usage:" slicectl
status "help" 0 "generation" slicectl help
status "help of an object" 0 "usage: slicectl role set" slicectl role help
status "an unknown object" 1 '"slic": is no object' ctl slic show
status "an unknown verb" 1 '"ad": is no verb' ctl slice ad red
status "a missing argument" 1 "SLICE: is missing" ctl slice add
status "a missing value" 1 "owner: its value is missing" ctl slice add red owner
status "an unknown word" 1 '"ownr": is no word' ctl slice add red ownr x
status "a word twice" 1 "owner: stands twice" ctl slice add red owner x owner y
status "a name too long" 1 "is too long" ctl slice add abcdefghijklmnop
status "no number" 1 'cp-term "1x": is no number' ctl slice add red cp-term 1x
status "a number too large" 1 "is not from 0 to" ctl slice add red cp-term 18446744073709551616
status "no such namespace" 2 'network namespace "nowhere"' slicectl -n nowhere slice show
status "an unknown option" 1 "" slicectl -y slice show
status "the version" 0 "slicectl" slicectl -V

# --- slices ---
silent "slice add" ctl slice add red cp-term 1 fp-term 1
status "slice add twice" 2 "is there already" ctl slice add red
says "slice show" "role standby fp-term 1 cp-term 1" ctl slice show red
ok "slice show in JSON" json slice show
equal "the VRF was made for it" vrf-red "$(value '.[0].vrf' slice show red)"
says "with a default route through the slice" "default dev red" \
	ip -n router route show vrf vrf-red
says "and the end beneath it" "unreachable default" ip -n router route show vrf vrf-red
says "for IPv6 too" "default dev red" ip -n router -6 route show vrf vrf-red
status "slice show of none" 2 'slice "blue": .*no slice' ctl slice show blue
silent "slice set" ctl slice set red refresh-ms 500 announce-count 3 announce-ms 20
equal "is seen" "500 3 20" \
	"$(value '.[0]|"\(.refresh_ms) \(.announce_count) \(.announce_ms)"' slice show red)"
status "slice set out of range" 2 'refresh-ms "5"' ctl slice set red refresh-ms 5
status "slice set of nothing" 1 "nothing to change" ctl slice set red force
silent "slice set gives it an owner" ctl slice set red new-owner sliced
status "who is no owner is refused" 2 "belongs to" ctl slice set red refresh-ms 600
silent "but for force" ctl slice set red refresh-ms 600 force
silent "the owner is not" ctl slice set red owner sliced refresh-ms 1000
silent "the owner gives it up" ctl slice set red owner sliced new-owner ""

# --- ports ---
status "port add without a device" 1 "dev: is missing" ctl port add red west
status "port add of no device" 2 'device "eth9": .*No such device' ctl port add red west dev eth9
status "port add to no slice" 2 'slice "blue"' ctl port add blue west dev eth0
status "port add of a bad kind" 1 "none of lan, routed" ctl port add red west dev eth0 kind wan
status "port add with a bad MAC" 1 "no MAC address" ctl port add red west dev eth0 vmac 02:00
status "port add with a global MAC" 2 "locally administered" \
	ctl port add red west dev eth0 vmac 00:11:22:33:44:55
equal "what was refused is in no VRF" "" \
	"$(ip -n router -j link show eth0 | jq -r '.[0].master // ""')"
silent "port add" ctl port add red west dev eth0 vmac 02:00:00:00:00:01
silent "port add of a routed one" ctl port add red east dev eth1 kind routed
status "port add of the same name" 2 "port" ctl port add red west dev eth1
says "the device joined the VRF" "master vrf-red" ip -n router link show eth0
for setting in arp_announce=2 arp_ignore=1 forwarding=1; do
	equal "the stack does not speak for virtual addresses: $setting" "${setting#*=}" \
		"$(ns router cat "/proc/sys/net/ipv4/conf/eth0/${setting%=*}")"
done
says "port show" "port west dev eth0 kind lan state up vmac 02:00:00:00:00:01" ctl port show red
ok "port show in JSON" json port show
equal "one port alone" east "$(value '.[].port' port show red east)"
status "port await of what does not come" 2 "lacking: west" \
	ctl port await red marker 1 timeout 50
status "port await of nothing" 1 "was not given" ctl port await red
silent "port await of silence" ctl port await red quiet 50
silent "port await of a state" ctl port await red state up

# --- gateways ---
silent "gateway add" ctl gateway add red west 192.0.2.1
silent "gateway add, IPv6" ctl gateway add red west 2001:db8::1
status "gateway add twice" 2 "" ctl gateway add red west 192.0.2.1
status "gateway add on a routed port" 2 "" ctl gateway add red east 192.0.2.9
status "gateway add of no address" 1 "no IPv4 or IPv6 address" ctl gateway add red west 192.0.2
says "the slice device has it" "192.0.2.1/32" ip -n router addr show dev red
says "gateway show" "port west address 2001:db8::1" ctl gateway show red
ok "gateway show in JSON" json gateway show
silent "gateway del" ctl gateway del red west 192.0.2.1
equal "the slice device has it no more" "2001:db8::1" \
	"$(ip -n router -j addr show dev red | jq -r '[.[0].addr_info[]|select(.scope=="global").local]|join(" ")')"
status "gateway del of none" 2 "" ctl gateway del red west 192.0.2.1

# --- generations and routes ---
routes=$OUT/slicectl.routes
status "route add without a generation" 2 "no generation" \
	ctl route add red 10.0.0.0/8 via 192.0.2.9 port west
silent "generation stage" ctl generation stage red 1 release 1.0 schema 2
status "generation stage twice" 2 "" ctl generation stage red 2
silent "route add" ctl route add red 10.1.0.0/16 via 192.0.2.9 port west gen 1
silent "route add, words in another order" \
	ctl route add red gen 1 10.2.0.0/16 port east weight 3 cp-term 1 proto 9
silent "route add of many next hops" ctl route add red 2001:db8:1::/48 gen 1 \
	nexthop via 2001:db8::9 port west weight 2 nexthop port east
silent "route add of another type" ctl route add red blackhole 10.3.0.0/16 gen 1
silent "route add of a default" ctl route add red default via 2001:db8::9 port west gen 1
status "route add twice" 2 "route 10.1.0.0/16" ctl route add red 10.1.0.0/16 port west gen 1
status "route add with bits beyond" 1 "beyond its prefix length" \
	ctl route add red 10.1.0.1/16 port west gen 1
status "route add of no prefix" 1 'destination "10.1/16"' ctl route add red 10.1/16 port west
status "route add of a bad length" 1 "from 0 to 32" ctl route add red 10.0.0.0/33 port west
status "route add without next hop" 1 "needs a next hop" ctl route add red 10.4.0.0/16 gen 1
status "route add with a bad weight" 1 'weight "257"' \
	ctl route add red 10.4.0.0/16 port west weight 257
status "route add with a next hop to a blackhole" 1 "only a unicast route" \
	ctl route add red blackhole 10.4.0.0/16 port west gen 1
status "route add of IPv6 by IPv4" 1 "IPv6 route with an IPv4 next hop" \
	ctl route add red 2001:db8:2::/48 via 192.0.2.9 port west
status "route add with an old term" 2 "cp-term" ctl route add red 10.4.0.0/16 port west gen 1 cp-term 0
silent "route replace" ctl route replace red 10.2.0.0/16 via 192.0.2.8 port west gen 1
silent "route del" ctl route del red 10.3.0.0/16 gen 1
status "route del of none" 2 "10.3.0.0/16" ctl route del red 10.3.0.0/16 gen 1
says "route show" "10.2.0.0/16 via 192.0.2.8 port west" ctl route show red gen 1
ok "route show in JSON" json route show red gen 1
equal "route show of one family" 1 "$(ctl route show red gen 1 inet6 | wc -l)"
equal "route show of the other" 3 "$(ctl route show red gen 1 inet | wc -l)"
for ((i = 0; i < 2500; i++)); do
	printf '172.%d.%d.0/24 via 192.0.2.%d port west\n' $((16 + i / 256)) $((i % 256)) $((i % 200 + 9))
done > "$routes"
silent "route batch" ctl route batch red "$routes" gen 1
equal "they are there" 2503 "$(value '.[0].routes4' generation show red)"
status "route batch twice" 2 "172.16.0.0/24" ctl route batch red "$routes" gen 1
silent "route batch replaces" ctl route batch red "$routes" gen 1 mode replace
silent "route batch deletes" ctl route batch red - mode del gen 1 < "$routes"
equal "they are gone" 3 "$(value '.[0].routes4' generation show red)"
echo "10.9.0.0/16 prt west" > "$routes"
status "route batch names the line" 2 'line 1: "prt"' ctl route batch red "$routes" gen 1
ctl route show red gen 1 > "$routes"
status "seal with a wrong count" 2 "" ctl generation seal red 1 routes4 2 routes6 1 \
	digest "$(value '.[0].digest' generation digest red gen 1)"
status "seal with a wrong digest" 2 "digest" ctl generation seal red 1 routes4 3 routes6 1 \
	digest 00000000000000000000000000000000
status "seal with half of it" 1 "all of routes4" ctl generation seal red 1 routes4 3
silent "seal from what was meant" ctl generation seal red 1 from "$routes"
status "a sealed one takes no routes" 2 "" ctl route add red 10.5.0.0/16 port west gen 1
status "switch away from what is not" 2 "" ctl generation switch red 1 gen-expect 7
silent "generation switch" ctl generation switch red 1
says "it is active" "gen 1 state active release 1.0 schema 2" ctl generation show red
silent "generation commit" ctl generation commit red
says "route get" "10.1.0.0/16 via 192.0.2.9 port west" ctl route get red 10.1.2.3
ok "route get in JSON" json route get red 10.1.2.3
silent "stage a copy" ctl generation stage red 2 copy
silent "change it" ctl route add red 10.7.0.0/16 port east gen 2
silent "drop it" ctl generation drop red 2
status "a number never comes again" 2 "gen" ctl generation stage red 2
silent "stage another" ctl generation stage red 3 copy
silent "seal it" ctl generation seal red 3 from "$routes"
equal "equal routes, equal digests" 1 "$(value 'map(.digest)|unique|length' generation show red)"

# --- many slices in one request ---
silent "another slice" ctl slice add blue cp-term 1 fp-term 1
silent "its generation" ctl generation stage blue 1
silent "is sealed empty" ctl generation seal blue 1 from /dev/null
status "one of two is refused: none switches" 2 "blue" \
	ctl generation switch red 3 blue 1 gen-expect 5
equal "none did" 1 "$(value '.[0].gen' slice show red)"
silent "two at once" ctl generation switch red 3 confirm-ms 60000 blue 1
equal "both did" "3 1" "$(value 'sort_by(.slice)|reverse|map(.gen)|join(" ")' slice show)"
status "before commit no other switch" 2 "" ctl generation switch red 1
equal "a rollback says what it lacks" 0 "$(value '.[0].lacks' generation rollback red)"
equal "and is one" 1 "$(value '.[0].gen' slice show red)"
says "digest of buckets" "bucket" ctl generation digest red bucket-count 1024
ok "digest in JSON" json generation digest red bucket-first 0 bucket-count 1024
equal "its buckets add up to the whole" 4 \
	"$(value '.[0].buckets|length' generation digest red bucket-first 0 bucket-count 1024)"

# --- terms and roles ---
silent "term raise" ctl term raise red cp-term 3
status "term raise from what it was" 2 "" ctl term raise red cp-term 5 cp-term-expect 1
status "term raise downwards" 2 "" ctl term raise red cp-term 2
status "term raise of none" 1 "neither" ctl term raise red
silent "role set ready" ctl role set red ready
status "role set from what it is not" 2 "" ctl role set red master fp-term-new 3 role-expect standby
status "role set to what is none" 1 "none of standby, ready, master, draining" ctl role set red mstr
silent "role set master" ctl role set red master fp-term-new 3 lease-ms 60000 lease-action drain
says "role show" "role master .*fp-term 3 lease-action drain" ctl role show red
ok "role show in JSON" json role show
silent "role lease ends" ctl role lease red lease-ms 0
status "and once only" 2 "" ctl role lease red lease-ms 0
status "role lease of nothing" 1 "lease-ms and lease-until" ctl role lease red
silent "role await of what is" ctl role await red master
status "role await of what does not come" 2 "role is: master" ctl role await red ready timeout 50
silent "role mark" ctl role mark red marker cookie 0x1234
status "role mark of a port that is none" 2 'port "wets"' ctl role mark red probe cookie 1 port wets
silent "role announce" ctl role announce red
(sleep 1; slicectl -n router role set red draining answer) &
silent "role await of what comes" ctl role await red draining
wait
silent "role set standby" ctl role set red standby

# --- neighbours ---
silent "neigh add" ctl neigh add red 192.0.2.9 lladdr 02:00:00:00:00:09 port west
says "neigh show" "address 192.0.2.9 port west lladdr 02:00:00:00:00:09 nud stale extern_learn" \
	ctl neigh show red
ok "neigh show in JSON" json neigh show red
status "neigh add on no port" 2 'port "wets"' ctl neigh add red 192.0.2.9 lladdr 02:00:00:00:00:09 port wets
status "neigh add in no state" 1 'nud "dead"' \
	ctl neigh add red 192.0.2.9 lladdr 02:00:00:00:00:09 port west nud dead
silent "neigh del" ctl neigh del red 192.0.2.9 port west
status "neigh del of none" 2 "" ctl neigh del red 192.0.2.77 port west

# --- statistics, events, batches ---
says "stats show" "slice red port west rx-packets" ctl stats show red
ok "stats show in JSON" json stats show
slicectl -n router monitor > "$OUT/events" &
monitors=($!)
slicectl -n router -t -j monitor events red > "$OUT/events.json" &
monitors+=($!)
sleep 1
silent "commands from a file" slicectl -n router -b - <<< "
	# comments and quotes
	slice set 'red' refresh-ms \"900\"
	route add red 10.8.0.0/16 port west
	slice set blue refresh-ms 800"
ok "monitor tells of each" eventually 10 grep -q "slice-set slice blue" "$OUT/events"
ok "with routes" grep -q "10.8.0.0/16 port west" "$OUT/events"
ok "in JSON, a line each, with the time" eventually 10 jq -e -s \
	'map(select(.event == "route-new"))[0] | .routes[0].dst == "10.8.0.0/16" and .timestamp' \
	"$OUT/events.json"
kill "${monitors[@]}"
wait "${monitors[@]}" 2> /dev/null
fails "and of one slice alone" grep -q blue "$OUT/events.json"
status "a file ends at its first failure" 2 "line 2 failed" slicectl -n router -b - <<< "
slice set nope refresh-ms 900
slice set red refresh-ms 700"
equal "what follows is not done" 900 "$(value '.[0].refresh_ms' slice show red)"
status "but with -f" 2 "line 2 failed" slicectl -n router -f -b - <<< "
slice set nope refresh-ms 900
slice set red refresh-ms 700"
equal "it is done" 700 "$(value '.[0].refresh_ms' slice show red)"

# --- the end of it ---
silent "route flush" ctl route flush red
equal "nothing is left" 0 "$(ctl route show red | wc -l)"
silent "port del" ctl port del red east
equal "its device leaves the VRF" "" \
	"$(ip -n router -j link show eth1 | jq -r '.[0].master // ""')"
status "port del of none" 2 'port "wets"' ctl port del red wets
silent "slice del" ctl slice del red
equal "its VRF is gone, and no device is in it" "" \
	"$(ip -n router -j link | jq -r '.[]|select(.ifname == "vrf-red" or .master == "vrf-red").ifname')"
status "slice del of none" 2 'slice "red"' ctl slice del red
ip -n router link add operator type vrf table 77
silent "a VRF of the operator's" ctl slice add green vrf operator
says "is used" "vrf operator" ctl slice show green
silent "and stays" ctl slice del green
ok "there it is" ip -n router link show operator
status "what is no VRF is refused" 2 'device "eth1": is no VRF' ctl slice add green vrf eth1
equal "and leaves no slice" blue "$(value 'map(.slice)|join(" ")' slice show)"

finish
