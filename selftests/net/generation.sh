#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Generations: staged, sealed by evidence, switched in many slices or in none,
# committed, rolled back by request and by the confirm timer, all of it under
# traffic that loses nothing.
#
#	h1 eth0 ---- lan1 r lan2 ---- eth0 h2
#
# timeout: 600

# shellcheck disable=SC2317,SC2119 # functions are called by name; no parameters
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

slice() { slicectl -n r "$@"; }

# The numbers of a slice's generations: "active previous standby", 0 for none.
gens() {
	slice -j generation show "$1" | jq -r '. as $g |
		[("active", "previous", "building", "sealed") as $s |
		 ([$g[] | select(.state == $s) | "\($s) \(.gen)"] | .[])] | join(", ")'
}
count() { slice -j generation show "$1" | jq -r ".[] | select(.gen == $2) | .routes4"; }
active_is() { slice -j generation show "$1" | jq -e "any(.state == \"active\" and .gen == $2)"; }
none_active() { slice -j generation show "$1" | jq -e 'all(.state != "active")'; }

evidence() { # SLICE GEN
	slice -j generation digest "$1" gen "$2" | jq -r '.[0] |
		"routes4 \(.routes4) routes6 \(.routes6) digest \(.digest)"'
}

# shellcheck disable=SC2046 # words
seal() { slice generation seal "$1" "$2" $(evidence "$1" "$2"); }

# A generation with the routes that forward, and the others that are named.
stage() { # SLICE GEN [DST...]
	local name=$1 gen=$2 dst

	shift 2
	slice generation stage "$name" "$gen"
	for dst in 10.0.1.0/24 10.0.2.0/24 "$@"; do
		slice route add "$name" "$dst" port "p${dst:5:1}" gen "$gen" || return
	done
	seal "$name" "$gen"
}

ns_make r h1 h2
for i in 1 2; do
	veth r "lan$i" "h$i" eth0
	addr r "lan$i" "10.0.$i.2/24"
	addr "h$i" eth0 "10.0.$i.10/24"
	ip -n "h$i" route add default via "10.0.$i.1"
done

netslice_load
slice slice add red cp-term 5 fp-term 1 gen-first 10
slice slice add blue cp-term 7 fp-term 1 gen-first 1
for i in 1 2; do
	slice port add red "p$i" dev "lan$i"
	slice gateway add red "p$i" "10.0.$i.1"
done
slice role set red master role-expect standby
slicectl -n r monitor events > "$OUT/events" &

# --- stage and seal ----------------------------------------------------------

refused "a number lower than the first is refused" "used before|10 or higher" \
	slice generation stage red 9
refused "there is nothing to copy" "copied" slice generation stage red 10 copy
refused "an older cp-term is refused" "older" slice generation stage red 10 cp-term 4
refused "a newer one too" "newer" slice generation stage red 10 cp-term 6
ok "a generation is staged" slice generation stage red 10 release 1.0 schema 3
says "with its release" '"release": ?"1.0"' slice -j generation show red
refused "one at a time" "drop it first" slice generation stage red 11
refused "an older cp-term changes no route" "older" slice route add red 10.0.1.0/24 port p1 gen 10 cp-term 4
ok "it takes a route" slice route add red 10.0.1.0/24 port p1 gen 10
refused "once" "already" slice route add red 10.0.1.0/24 port p1 gen 10
ok "unless it is replaced" slice route replace red 10.0.1.0/24 port p1 gen 10
ok "and another" slice route add red 10.0.2.0/24 port p2 gen 10
printf '10.3.0.0/16 port p1\n10.4.0.0/16 port p2\n10.0.1.0/24 port p2\n' > "$OUT/routes"
fails "of many routes, of which one is there, none is added" \
	slice route batch red "$OUT/routes" gen 10
equal "so it is" 2 "$(count red 10)"
fails "of many routes, of which one is not there, none is removed" \
	slice route batch red "$OUT/routes" mode del gen 10
equal "so it is" 2 "$(count red 10)"

read -r -a now <<< "$(evidence red 10)"
digest=${now[5]}
refused "a wrong count does not seal" "IPv4" \
	slice generation seal red 10 routes4 3 routes6 0 digest "$digest"
refused "in neither family" "IPv6" \
	slice generation seal red 10 routes4 2 routes6 1 digest "$digest"
refused "nor does a wrong digest" "digest differs" \
	slice generation seal red 10 routes4 2 routes6 0 digest "$(tr 0-9a-f 1-9a-f0 <<< "$digest")"
refused "what is not sealed is not switched to" "not sealed" slice generation switch red 10
ok "the truth seals" slice generation seal red 10 routes4 2 routes6 0 digest "$digest"
refused "once" "already" slice generation seal red 10 routes4 2 routes6 0 digest "$digest"
refused "a sealed generation takes no route" "sealed" \
	slice route add red 10.5.0.0/16 port p1 gen 10
refused "and gives none" "sealed" slice route del red 10.0.1.0/24 gen 10

# --- switch: all or none -----------------------------------------------------

slice generation stage blue 1
refused "two slices, one not sealed: refused" "sealed" slice generation switch red 10 blue 1
ok "none was switched" none_active red
equal "and nothing was lost" "sealed 10" "$(gens red)"
seal blue 1
refused "two slices, one with an old cp-term: refused" "older" \
	slice generation switch red 10 blue 1 cp-term 6
refused "two slices, one with another generation than expected: refused" "active" \
	slice generation switch red 10 blue 1 gen-expect 3
refused "one slice twice: refused" "twice" slice generation switch red 10 red 10
refused "a generation that is not there: refused" "standby" slice generation switch red 10 blue 2
ok "none was switched" none_active red
ok "two slices, both right" slice generation switch red 10 blue 1
equal "both are switched" "active 10; active 1" "$(gens red); $(gens blue)"
both_told() { [ "$(grep -c gen-switch "$OUT/events")" -eq 2 ]; }
ok "events say so" eventually 20 both_told
ok "packets take it" eventually 30 ns h1 ping -q -c 1 -W 2 10.0.2.10

# --- commit and rollback -----------------------------------------------------

refused "a first switch without a confirm timer has no way back" "nothing to roll back" \
	slice generation rollback red
refused "numbers are never used again" "used before|11 or higher" slice generation stage red 10
ok "a copy is staged" slice generation stage red 11 copy
equal "it is equal" "$(evidence red 10)" "$(evidence red 11)"
slice route add red 10.9.0.0/16 port p1 gen 11
seal red 11
refused "another active generation than was expected" "active" \
	slice generation switch red 11 gen-expect 9
ok "it becomes active" slice generation switch red 11
equal "the old one is kept" "active 11, previous 10" "$(gens red)"
slice generation stage red 12 copy
seal red 12
refused "no second switch while one is uncommitted" "not committed" slice generation switch red 12
slice generation commit blue
slice generation stage blue 2
seal blue 2
refused "also not with other slices" "not committed" slice generation switch blue 2 red 12
equal "which stay as they were" "active 1, sealed 2" "$(gens blue)"
ok "the active generation takes a route" slice route add red 10.8.0.0/16 port p1
equal "and previous with it" "4 3" "$(count red 11) $(count red 10)"
ok "it gives one that previous has not" slice route del red 10.9.0.0/16
equal "which hurts nobody" "3 3" "$(count red 11) $(count red 10)"
refused "a rollback compares too" "active" slice generation rollback red gen-expect 10
says "it is rolled back, and lacks nothing" '"lacks": ?0' slice -j generation rollback red
equal "the failed generation is gone" "active 10, sealed 12" "$(gens red)"
equal "the routes added meanwhile are there" 3 "$(count red 10)"
refused "once" "nothing to roll back" slice generation rollback red

slice generation switch red 12
refused "a commit compares" "active" slice generation commit red gen-expect 10
ok "it is committed" slice generation commit red
equal "the previous generation is gone" "active 12" "$(gens red)"
ok "who asks again gets the same answer" slice generation commit red
refused "there is no way back" "nothing to roll back" slice generation rollback red
ok "a standby generation is dropped" sh -c 'slicectl -n r generation stage red 13 copy && slicectl -n r generation drop red 13'
refused "and its number gone" "used before|14 or higher" slice generation stage red 13

# --- what previous cannot take ----------------------------------------------

limit=/sys/module/netslice/parameters/max_routes
was=$(cat "$limit")
echo 4 > "$limit"
stage red 14 10.4.1.0/24
slice generation switch red 14
slice generation commit red
echo "$was" > "$limit"
slice generation stage red 15 copy
seal red 15
slice generation switch red 15
printf '10.6.%d.0/24 port p1\n' 1 2 3 > "$OUT/routes"
ok "previous is too small for three routes" slice route batch red "$OUT/routes"
says "a rollback says that it lacks two" '"lacks": ?2' slice -j generation rollback red
equal "and it has the one" 4 "$(count red 14)"
refused "a full generation says so" "as many routes" slice route add red 10.7.0.0/16 port p1

# --- the confirm timer -------------------------------------------------------

stage red 16
slice generation switch red 16 confirm-ms 60000
says "a confirm timer runs" '"confirm_ms": ?[1-9]' slice -j slice show red
ok "a commit ends it" slice generation commit red
fails "so it does" grep -q confirm_ms <<< "$(slice -j slice show red)"
stage red 17
ok "uncommitted" slice generation switch red 17 confirm-ms 1500
ok "it is rolled back" eventually 60 active_is red 16
equal "as by a request" "active 16" "$(gens red)"
ok "and an event says so" eventually 20 grep -q "confirm-expired.*red" "$OUT/events"
slice slice add green cp-term 1 fp-term 1
slice generation stage green 1
seal green 1
ok "an uncommitted first switch" slice generation switch green 1 confirm-ms 1000
ok "goes back to no generation" eventually 60 none_active green
stage red 18
slice generation switch red 18 confirm-ms 8000
ok "a rollback in time" slice generation rollback red
sleep 9
equal "stops the timer" "active 16" "$(gens red)"
slice slice del green

stage red 19
slice generation switch red 19 confirm-ms 4000
ok "a slice can go while its timer runs" slice slice del blue
ok "and comes to rest by itself" eventually 60 active_is red 16

# --- under traffic -----------------------------------------------------------

swaps() {
	local gen

	for gen in $(seq 20 2 50); do
		slice generation stage red "$gen" copy && seal red "$gen" || return
		slice generation switch red "$gen" || return
		slice generation commit red || return
		slice generation stage red $((gen + 1)) copy && seal red $((gen + 1)) || return
		slice generation switch red $((gen + 1)) || return
		slice generation rollback red || return
	done
}

ip netns exec h2 traffic recv --port 7000 --report "$OUT/recv.json" &
receiver=$!
eventually 30 test -e "$OUT/recv.json"
eventually 30 ns h1 ping -q -c 1 -W 5 10.0.2.10
ip netns exec h1 traffic send --to 10.0.2.10 --port 7000 --flow 1 --rate 200 --report "$OUT/send.json" &
sender=$!
ok "forty-eight changes of the active generation" swaps
kill "$sender"; wait "$sender"
sleep 1
kill "$receiver"; wait "$receiver"
ok "lose and double nothing" traffic sum --sent "$OUT/send.json" --received "$OUT/recv.json"
slice -j stats show red | jq -r '.[0]' | sed 's/^/# /'

finish
