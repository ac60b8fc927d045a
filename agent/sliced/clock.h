/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CLOCK_BOOTTIME for what decides, CLOCK_REALTIME for what people read. */
#ifndef SLICED_CLOCK_H
#define SLICED_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static inline uint64_t clock_boot_ms(void)
{
	return clock_read_ms(CLOCK_BOOTTIME);
}

static inline int64_t clock_wall_ms(void)
{
	return (int64_t)clock_read_ms(CLOCK_REALTIME);
}

static inline struct timeval clock_timeval(unsigned int ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };
}

#endif
