# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the scripts in selftests/net/: they run as root inside a test machine of
# their own and speak KTAP. A script reads
#
#   . "$(dirname "$0")/../lib.sh"
#   ns_make a b
#   veth a eth0 b eth0
#   netslice_load
#   ok "a slice can be made" slicectl -n a slice add red
#   refused "twice it is refused" "exists" slicectl -n a slice add red
#   finish
#
# finish ends every process and namespace of the script, checks that the module
# unloads and that the kernel has complained of nothing, and prints the plan. A
# script that ends before it has failed.
#
# Checks:
#   ok NAME COMMAND...             it must succeed; its output is shown if not
#   fails NAME COMMAND...          it must fail
#   refused NAME TEXT COMMAND...   it must fail, and say TEXT (a grep -E pattern)
#   says NAME TEXT COMMAND...      it must succeed, and say TEXT
#   equal NAME WANTED GOT          two strings
#   pass NAME, fail NAME [WHY], skip NAME WHY
#   eventually SECONDS COMMAND...  repeats until it succeeds (no check: use with ok)
#
# Names: $NETSLICE_KO, $TOOLS (folder of the test tools), $KERNEL, $OUT (a folder
# kept on the host), and slicectl, sliced as well as the tools are in $PATH.

set -u
export LC_ALL=C.UTF-8

test_count=0
test_failed=0
test_finished=
test_namespaces=()
test_started=$(dmesg | wc -l)

note() { printf '# %s\n' "$*"; }

pass() {
	test_count=$((test_count + 1))
	printf 'ok %d - %s\n' "$test_count" "$1"
}

fail() {
	test_count=$((test_count + 1))
	test_failed=$((test_failed + 1))
	printf 'not ok %d - %s\n' "$test_count" "$1"
	[ "$#" -lt 2 ] || printf '%s\n' "${@:2}" | sed 's/^/#   /'
}

skip() {
	test_count=$((test_count + 1))
	printf 'ok %d - %s # SKIP %s\n' "$test_count" "$1" "$2"
}

ok() {
	local name=$1 output status=0

	shift
	output=$("$@" 2>&1) || status=$?
	if [ "$status" -eq 0 ]; then
		pass "$name"
	else
		fail "$name" "$* : status $status" "$output"
	fi
}

fails() {
	local name=$1 output

	shift
	if output=$("$@" 2>&1); then
		fail "$name" "$* : succeeded" "$output"
	else
		pass "$name"
	fi
}

refused() {
	local name=$1 text=$2 output

	shift 2
	if output=$("$@" 2>&1); then
		fail "$name" "$* : succeeded" "$output"
	elif ! grep -qE -e "$text" <<< "$output"; then
		fail "$name" "$* : does not say '$text' but" "$output"
	else
		pass "$name"
	fi
}

says() {
	local name=$1 text=$2 output status=0

	shift 2
	output=$("$@" 2>&1) || status=$?
	if [ "$status" -ne 0 ] || ! grep -qE -e "$text" <<< "$output"; then
		fail "$name" "$* : status $status, wanted '$text', said" "$output"
	else
		pass "$name"
	fi
}

equal() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "wanted: $2" "got: $3"
	fi
}

eventually() {
	local end=$((SECONDS + $1))

	shift
	while ! "$@" > /dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { "$@"; return; }
		sleep 0.1
	done
}

# --- namespaces --------------------------------------------------------------

ns_make() { # NAME...
	local ns

	for ns; do
		ip netns add "$ns"
		test_namespaces+=("$ns")
		ip -n "$ns" link set lo up
	done
}

ns_delete() { # NAME...
	local ns

	for ns; do
		ip netns delete "$ns"
	done
}

ns() { # NAME COMMAND...
	ip netns exec "$@"
}

veth() { # NAMESPACE INTERFACE NAMESPACE INTERFACE: connected, both up
	ip -n "$1" link add "$2" type veth peer name "$4" netns "$3"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

bridge() { # NAMESPACE NAME: a learning bridge, up
	ip -n "$1" link add "$2" type bridge stp_state 0 forward_delay 0
	ip -n "$1" link set "$2" up
}

# A bridge port in NAMESPACE for an interface of another: the cable to a switch.
bridge_port() { # NAMESPACE BRIDGE PORT OTHER-NAMESPACE INTERFACE
	veth "$1" "$3" "$4" "$5"
	ip -n "$1" link set "$3" master "$2"
}

# Addresses are usable at once, without duplicate address detection.
addr() { # NAMESPACE INTERFACE ADDRESS...
	local ns=$1 dev=$2 address nodad

	shift 2
	for address; do
		nodad=
		[[ $address != *:* ]] || nodad=nodad
		# shellcheck disable=SC2086 # nothing where it is empty
		ip -n "$ns" addr add "$address" dev "$dev" $nodad
	done
}

mac_of() { # NAMESPACE INTERFACE
	ip netns exec "$1" cat "/sys/class/net/$2/address"
}

# --- the module --------------------------------------------------------------

netslice_load() { # [MODULE-PARAMETER...]
	insmod "$NETSLICE_KO" "$@"
}

netslice_unload() {
	rmmod netslice
}

netslice_loaded() {
	grep -q '^netslice ' /proc/modules
}

# --- the end -----------------------------------------------------------------

test_complaints='Call Trace:|BUG:|WARNING:|Oops|general protection|unregister_netdevice: waiting|kmemleak:|KASAN|UBSAN|refcount_t:'

kernel_is_content() {
	! dmesg | tail -n "+$((test_started + 1))" | grep -E -A 25 -e "$test_complaints"
}

test_cleanup() {
	local ns jobs

	jobs=$(jobs -p)
	# shellcheck disable=SC2086 # one word each
	[ -z "$jobs" ] || kill -KILL $jobs 2> /dev/null
	for ns in "${test_namespaces[@]}"; do
		[ -e "/run/netns/$ns" ] || continue
		ip netns pids "$ns" | xargs -r kill -KILL 2> /dev/null
		ip netns delete "$ns"
	done
	{ wait; } 2> /dev/null
}

finish() {
	test_cleanup
	if netslice_loaded; then
		ok "the module unloads" netslice_unload
	fi
	ok "the kernel did not complain" kernel_is_content
	test_finished=yes
	printf '1..%d\n' "$test_count"
	[ "$test_failed" -eq 0 ]
	exit
}

test_exit() {
	if [ -z "$test_finished" ]; then
		printf 'Bail out! ended before finish, after check %d\n' "$test_count"
		test_cleanup 2> /dev/null
		exit 1
	fi
}
trap test_exit EXIT
