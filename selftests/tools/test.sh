#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The test tools tested: a tool that measures is worth what it notices, so most
# of what follows is sabotage that must be seen. No netslice module is needed.
#
#   nst-lan: br0 -- pa ---- eth0 nst-a   (a router)
#               |-- pb ---- eth0 nst-b   (the other router)
#               `-- ph ---- eth0 nst-h   (a host)
#
# The tools are taken from $NETSLICE_TOOLS, $TOOLS or build/tools.

set -u
here=$(cd "$(dirname "$0")" && pwd)
tools=${NETSLICE_TOOLS:-${TOOLS:-$here/../../build/tools}}
number=0
failed=0
cleaning=

# In namespaces of its own: no port or name is shared with anybody, and as an
# ordinary user it runs, too.
if [ -z "${NST_UNSHARED:-}" ]; then
	export NST_UNSHARED=1
	user=
	[ "$(id -u)" = 0 ] || user=-Ur
	# shellcheck disable=SC2016 # meant for the inner shell
	exec unshare $user -nm bash -c 'mount -t tmpfs none /run && ip link set lo up &&
		exec bash "$0" "$@"' "$0" "$@"
fi

work=$(mktemp -d)

cleanup()
{
	local pid ns

	[ -z "$cleaning" ] || return
	cleaning=1
	for pid in $(jobs -p); do
		kill -CONT "$pid" 2>/dev/null
		kill "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	for ns in nst-lan nst-a nst-b nst-h; do
		ip netns del $ns 2>/dev/null
	done
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# A test is what a function says: its status is the verdict.
check()
{
	local name=$1

	shift
	number=$((number + 1))
	if "$@" >"$work/out" 2>&1; then
		echo "ok $number $name"
	else
		echo "not ok $number $name"
		sed 's/^/# /' "$work/out"
		failed=$((failed + 1))
	fi
}

# await CONDITION...: within a generous time.
await()
{
	local i

	for ((i = 0; i < 600; i++)); do
		"$@" && return 0
		sleep 0.05
	done
	echo "waited in vain for: $*"
	return 1
}

# holds FILE FILTER: the jq filter is true of the report.
holds()
{
	jq -e "$2" "$1" >/dev/null && return 0
	echo "does not hold: $2"
	jq -c . "$1"
	return 1
}

### traffic ###########################################################

# flow ADDR COUNT RATE [-- RELAY OPTIONS]: one flow by way of a relay.
# Leaves sum.json, and the status of traffic sum in $sum.
flow()
{
	local to=$1 count=$2 rate=$3 port=7001 relay=

	shift 3
	[ "${1:-}" != -- ] || shift
	rm -f "$work"/*.json
	"$tools/traffic" recv --port 7002 --drain 200 --report "$work/r.json" &
	local recv=$!
	await test -e "$work/r.json" || return 1
	if [ $# -gt 0 ]; then
		"$tools/relay" --listen $port --to "$to" --port 7002 "$@" &
		relay=$!
		await udp_bound $port || return 1
	else
		port=7002
	fi
	"$tools/traffic" send --to "$to" --port $port --flow 7 --rate "$rate" --count "$count" \
		--report "$work/s.json" || return 1
	kill -TERM $recv
	wait $recv || return 1
	[ -z "$relay" ] || { kill $relay; wait $relay 2>/dev/null; }
	"$tools/traffic" sum --sent "$work/s.json" --received "$work/r.json" \
		--report "$work/sum.json"
	sum=$?
}

udp_bound()
{
	ss -Hlun "sport = :$1" | grep -q .
}

clean()
{
	flow "$1" 500 1000 && [ "$sum" = 0 ] &&
		holds "$work/sum.json" '.passed and .sent == 500 and .received == 500 and
			.lost == 0 and .duplicated == 0 and .reordered == 0'
}

clean_relayed()
{
	flow "$1" 300 1000 -- --hold 0 && [ "$sum" = 0 ] &&
		holds "$work/sum.json" '.passed and .received == 300'
}

many()
{
	flow 127.0.0.1 20000 10000 && [ "$sum" = 0 ] &&
		holds "$work/sum.json" '.sent == 20000 and .received == 20000'
}

sees_loss()
{
	flow "$1" 300 1000 -- --drop 0,17,18,19,299 && [ "$sum" = 1 ] &&
		holds "$work/sum.json" '(.passed | not) and .lost == 5 and .received == 295 and
			.flows[0].lost_ranges == [[0,0],[17,19],[299,299]]'
}

sees_duplicate()
{
	flow "$1" 300 1000 -- --double 40,41 && [ "$sum" = 1 ] &&
		holds "$work/sum.json" '(.passed | not) and .lost == 0 and .duplicated == 2'
}

# Reordering is reported; on paths of unlike delay it is inherent, and no fault.
sees_reordering()
{
	flow "$1" 300 1000 -- --swap 50,90 && [ "$sum" = 0 ] &&
		holds "$work/sum.json" '.passed and .reordered == 2 and .lost == 0'
}

sees_corruption()
{
	flow 127.0.0.1 100 1000 -- --spoil 5 && [ "$sum" = 1 ] &&
		holds "$work/sum.json" '.flows[0].corrupt == 1 and .lost == 1'
}

sees_gap()
{
	flow 127.0.0.1 300 1000 -- --hold 400 && [ "$sum" = 0 ] &&
		holds "$work/sum.json" '.flows[0].longest_gap_ms > 300' &&
		! "$tools/traffic" sum --sent "$work/s.json" --received "$work/r.json" --max-gap 200
}

sees_dscp()
{
	flow "$1" 100 1000 -- --mark 1,2,3 &&
		holds "$work/sum.json" '.flows[0].dscp == {"0": 97, "46": 3}'
}

# What the receiver's own socket dropped is not called lost by the network.
sees_overflow()
{
	local recv

	rm -f "$work"/*.json
	"$tools/traffic" recv --port 7002 --drain 200 --report "$work/r.json" &
	recv=$!
	await test -e "$work/r.json" || return 1
	kill -STOP $recv
	"$tools/traffic" send --to 127.0.0.1 --port 7002 --flow 1 --rate 20000 --size 9000 \
		--count 20000 --report "$work/s.json"
	kill -CONT $recv
	kill -TERM $recv
	wait $recv
	! "$tools/traffic" sum --sent "$work/s.json" --received "$work/r.json" \
		--report "$work/sum.json" &&
		holds "$work/sum.json" '.receiver_overflow > 0 and (.why | test("not measurable"))'
}

# A packet that never left is sent again, not counted as lost.
repeats_unsent()
{
	local recv send

	rm -f "$work"/*.json
	nsenter --net=/run/netns/nst-b "$tools/traffic" recv --port 7002 --report "$work/r.json" &
	recv=$!
	await test -e "$work/r.json" || return 1
	nsenter --net=/run/netns/nst-a "$tools/traffic" send --to 10.9.0.2 --port 7002 --flow 1 --rate 500 \
		--count 1000 --report "$work/s.json" &
	send=$!
	sleep 0.5
	ip -n nst-a route add unreachable 10.9.0.2/32
	sleep 0.3
	ip -n nst-a route del unreachable 10.9.0.2/32
	wait $send
	kill -TERM $recv
	wait $recv
	"$tools/traffic" sum --sent "$work/s.json" --received "$work/r.json" \
		--report "$work/sum.json"
	holds "$work/sum.json" '.passed and .sent == 1000 and
		(.flows[0].send_errors | add) > 10'
}

sees_icmp()
{
	"$tools/traffic" send --to "$1" --port 7009 --flow 1 --rate 200 --count 50 \
		--report "$work/s.json" &&
		holds "$work/s.json" '.icmp_errors > 0 and .icmp_last.from != ""'
}

refuses_unfinished()
{
	local recv

	rm -f "$work"/*.json
	"$tools/traffic" recv --port 7002 --report "$work/r.json" &
	recv=$!
	await test -e "$work/r.json" || return 1
	"$tools/traffic" send --to ::1 --port 7002 --flow 1 --rate 500 --count 50 \
		--report "$work/s.json"
	kill -USR1 $recv
	sleep 0.3
	! "$tools/traffic" sum --sent "$work/s.json" --received "$work/r.json" \
		--report "$work/sum.json" || return 1
	kill -TERM $recv
	wait $recv
	holds "$work/sum.json" '.why | test("had not ended")'
}

# Flows of both families at once, a flow id used twice, series, an unknown flow.
many_flows()
{
	local recv i pids=() args=()

	rm -f "$work"/*.json*
	"$tools/traffic" recv --port 7002 --report "$work/r.json" --interval 100 &
	recv=$!
	await test -e "$work/r.json" || return 1
	for i in 1 2 3 4; do
		"$tools/traffic" send --to 127.0.0.1 --port 7002 --flow $i --rate 300 --count 300 \
			--interval 100 --name "v4/$i" --report "$work/s$i.json" &
		pids+=($!)
		"$tools/traffic" send --to ::1 --port 7002 --flow $i --rate 300 --count 300 \
			--name "v6/$i" --report "$work/t$i.json" &
		pids+=($!)
		args+=(--sent "$work/s$i.json" --sent "$work/t$i.json")
	done
	wait "${pids[@]}"
	kill -TERM $recv
	wait $recv
	"$tools/traffic" sum "${args[@]}" --received "$work/r.json" --report "$work/sum.json" ||
		return 1
	holds "$work/sum.json" '.passed and .sent == 2400 and (.flows | length) == 8' || return 1
	jq -es 'map(.received) | add == 2400' "$work/r.json.series" >/dev/null || return 1
	jq -es 'map(.sent) | add == 300' "$work/s1.json.series" >/dev/null || return 1
	! "$tools/traffic" sum --sent "$work/s1.json" --received "$work/r.json" \
		--report "$work/sum.json" &&
		holds "$work/sum.json" '.why | test("no sender")'
}

### stream ############################################################

# stream_run SECONDS COMMAND...: a stream over the bridge while the command runs.
stream_run()
{
	local serve run status

	rm -f "$work"/*.json
	nsenter --net=/run/netns/nst-b "$tools/stream" serve --port 7003 --report "$work/serve.json" &
	serve=$!
	await test -e "$work/serve.json" || return 1
	nsenter --net=/run/netns/nst-a "$tools/stream" run --to "$1" --port 7003 --rate 200000 \
		--linger 30 --report "$work/run.json" &
	run=$!
	sleep 0.7
	"${@:2}"
	sleep 0.5
	kill -TERM $run 2>/dev/null
	wait $run
	status=$?
	kill -TERM $serve
	wait $serve
	return $status
}

port_pause()
{
	ip -n nst-lan link set pb down
	sleep 0.6
	ip -n nst-lan link set pb up
}

server_dies()
{
	kill -KILL "$(ip netns pids nst-b | head -1)"
}

stream_clean()
{
	stream_run "$1" true &&
		holds "$work/run.json" '(.broken | not) and .bytes > 100000 and
			.verified_bytes == .bytes' &&
		holds "$work/serve.json" '.broken == 0 and .closed == 1 and
			.verified_bytes > 100000'
}

stream_stall()
{
	stream_run 10.9.0.2 port_pause &&
		holds "$work/run.json" '(.broken | not) and .retransmits > 0 and
			.longest_stall_ms > 400 and .verified_bytes == .bytes'
}

stream_broken()
{
	! stream_run 10.9.0.2 server_dies && holds "$work/run.json" '.broken and .why != ""'
}

stream_refused()
{
	! nsenter --net=/run/netns/nst-a "$tools/stream" run --to 10.9.0.2 --port 7004 --rate 1000 \
		--report "$work/run.json" && holds "$work/run.json" '.broken'
}

### frame #############################################################

on()
{
	nsenter --net="/run/netns/nst-$1" "${@:2}"
}

send()
{
	on "$1" "$tools/frame" send eth0 "${@:2}"
}

expect_template()
{
	on b "$tools/frame" expect eth0 --filter "$1" --count 3 --exact --timeout 0.5 \
		-- nsenter --net=/run/netns/nst-a "$tools/frame" send eth0 "${@:2}" --repeat 3
}

frames_pass()
{
	expect_template "ethertype=0x88b6,src=02:00:00:00:00:0a,len=114" \
		raw src=02:00:00:00:00:0a size=100 &&
	expect_template "op=2,spa=10.1.0.1,sha=02:00:00:00:00:0a" \
		arp op=2 src=02:00:00:00:00:0a spa=10.1.0.1 tpa=10.1.0.9 &&
	expect_template "icmp=136,target=fe80::1,flags=0xa0,lladdr=02:00:00:00:00:0a,ttl=255" \
		na src=02:00:00:00:00:0a dst=33:33:00:00:00:01 sip=fe80::1 dip=ff02::1 \
		target=fe80::1 lladdr=02:00:00:00:00:0a flags=0xa0 &&
	expect_template "vlan=77,tagged=1,prio=5,dport=9" \
		udp sip=10.0.0.1 dip=10.0.0.2 dport=9 vlan=77 prio=5 &&
	expect_template "vlan=0,tagged=1,icmp=8,ttl=3" \
		echo sip=10.0.0.1 dip=10.0.0.2 prio=1 ttl=3 &&
	expect_template "dport=9,proto=17,sip=2001:db8::1" \
		udp sip=2001:db8::1 dip=2001:db8::2 dport=9 options=05020000 size=20 &&
	expect_template "kind=1,term=7" refresh slice=red port=lan0 term=7
}

mac_of()
{
	ip -n "nst-$1" -j link show eth0 | jq -r '.[0].address'
}

# The checksums are right: a real stack takes the packets and answers.
frames_are_honest()
{
	on a "$tools/frame" expect eth0 --filter icmp=0,sip=10.9.0.2 \
		-- "$tools/frame" send eth0 echo dst="$(mac_of b)" sip=10.9.0.1 dip=10.9.0.2 \
		size=33 &&
	on a "$tools/frame" expect eth0 --filter icmp=129,sip=2001:db8:9::2 \
		-- "$tools/frame" send eth0 echo dst="$(mac_of b)" sip=2001:db8:9::1 \
		dip=2001:db8:9::2 size=33
}

frames_missing()
{
	! on b "$tools/frame" expect eth0 --filter op=1,tpa=10.1.0.77 --timeout 0.3 &&
	! expect_template ethertype=0x88b7 raw &&
	! on b "$tools/frame" expect eth0 --filter ethertype=0x88b6 --none --timeout 0.4 \
		-- nsenter --net=/run/netns/nst-a "$tools/frame" send eth0 raw &&
	on b "$tools/frame" expect eth0 --filter ethertype=0x88b7 --none --timeout 0.4 \
		-- nsenter --net=/run/netns/nst-a "$tools/frame" send eth0 raw
}

# Seen where they leave, for a bridge may drop what is malformed.
frames_malformed()
{
	on a "$tools/frame" expect eth0 --out --filter ethertype=0x800,len=24 \
		-- "$tools/frame" send eth0 udp sip=10.0.0.1 dip=10.0.0.2 --cut 18 &&
	on a "$tools/frame" expect eth0 --out --filter ttl=9,sip=10.0.0.1 \
		-- "$tools/frame" send eth0 udp sip=10.0.0.1 dip=10.0.0.2 --set 22=09 &&
	on a "$tools/frame" expect eth0 --out --filter ethertype=0x800,len=14 \
		-- "$tools/frame" send eth0 --hex "ffffffffffff 02000000000a 0800"
}

### watch #############################################################

vmac=02:6e:73:00:00:01
vip4=10.1.0.1
vip6=2001:db8:1::1

garp()     { send "$1" arp src=$vmac sha=$vmac spa=$vip4 tpa=$vip4; }
reply()    { send "$1" arp op=2 src=$vmac sha=$vmac spa=$vip4 tpa=10.1.0.9; }
advert()   { send "$1" na src=$vmac dst=33:33:00:00:00:01 sip=$vip6 dip=ff02::1 target=$vip6 \
			lladdr=$vmac flags="${2:-0xa0}"; }
refresh()  { send "$1" refresh src=$vmac slice=red port=lan0 term="$2"; }
data()     { send "$1" udp src=$vmac dst=02:00:00:00:00:99 sip=10.2.0.1 dip=10.1.0.9 size=32 \
			"${@:2}"; }
draining() { send "$1" arp op=2 src=02:00:00:00:00:0a sha=$vmac spa=$vip4 tpa=10.1.0.9; }
ask()      { send h arp src=02:00:00:00:00:99 spa=10.1.0.9 tpa=$vip4; }
ask6()     { send h ns src=02:00:00:00:00:99 sip=2001:db8:1::9 dip=ff02::1:ff00:1 target=$vip6 \
			lladdr=02:00:00:00:00:99; }

# watched OPTIONS -- FUNCTION: leaves the verdict; status is that of watch.
watched()
{
	local options=() pid

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	rm -f "$work"/*.json "$work/log"
	nsenter --net=/run/netns/nst-lan "$tools/watch" --port pa=first --port pb=second --port ph=host \
		--vmac $vmac=red/lan0 --vip $vip4=red/lan0 --vip $vip6=red --hold 300 \
		--verdict "$work/v.json" --log "$work/log" "${options[@]}" &
	pid=$!
	await test -e "$work/v.json" || return 9
	"$@"
	kill -TERM $pid
	wait $pid
}

passes()
{
	local filter=$1

	shift
	watched "$@" || { jq -c . "$work/v.json"; return 1; }
	holds "$work/v.json" ".passed and .final and ($filter)"
}

# violates RULE ...: fails, and names that rule.
violates()
{
	local rule=$1

	shift
	! watched "$@" || return 1
	holds "$work/v.json" "(.passed | not) and .violations_by_rule[\"$rule\"] > 0"
}

become()
{
	garp "$1"
	advert "$1"
	[ -z "${2:-}" ] || refresh "$1" "$2"
	data "$1" --repeat 5
	garp "$1"
	sleep 0.1
}

back_and_forth()
{
	become a 5
	draining a
	become b 6
	ask; reply b
	become a 7
	become b 9
}

no_terms()          { become a; become b; become a; become b; }
old_sends()         { become a 5; become b 6; data a; }
old_announces()     { become a 5; garp b; garp a; garp b; }
old_refreshes()     { become a 5; become b 6; refresh a 5; }
silent_return()     { become a 5; become b 6; become a; data b; }
same_term()         { become a 5; become b 6; refresh a 6; }
stale()             { become a 5; become b 5; }
not_announced()     { become a 5; data b; }
late_answer()       { become a 5; become b 6; draining a; }
wrong_mac()         { become a 5; send b arp op=2 src=02:00:00:00:00:0b spa=$vip4 tpa=10.1.0.9; }
wrong_mac_ns()      { become a 5; send b ns src=02:00:00:00:00:0b sip=$vip6 dip=ff02::1 \
			target=2001:db8:1::9 lladdr=02:00:00:00:00:0b; }
no_router()         { become a 5; advert a 0x20; }
from_host()         { become a 5; data h; }
host_claims()       { become a 5; send h arp op=2 src=02:00:00:00:00:99 spa=$vip4 tpa=10.1.0.8; }
leaks()             { become a 5; data a vlan=5; }
answered()          { become a 5; ask; sleep 0.6; ask; reply a; sleep 0.6; ask6; sleep 0.6; ask6; advert a; }
unanswered()        { become a 5; ask; sleep 0.7; ask; sleep 0.7; ask; }
unanswered6()       { become a 5; ask6; sleep 0.7; ask6; sleep 0.7; ask6; }
asked_once()        { become a 5; ask; sleep 1.5; }
one_way()           { become a 5; become b 6; }
flood()             { become a 5; data a --repeat 20000; }

overrun()
{
	local pid

	become a 5
	pid=$(ip netns pids nst-lan | head -1)
	kill -STOP "$pid"
	data a --repeat 60000
	kill -CONT "$pid"
}

misses_frames()
{
	! watched -- overrun && holds "$work/v.json" '.missed_frames > 0 and (.passed | not)'
}

nothing_heard()
{
	! watched -- true && holds "$work/v.json" '.violations_by_rule["never-seen"] == 1'
}

heard_nothing_allowed()
{
	! watched --allow-unseen -- true && holds "$work/v.json" '.frames == 0'
}

logs()
{
	watched -- one_way || return 1
	jq -es 'any(.kind == "refresh" and .fp_term == 6 and .node == "second" and .if == "pb") and
		any(.kind == "handover" and .from == "first" and .to == "second") and
		any(.kind == "data" and .frames == 5)' "$work/log" >/dev/null
}

lan_up()
{
	local ns

	ip netns add nst-lan || return 1
	ip -n nst-lan link add name br0 type bridge || return 1
	ip -n nst-lan link set br0 up
	for ns in a b h; do
		ip netns add nst-$ns || return 1
		ip -n nst-lan link add name p$ns type veth peer name eth0 netns nst-$ns || return 1
		ip -n nst-lan link set p$ns master br0 up
		ip -n nst-$ns link set eth0 up
		ip -n nst-$ns link set lo up
	done
	ip -n nst-a addr add 10.9.0.1/24 dev eth0
	ip -n nst-b addr add 10.9.0.2/24 dev eth0
	ip -n nst-a addr add 2001:db8:9::1/64 dev eth0 nodad
	ip -n nst-b addr add 2001:db8:9::2/64 dev eth0 nodad
}

forwarding()
{
	on b "$tools/frame" expect eth0 --filter ethertype=0x88b6 --timeout 0.2 \
		-- nsenter --net=/run/netns/nst-a "$tools/frame" send eth0 raw >/dev/null
}

echo "KTAP version 1"
echo "1..61"
check "namespaces and a bridge" lan_up

for to in 127.0.0.1 ::1; do
	check "traffic $to: clean" clean $to
	check "traffic $to: clean by way of the relay" clean_relayed $to
	check "traffic $to: a loss is seen" sees_loss $to
	check "traffic $to: a duplicate is seen" sees_duplicate $to
	check "traffic $to: reordering is seen" sees_reordering $to
	check "traffic $to: DSCP is counted" sees_dscp $to
	check "traffic $to: ICMP errors are reported" sees_icmp $to
done
check "traffic: more numbers than a chunk" many
check "traffic: a spoilt packet is seen" sees_corruption
check "traffic: a gap is seen" sees_gap
check "traffic: the receiver's own overflow is told apart" sees_overflow
check "traffic: a receiver that still runs proves nothing" refuses_unfinished
check "traffic: many flows, series, an unknown flow" many_flows

check "the bridge forwards" await forwarding
check "traffic: what never left is sent again" repeats_unsent
check "stream: clean, IPv4" stream_clean 10.9.0.2
check "stream: clean, IPv6" stream_clean 2001:db8:9::2
check "stream: a stall and its retransmissions are seen" stream_stall
check "the bridge forwards again" await forwarding
check "stream: a broken connection is seen" stream_broken
check "stream: a refused connection is seen" stream_refused

check "frame: templates arrive as sent" frames_pass
check "frame: checksums satisfy a real stack" frames_are_honest
check "frame: what does not come fails" frames_missing
check "frame: malformed frames leave" frames_malformed

check "watch: A-B-A-B with terms" passes '.handovers == 3 and .frames >= 32 and .answers == 1' -- back_and_forth
check "watch: A-B-A-B without terms" passes '.handovers == 3' -- no_terms
check "watch: the number of handovers is held" passes true --handovers 1 -- one_way
check "watch: a handover too few" violates handovers --handovers 2 -- one_way
check "watch: the old master still sends" violates old-master -- old_sends
check "watch: two announcers" violates two-announcers --min-epoch 60000 -- old_announces
check "watch: the old master's refresh frame" violates old-master -- old_refreshes
check "watch: a return that the owner does not know of" violates old-master -- silent_return
check "watch: two masters with one term" violates two-masters -- same_term
check "watch: a takeover without a higher term" violates stale-term -- stale
check "watch: data before the announcement" violates unannounced -- not_announced
check "watch: the old master still answers" violates late-answer -- late_answer
check "watch: unless it was allowed to" passes '.late_answers == 1' --late-answer 60000 -- late_answer
check "watch: a virtual address at another MAC" violates wrong-mac -- wrong_mac
check "watch: the same in a solicitation" violates wrong-mac -- wrong_mac_ns
check "watch: an advertisement without R" violates no-router-flag -- no_router
check "watch: the virtual MAC from a host's port" violates foreign -- from_host
check "watch: a host claims the address" violates foreign -- host_claims
check "watch: the virtual MAC in another VLAN" violates leak -- leaks
check "watch: questions answered in time" passes '.addresses | length == 2' --silence 30000 -- answered
check "watch: nobody answers, IPv4" violates none --silence 1000 -- unanswered
check "watch: nobody answers, IPv6" violates none --silence 1000 -- unanswered6
check "watch: one question is no proof" passes true --silence 1000 -- asked_once
check "watch: nothing heard" nothing_heard
check "watch: nothing heard never passes" heard_nothing_allowed
check "watch: all of 20,000 frames" passes '.frames > 20000 and .missed_frames == 0' -- flood
check "watch: frames that it missed" misses_frames
check "watch: the log names port, node and term" logs

[ $number = 61 ] || { echo "# $number tests ran, not 61"; failed=$((failed + 1)); }
echo "# $((number - failed)) passed, $failed failed"
[ $failed = 0 ]
