# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The network that tests of the packet path use, for scripts that have read
# lib.sh. For each slice X, with the same addresses in all of them:
#
#    X-s ------ X-a ------ r ------ X-b ------ X-d
#       .10   .1   .10   .2|.1 .2|.1   .10   .1   .10
#    10.1.0.0/24  10.0.1.0/24  10.0.2.0/24  10.2.0.0/24
#    fd00:11::/64 fd00:1::/64  fd00:2::/64  fd00:12::/64
#
# r has the module; its ports X-p0 and X-p1, p0 and p1 to the slice, have the
# node's own address .2 and the virtual address .1. X-a and X-b are ordinary
# routers whose default route is the virtual address: X-s and X-d are two hops
# from r and known to nothing but the slice's routes.

chain_host() { # NAMESPACE ADDRESS4 GATEWAY4 ADDRESS6 GATEWAY6
	addr "$1" e0 "$2" "$4"
	ip -n "$1" route add default via "$3"
	ip -n "$1" -6 route add default via "$5"
}

chain_inner() { # NAMESPACE: addresses follow
	ns "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	addr "$1" e0 "$2" "$4"
	addr "$1" e1 "$3" "$5"
	ip -n "$1" route add default via "$6"
	ip -n "$1" -6 route add default via "$7"
}

# The namespaces around r, and the devices that will be ports.
chain_make() { # SLICE
	ns_make "$1-s" "$1-a" "$1-b" "$1-d"
	veth r "$1-p0" "$1-a" e0
	veth r "$1-p1" "$1-b" e0
	veth "$1-a" e1 "$1-s" e0
	veth "$1-b" e1 "$1-d" e0
	chain_inner "$1-a" 10.0.1.10/24 10.1.0.1/24 fd00:1::10/64 fd00:11::1/64 10.0.1.1 fd00:1::1
	chain_inner "$1-b" 10.0.2.10/24 10.2.0.1/24 fd00:2::10/64 fd00:12::1/64 10.0.2.1 fd00:2::1
	chain_host "$1-s" 10.1.0.10/24 10.1.0.1 fd00:11::10/64 fd00:11::1
	chain_host "$1-d" 10.2.0.10/24 10.2.0.1 fd00:12::10/64 fd00:12::1
}

# A slice on them, standby, both terms 1, without a generation.
chain_slice() { # SLICE
	slicectl -n r slice add "$1" cp-term 1 fp-term 1 || return
	slicectl -n r port add "$1" p0 dev "$1-p0" || return
	slicectl -n r port add "$1" p1 dev "$1-p1" || return
	addr r "$1-p0" 10.0.1.2/24 fd00:1::2/64
	addr r "$1-p1" 10.0.2.2/24 fd00:2::2/64
	slicectl -n r gateway add "$1" p0 10.0.1.1 || return
	slicectl -n r gateway add "$1" p0 fd00:1::1 || return
	slicectl -n r gateway add "$1" p1 10.0.2.1 || return
	slicectl -n r gateway add "$1" p1 fd00:2::1 || return
}

chain_routes() { # routes of the chain, for slicectl route batch
	cat << 'ROUTES'
10.0.1.0/24 port p0
10.0.2.0/24 port p1
10.1.0.0/24 via 10.0.1.10 port p0
10.2.0.0/24 via 10.0.2.10 port p1
fd00:1::/64 port p0
fd00:2::/64 port p1
fd00:11::/64 via fd00:1::10 port p0
fd00:12::/64 via fd00:2::10 port p1
ROUTES
}

# Stage, load, seal by what it holds, switch, commit.
generation_load() { # SLICE GEN CP-TERM: routes from standard input
	local slice=$1 gen=$2 digest

	slicectl -n r generation stage "$slice" "$gen" release test-1.0 || return
	slicectl -n r route batch "$slice" - gen "$gen" || return
	digest=$(slicectl -n r -j generation show "$slice" |
		jq -r --argjson gen "$gen" '.[] | select(.gen == $gen) |
			"routes4 \(.routes4) routes6 \(.routes6) digest \(.digest)"')
	# shellcheck disable=SC2086 # several words
	slicectl -n r generation seal "$slice" "$gen" $digest || return
	slicectl -n r generation switch "$slice" "$gen" || return
	slicectl -n r generation commit "$slice"
}

# To a role by way of ready, with the next fp-term where it is to be master.
become() { # SLICE ROLE [answer]
	local slice=$1 role=$2 term

	shift 2
	if [ "$role" = master ]; then
		term=$(slicectl -n r -j slice show "$slice" | jq '.[0].fp_term')
		slicectl -n r role set "$slice" master fp-term-new "$((term + 1))"
	else
		slicectl -n r role set "$slice" "$role" "$@"
	fi
}

counter() { # SLICE NAME
	slicectl -n r -j stats show "$1" |
		jq -r --arg name "$2" 'map(select(has("forwarded")))[0][$name]'
}

port_counter() { # SLICE PORT NAME
	slicectl -n r -j stats show "$1" |
		jq -r --arg port "$2" --arg name "$3" 'map(select(.port == $port))[0][$name]'
}

# What became of each packet, against the packets that came in.
balanced() { # SLICE
	slicectl -n r -j stats show "$1" | jq -e '
		(map(select(.port).rx_packets) | add) as $came |
		(map(select(has("forwarded")))[0] | [to_entries[] |
			select(.key | test("^(forwarded|punted|passed|answered|control|too_big)$|^drop_"))
			.value] | add) as $went |
		$came == $went or ("came \($came), went \($went)" | halt_error)'
}

vmac() { # SLICE PORT
	slicectl -n r -j port show "$1" "$2" | jq -r '.[0].vmac'
}
