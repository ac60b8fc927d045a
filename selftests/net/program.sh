#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Forwarding programs: what their return codes do, and that nothing a program does
# to a packet is trusted afterwards.
#
# timeout: 600

# shellcheck disable=SC2119,SC2317 # functions are called by those of lib.sh
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/topology.sh
. "$(dirname "$0")/../topology.sh"

pins=/sys/fs/bpf

set_up() {
	mountpoint -q "$pins" || mount -t bpf bpf "$pins"
	ns_make r
	netslice_load
	chain_make red
	ok "a slice is made" chain_slice red
	chain_routes > /run/routes
	ok "it has routes" generation_load red 1 < /run/routes
	ok "it is ready" become red ready
	ok "it is master" become red master
	ok "it forwards" eventually 20 reaches
	vmac=$(vmac red p0)
}

reaches() {
	ns red-s ping -n -c 2 -i 0.2 -W 2 10.2.0.10 && ns red-s ping -n -c 1 -W 2 fd00:12::10
}

gateway_reached() {
	ns red-a ping -n -c 1 -W 5 10.0.1.1 && ns red-a ping -n -c 1 -W 5 fd00:1::1
}

# A generation with the same routes and that program.
run_program() { # NAME
	local path=$pins/$1 gen

	gen=$(slicectl -n r -j slice show red | jq '.[0].gen_first')
	rm -f "$path"
	bpfprog "$1" "$path" || return
	slicectl -n r generation stage red "$gen" program "$path" || return
	slicectl -n r route batch red /run/routes gen "$gen" || return
	slicectl -n r generation seal red "$gen" from /run/routes || return
	slicectl -n r generation switch red "$gen" || return
	slicectl -n r generation commit red
}

lets_pass() { # PROGRAM
	ok "$1: runs" run_program "$1"
	ok "$1: packets go on" reaches
}

stops() { # PROGRAM COUNTER
	local before

	ok "$1: runs" run_program "$1"
	before=$(counter red "$2")
	ok "$1: nothing comes out, tagged or not" ns red-b frame expect e0 \
		--filter dip=10.2.0.10 --none --timeout 2 -- \
		ip netns exec red-a frame send e0 udp dst="$vmac" sip=10.1.0.10 dip=10.2.0.10 --repeat 2
	ok "$1: what is sent to the node itself is not its business" gateway_reached
	equal "$1: counted as $2" $((before + 2)) "$(counter red "$2")"
}

set_up
lets_pass ok
says "its id is shown" '"prog_id":[1-9]' slicectl -n r -j generation show red
lets_pass unspec
stops drop drop_program
stops redirect drop_program
stops tag drop_program
stops cut drop_header
stops spoil drop_header
lets_pass ok
bpfprog filter "$pins/filter"
refused "a program of another type" "sched_cls" slicectl -n r generation stage red 50 \
	program "$pins/filter"
ok "each packet was counted once" balanced red
rm -f "$pins"/*
finish
