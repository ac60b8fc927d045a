# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where the kernels of the test machines are kept: outside the clone, so that
# they are fetched once per user.

# An ordinary user's PATH lacks what needs no privilege here: depmod, ip ...
PATH=$PATH:/usr/sbin:/sbin

netslice_cache=${NETSLICE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/netslice}

netslice_kernel_dir() { # VERSION
	printf '%s/kernels/%s\n' "$netslice_cache" "$1"
}
