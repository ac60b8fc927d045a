# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Daemons on a pair of machines (see topology.sh), from the host: settings,
# keys, definitions, releases.

# shellcheck disable=SC2154 # slice_names is of topology.sh
# What sliced on NODE reads: names of devices and addresses of its own.
sliced_config() { # NODE SLICES
	local node=$1 n side comma=

	printf '{\n\t"node": "%s",\n\t"listen": { "address": "%s", "port": 7468 },\n' \
		"$node" "$(sync_address "$node")"
	printf '\t"heartbeat_ms": 2000,\n\t"dead_ms": 20000,\n\t"ports": {'
	for ((n = 1; n <= $2; n++)); do
		printf '%s\n\t\t"%s": {' "$comma" "${slice_names[n]}"
		comma=
		for side in west east; do
			printf '%s\n\t\t\t"%s": { "device": "%s", "addresses": [ "%s", "%s" ] }' "$comma" \
				"$side" "$(node_trunk "$node" "$side").$(slice_vlan "$n")" \
				"$(slice_prefix4 "$n" "$side").$(node_number "$node")/24" \
				"$(slice_prefix6 "$n" "$side"):$(node_number "$node")/64"
			comma=,
		done
		printf '\n\t\t}'
	done
	printf '\n\t}\n}\n'
}

# The same on both nodes: what the operator wants of slice N, with ROUTES routes
# of each family beside the connected ones, via its hosts.
slice_definition() { # N ROUTES
	local n=$1 side i

	printf '{ "name": "%s",\n  "ports": [ { "name": "west" }, { "name": "east" } ],\n  "gateways": [' \
		"${slice_names[n]}"
	for side in west east; do
		printf '%s\n    { "port": "%s", "address": "%s.1" },' \
			"$([ "$side" = west ] || echo ,)" "$side" "$(slice_prefix4 "$n" "$side")"
		printf '\n    { "port": "%s", "address": "%s:1" }' "$side" "$(slice_prefix6 "$n" "$side")"
	done
	printf ' ],\n  "schema": 1,\n  "config": { "routes": [\n'
	for side in west east; do
		printf '    { "dst": "%s.0/24", "port": "%s" },\n' "$(slice_prefix4 "$n" "$side")" "$side"
		printf '    { "dst": "%s:/64", "port": "%s" },\n' "$(slice_prefix6 "$n" "$side")" "$side"
	done
	for ((i = 0; i < $2; i++)); do
		side=$([ $((i % 2)) = 0 ] && echo west || echo east)
		printf '    { "dst": "172.%d.%d.0/24", "via": "%s.10", "port": "%s" },\n' \
			$((16 + i / 256)) $((i % 256)) "$(slice_prefix4 "$n" "$side")" "$side"
		printf '    { "dst": "2001:db8:%x::/48", "via": "%s:10", "port": "%s" },\n' \
			$((4096 + i)) "$(slice_prefix6 "$n" "$side")" "$side"
	done
	printf '    { "dst": "192.168.0.0/16", "type": "blackhole" }\n  ] }\n}\n'
}

sliced_start() { # NODE...
	local node

	for node; do
		vm_exec "$node" "sliced -c /etc/netslice/sliced.json > /run/vm/out/sliced.log 2>&1 &"
	done
	for node; do
		vm_exec "$node" "for i in \$(seq 300); do slicectl -j node show && exit; sleep 0.2; done; exit 1" \
			> "$VM_RUN/$node.node" 2> /dev/null || return
	done
}

sliced_pin() { jq -r 'if type == "array" then .[0] else . end | .pin' "$VM_RUN/$1.node"; }

# Settings and keys on both nodes, daemons up and connected.
sliced_pair() { # SLICES
	local node other

	for node in first second; do
		sliced_config "$node" "$1" > "$(vm_dir "$node")/out/sliced.json"
		vm_exec "$node" "mkdir -p /etc/netslice && cp /run/vm/out/sliced.json /etc/netslice/" || return
	done
	sliced_start first second || return
	for node in first second; do
		other=$([ "$node" = first ] && echo second || echo first)
		vm_exec "$node" "slicectl peer add $other address $(sync_address "$other") port 7468 \
			pin $(sliced_pin "$other")" || return
	done
	for node in first second; do
		vm_exec "$node" "for i in \$(seq 300); do slicectl -j peer show | grep -qE '\"up\": ?true' && exit;
			sleep 0.2; done; slicectl peer show; exit 1" || return
	done
}
