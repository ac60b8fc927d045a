#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A slice moves from machine to machine and back, with slicectl alone, under
# traffic: nothing is lost, nothing arrives twice, nobody speaks out of turn.
# HANDOVERS says how many in each case.
#
# timeout: 2400

set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=selftests/vm/vm.sh
. "$here/../vm/vm.sh"
# shellcheck source=selftests/pair/lib/topology.sh
. "$here/lib/topology.sh"
# shellcheck source=selftests/pair/lib/handover.sh
. "$here/lib/handover.sh"

handovers=${HANDOVERS:-10}
fp_term=1
master=first
count=0
bad=0

check() { # NAME COMMAND...
	local name=$1 output

	shift
	count=$((count + 1))
	if output=$("$@" 2>&1); then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		printf '# %s\n' "$output"
		bad=1
	fi
}

on() { vm_exec "$1" "${*:2}"; }	# NODE COMMAND...
lan() { vm_exec lan "$here/lib/lan $*"; }
# shellcheck disable=SC2317 # called by check
router() { vm_exec "$1" "$here/lib/router ${*:2}"; }

vmac() { # SLICE PORT
	vm_exec first "slicectl -j port show $1 $2" | jq -r '.[0].vmac'
}

move() {
	if [ "$master" = first ]; then
		handover red first second && master=second
	else
		handover red second first && master=first
	fi
}

moves() {
	local i

	for ((i = 1; i <= handovers; i++)); do
		move || return
	done
}

case_run() { # NAME both|one
	local name=$1 dir

	dir=${name//[^a-z0-9]/-}
	lan traffic-start "$dir" 1 150 "$2"
	lan watch-start "$dir" 1 "$handovers" "red/west=$(vmac red west)" "red/east=$(vmac red east)"
	on "$master" slicectl role announce red
	sleep 2
	moves_status=0
	moves > "$VM_RUN/moves" 2>&1 || moves_status=$?
	check "$name: $handovers handovers" moves_done
	check "$name: nobody spoke out of turn" lan watch-stop "$dir"
	check "$name: nothing lost, nothing doubled" lan traffic-stop "$dir"
	jq -c '{sent, received, lost, duplicated, reordered}' "$(vm_dir lan)/out/$dir/sum-1.json" |
		sed "s/^/# $name: /"
}

# shellcheck disable=SC2317 # called by check
moves_done() { cat "$VM_RUN/moves"; [ "$moves_status" = 0 ]; }

vm_begin handover-pair
pair_start "${KERNEL:-6.1}"
check "the LANs are there" lan up 1
for node in first second; do
	check "$node is there" router "$node" up "$node" 1
	check "$node has the slice" router "$node" slice "$node" 1 1000
done
check "first is master" on first slicectl role set red master role-expect standby
check "hosts reach each other" lan ping 1
case_run "both ways" both
case_run "one way" one
for node in first second; do
	check "the module unloads on $node" vm_exec "$node" "rmmod netslice"
done
check "no kernel complained" vm_check_console first second lan
echo "1..$count"
exit "$bad"
