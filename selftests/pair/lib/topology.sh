# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Three machines: routers `first` and `second`, and `lan` with the switches and
# every slice's hosts. A slice has a VLAN on the trunks, two learning bridges and
# two hosts.
#
#	 first                       lan                        second
#	 w0 ====== trunk ====== aw |         | bw ====== trunk ====== x5
#	           VLAN 10+n       [west n]--- host west n
#	 e0 ====== trunk ====== ae |         | be ====== trunk ====== x6
#	           VLAN 10+n       [east n]--- host east n
#	 sync ---------------------------------------------------- sync
#
# Slice n has 10.<net>.1.0/24 and 2001:db8:<net>01::/64 in the west, .2 and 02 in
# the east. The gateway is .1 and ::1, first is .2, second is .3, hosts are .10.
# <net> is n, but slice 2 has the addresses of slice 1.

# shellcheck disable=SC2034 # for who reads this file
slice_names=(- red blue green grey)	# from 1

slice_vlan() { echo $((10 + $1)); }
slice_net() { [ "$1" = 2 ] && echo 1 || echo "$1"; }
slice_prefix4() { echo "10.$(slice_net "$1").$([ "$2" = west ] && echo 1 || echo 2)"; }
slice_prefix6() { echo "2001:db8:$(slice_net "$1")0$([ "$2" = west ] && echo 1 || echo 2):"; }

# NODE SIDE -> the trunk's device on that node
node_trunk() {
	case $1-$2 in
	first-west) echo w0 ;;
	first-east) echo e0 ;;
	second-west) echo x5 ;;
	second-east) echo x6 ;;
	esac
}

node_number() { [ "$1" = first ] && echo 2 || echo 3; }
sync_address() { echo "192.0.2.$(($(node_number "$1") - 1))"; }

# --- on the host -----------------------------------------------------------------

# Powers on the three machines. The caller has done vm_begin.
pair_start() { # KERNEL [vm_start options for the routers]
	local kernel=$1 env=(-e "KERNEL=$1" -e "NETSLICE_KO=$BUILD/kmod/$1/netslice.ko"
		-e "BUILD=$BUILD" -e "TOOLS=$BUILD/tools"
		-e "PATH=$BUILD/agent:$BUILD/tools:/usr/sbin:/usr/bin:/sbin:/bin")

	shift
	vm_start first -k "$kernel" "${env[@]}" "$@" \
		-n aw:52:54:00:01:00:01:a:w0 -n ae:52:54:00:01:00:02:a:e0 \
		-n sync:52:54:00:01:00:03:a:sync
	vm_start second -k "$kernel" "${env[@]}" "$@" \
		-n bw:52:54:00:02:00:01:a:x5 -n be:52:54:00:02:00:02:a:x6 \
		-n sync:52:54:00:02:00:03:b:sync
	vm_start lan -k "$kernel" "${env[@]}" \
		-n aw:52:54:00:03:00:01:b:aw -n ae:52:54:00:03:00:02:b:ae \
		-n bw:52:54:00:03:00:03:b:bw -n be:52:54:00:03:00:04:b:be
	vm_wait first second lan
}
