#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Second program of a test machine, started by init.c on the root that it made:
# sets the machine up as /run/vm/config says and goes on as execd. The folder
# /run/vm is the machine's own on the host, writable.

set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# The host's /root may be closed to the user who runs the machine.
export HOME=/run/home LC_ALL=C.UTF-8
mkdir -p "$HOME"

# Sets VM_NAME, VM_NICS (MAC=NAME ...), VM_MODULES, VM_EXECD, VM_DISK.
# shellcheck source=/dev/null
. /run/vm/config

echo "$VM_NAME" > /proc/sys/kernel/hostname
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing 2> /dev/null
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p "/lib/modules/${VM_MODULES##*/}" /run/lock /run/netns /var/lib/netslice
mount --bind "$VM_MODULES" "/lib/modules/${VM_MODULES##*/}"

# Debian's fq_codel drops what waits too long, and in a busy emulator
# everything does: a plain queue loses nothing that has room.
echo pfifo_fast > /proc/sys/net/core/default_qdisc
# Nor may the queue between namespaces drop what comes in a burst, when a machine
# that was not scheduled for a second catches up.
echo 100000 > /proc/sys/net/core/netdev_max_backlog

name_links() { # network devices are named after their MAC, as configured
	local nic address

	echo "link set lo up"
	for address in /sys/class/net/*/address; do
		for nic in $VM_NICS; do
			if [ "$(< "$address")" = "${nic%%=*}" ]; then
				address=${address%/address}
				echo "link set ${address##*/} name ${nic#*=}"
			fi
		done
	done
}
name_links | ip -batch -

# A disk keeps what is fsynced when the machine is killed; else it is memory.
if [ -n "$VM_DISK" ]; then
	[ "$(blkid -s TYPE -o value /dev/vda)" = ext4 ] || mkfs.ext4 -q /dev/vda
	mount /dev/vda /var/lib/netslice
else
	mount -t tmpfs -o mode=0755 netslice /var/lib/netslice
fi

# Quiet until here; from now on the console shows all but debug messages.
echo 7 > /proc/sys/kernel/printk
echo "vm: $VM_NAME is up" > /dev/kmsg
cd "$HOME" || exit 1
export VM_NAME OUT=/run/vm/out
for setting in "${VM_ENV[@]}"; do
	export "${setting?}"
done
exec "$VM_EXECD"
