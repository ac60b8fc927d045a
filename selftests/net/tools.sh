#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tools that all other tests believe: they see loss, doubling, reordering
# and forged frames when these are provoked.
#
# timeout: 1800

exec "$(dirname "$0")/../tools/test.sh"
