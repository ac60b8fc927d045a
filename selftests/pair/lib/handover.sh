# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The handover of a slice between two nodes with slicectl alone, step by step as
# Documentation/handover.md has it, but without the leases that the daemon adds.
# The caller says how a command runs on a node:
#
#   on NODE COMMAND...		e.g. ip netns exec NODE, or in a virtual machine
#
# and what the fp-term is now, in $fp_term. It rises with each handover.

handover_cookie=1000
handover_timeout=${HANDOVER_TIMEOUT:-60000}	# milliseconds; a step that takes so long has failed

handover() { # SLICE GIVER TAKER
	local slice=$1 giver=$2 taker=$3 drain probe trail

	drain=$((handover_cookie += 4))
	probe=$((drain + 1)) trail=$((drain + 2))

	# 1. The taker accepts what reaches it.
	on "$taker" slicectl role set "$slice" ready role-expect standby fp-term "$fp_term" || return
	# 2. The giver sends with its own MAC from now on, 3. and what it had queued is out.
	on "$giver" slicectl role set "$slice" draining answer role-expect master \
		fp-term "$fp_term" || return
	on "$giver" slicectl role mark "$slice" marker cookie "$drain" || return
	on "$taker" slicectl port await "$slice" marker "$drain" timeout "$handover_timeout" || return
	# 4. It is silent, and the taker speaks.
	on "$giver" slicectl role set "$slice" draining role-expect draining \
		fp-term "$fp_term" || return
	on "$taker" slicectl role set "$slice" master role-expect ready fp-term "$fp_term" \
		fp-term-new $((fp_term + 1)) || return
	# The LANs send to the taker when a probe arrives there;
	handover_probe "$slice" "$giver" "$taker" "$probe" || return
	# 5. what they still sent to the giver is there before the taker's marker.
	on "$taker" slicectl role mark "$slice" marker cookie "$trail" || return
	on "$giver" slicectl port await "$slice" marker "$trail" timeout "$handover_timeout" || return
	on "$giver" slicectl role set "$slice" standby role-expect draining \
		fp-term "$fp_term" || return
	on "$giver" slicectl term raise "$slice" fp-term $((fp_term + 1)) \
		fp-term-expect "$fp_term" || return
	fp_term=$((fp_term + 1))
}

# A probe may be sent before the taker's announcement has reached every switch:
# it is sent again, and announced again, until one arrives.
handover_probe() { # SLICE GIVER TAKER COOKIE
	local i

	for ((i = 0; i < handover_timeout / 200; i++)); do
		on "$2" slicectl role mark "$1" probe cookie "$4" || return
		on "$3" slicectl port await "$1" probe "$4" timeout 200 2> /dev/null && return
		on "$3" slicectl role announce "$1" || return
	done
	echo "handover: no probe of $2 reached $3"
	return 1
}
