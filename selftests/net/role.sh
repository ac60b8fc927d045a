#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# FP roles, terms and leases of one slice, then of a slice that two nodes have:
# compare values, leases that end by themselves, and no mastership with a term
# that a master had before.
#
#	r1 lan ---- br0 sw br0 ---- lan r2
#
# timeout: 600

# shellcheck disable=SC2317,SC2119 # functions are called by name; no parameters
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

node=r1
slice() { slicectl -n "$node" "$@"; }
role() { slice role set red "$@"; }
look() { slice -j slice show red | jq -r ".[0].$1"; }
is() { [ "$(look role) $(look fp_term)" = "$1 $2" ]; }
boottime() { # NANOSECONDS-FROM-NOW
	awk -v add="$1" '{ printf "%.0f\n", $1 * 1e9 + add }' /proc/uptime
}

ns_make r1 r2 sw
bridge sw br0
bridge_port sw br0 s1 r1 lan
bridge_port sw br0 s2 r2 lan
netslice_load

# --- terms -------------------------------------------------------------------

slice slice add red
slice port add red p1 dev lan
slice gateway add red p1 10.0.1.1
refused "without terms there is no role but standby" "both terms" role ready role-expect standby
ok "the fp-term is raised" slice term raise red fp-term 1 fp-term-expect 0
refused "which is not enough" "both terms" role ready role-expect standby
refused "raising compares" "term" slice term raise red cp-term 9 cp-term-expect 3
refused "and only raises" "raised" slice term raise red cp-term 0 cp-term-expect 0
ok "the cp-term is raised" slice term raise red cp-term 3 cp-term-expect 0
refused "of two terms, one wrong: none is raised" "term" \
	slice term raise red cp-term 4 cp-term-expect 3 fp-term 5 fp-term-expect 4
equal "so it is" "3 1" "$(look cp_term) $(look fp_term)"
ok "both are raised" slice term raise red cp-term 4 cp-term-expect 3 fp-term 2 fp-term-expect 1
refused "a term may not be so high that it overflows" "too high" \
	slice term raise red fp-term 18446744073709551614 fp-term-expect 2
refused "an old cp-term changes nothing" "older" slice generation stage red 1 cp-term 3

# --- roles -------------------------------------------------------------------

slicectl -n r1 monitor events > "$OUT/events" &
refused "another role than was expected" "expected" role ready role-expect master fp-term 2
refused "an older fp-term" "older" role ready role-expect standby fp-term 1
refused "a newer fp-term" "newer" role ready role-expect standby fp-term 3
equal "have changed nothing" "standby 2" "$(look role) $(look fp_term)"
ok "ready" role ready role-expect standby
refused "only draining chooses whether it answers" "draining only" \
	role master role-expect ready answer
ok "master" role master role-expect ready
ok "which is an event" eventually 20 grep -q "role.*red.*master" "$OUT/events"
ok "draining, still answering" role draining role-expect master answer
equal "so it is" "draining true" "$(look role) $(look answer)"
ok "draining, silent" role draining role-expect draining
equal "so it is" "draining null" "$(look role) $(look answer)"
refused "no master twice with one term" "fp-term" role master role-expect draining
refused "nor with a lower one" "not higher" role master role-expect draining fp-term-new 2
refused "nor with one too high" "too high" \
	role master role-expect draining fp-term-new 18446744073709551615
ok "with a higher one" role master role-expect draining fp-term-new 3
equal "it is" "master 3" "$(look role) $(look fp_term)"
ok "a master may raise its term" slice term raise red fp-term 5 fp-term-expect 3
equal "and stays master" "master 5" "$(look role) $(look fp_term)"
ok "standby" role standby role-expect master
refused "not master with that one either" "fp-term" role master role-expect standby
refused "after the time that was set" "time" \
	role master role-expect standby fp-term-new 6 not-after 1000
ok "and within it" role master role-expect standby fp-term-new 6 not-after "$(boottime 60000000000)"

# --- leases ------------------------------------------------------------------

refused "a lease needs an action" "action" slice role lease red lease-ms 1000
refused "an action needs a time" "time" \
	role master role-expect master lease-action drain
refused "a master does not reclaim" "reclaim" \
	slice role lease red lease-ms 1000 lease-action reclaim
refused "an end that has passed" "passed" \
	slice role lease red lease-until 1000 lease-action drain
refused "no lease runs that could be ended" "no lease" slice role lease red lease-ms 0
ok "a lease" slice role lease red lease-ms 60000 lease-action drain
says "runs" '"lease_ms": ?[1-9]' slice -j slice show red
refused "another lease than was expected" "expected" \
	slice role lease red lease-ms 90000 lease-expect reclaim
ok "the one that was" slice role lease red lease-ms 90000 lease-expect drain
refused "none was expected" "expected" role master role-expect master lease-expect none
ok "it is ended" slice role lease red lease-ms 0
equal "and runs no more" null "$(look lease_action)"
refused "once" "no lease" slice role lease red lease-ms 0

ok "a lease that nobody extends" \
	slice role lease red lease-until "$(boottime 1000000000)" lease-action drain
ok "makes a master drain" eventually 60 is draining 6
equal "in silence" null "$(look answer)"
ok "and an event says so" eventually 20 grep -q "lease-expired.*red.*draining" "$OUT/events"
refused "draining cannot drain" "only a master" \
	role draining role-expect draining lease-ms 1000 lease-action drain
ok "a lease that is not ended" role draining role-expect draining lease-ms 1000 lease-action reclaim
ok "makes draining master again, two terms on" eventually 60 is master 8
ok "it drains again" role draining role-expect master lease-ms 20000 lease-action reclaim
refused "a lease is kept or set, not both" "LEASE_KEEP|keep" \
	role standby role-expect draining lease-keep lease-ms 1000 lease-action reclaim
ok "standby keeps it" role standby role-expect draining lease-keep
says "so it does" reclaim slice -j slice show red
ok "and so does ready" role ready role-expect standby lease-keep
ok "until it ends" eventually 60 is master 10
ok "a change without it" role draining role-expect master lease-ms 8000 lease-action reclaim
ok "ends it" role draining role-expect draining
sleep 9
equal "so nothing happened" "draining 10" "$(look role) $(look fp_term)"
ok "back now, and not at its end" role draining role-expect draining lease-ms 60000 lease-action reclaim
ok "with the lease as evidence" role master role-expect draining lease-expect reclaim fp-term-new 12
refused "which was that one time" "expected" \
	role draining role-expect master lease-expect reclaim

# --- two nodes ---------------------------------------------------------------

node=r2
slice slice add red cp-term 4 fp-term 12
slice port add red p1 dev lan
slice gateway add red p1 10.0.1.1
equal "both nodes derive the same virtual MAC" \
	"$(slicectl -n r1 -j port show red | jq -r '.[0].vmac')" \
	"$(slice -j port show red | jq -r '.[0].vmac')"
heard() { [ "$(slice -j port show red | jq '.[0].peer_fp_term')" = "$1" ]; }
ok "the master is heard" eventually 30 heard 12
refused "nobody else is master with its term" "fp-term" role master role-expect standby
ok "but with a higher one" role master role-expect standby fp-term-new 13
node=r1
ok "which silences the first at once" eventually 30 is draining 12
ok "and an event says so" eventually 20 grep -q "outranked.*red" "$OUT/events"
refused "it is not master again with a term that was heard" "fp-term" \
	role master role-expect draining fp-term-new 13
ok "nor by a lease" role draining role-expect draining lease-ms 500 lease-action reclaim
ok "14 is higher: it is" eventually 30 is master 14
node=r2
ok "and silences the second" eventually 30 is draining 13
slice port del red p1
refused "which remembers, also without its port" "fp-term" \
	role master role-expect draining fp-term-new 14
ok "it takes over" role master role-expect draining fp-term-new 15
slice port add red p1 dev lan
node=r1
ok "and the first hears it" eventually 30 is draining 14
ok "a lease that would make a master of a term that was heard" \
	role draining role-expect draining lease-ms 500 lease-action reclaim
ok "16 is not: it is master" eventually 30 is master 16

# --- a host on the LAN speaks as master --------------------------------------

forge() { # FP-TERM
	ip netns exec sw frame send br0 refresh slice=red port=p1 term="$1"
}
forge 18446744073709551615
forge $((16 + (1 << 32) + 1))
sleep 1
equal "terms out of reach silence nobody" "master 16" "$(look role) $(look fp_term)"
equal "and are not taken for the other node's" 15 \
	"$(slice -j port show red | jq '.[0].peer_fp_term')"
forge 20
ok "one within reach does" eventually 30 is draining 16
refused "it was heard" "fp-term" role master role-expect draining fp-term-new 20
ok "and bars from no higher one" role master role-expect draining fp-term-new 22

# --- at the end --------------------------------------------------------------

slice role lease red lease-ms 500 lease-action drain
ok "a slice goes while its lease runs" slice slice del red
sleep 1

finish
