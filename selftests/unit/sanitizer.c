// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Linked into every unit test. The leak detector needs /proc; where it is not
 * mounted (in a bare chroot) the address sanitizer must run without it, and an
 * option in the environment is of no use: it is read from /proc too.
 */
#include <unistd.h>

const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return access("/proc/self/task", F_OK) ? "detect_leaks=0" : "";
}
