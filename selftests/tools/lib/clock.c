// SPDX-License-Identifier: GPL-2.0-or-later
#include <time.h>

#include "clock.h"

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t clock_mono(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_real(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_real_ahead(void)
{
	uint64_t narrowest = UINT64_MAX;
	int64_t ahead = 0;

	for (int i = 0; i < 5; i++) {
		uint64_t before = clock_mono();
		uint64_t real = clock_real();
		uint64_t width = clock_mono() - before;

		if (width >= narrowest)
			continue;
		narrowest = width;
		ahead = (int64_t)(real - before - width / 2);
	}
	return ahead;
}

int clock_sleep_until(uint64_t when)
{
	struct timespec ts = {
		.tv_sec = (time_t)(when / NS_PER_S),
		.tv_nsec = (long)(when % NS_PER_S),
	};

	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}
