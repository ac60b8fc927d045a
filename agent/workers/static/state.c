// SPDX-License-Identifier: GPL-2.0-or-later
#include "state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/json.h"
#include "lib/jsonw.h"
#include "line.h"

#define STATE_STEP_MS	5000	/* how finely mastership is counted */

enum { LOADS, ROUTES, MASTERSHIPS, MASTER_MS, NUMBERS };

static const char *const names[NUMBERS] = { "loads", "routes", "masterships", "master_ms" };

static struct {
	uint64_t	number[NUMBERS];
	char		config[20];		/* digest of the one in use */
	uint64_t	seq;
	uint64_t	said_seq;
	bool		changed[NUMBERS];
	bool		config_changed;
	bool		master;
	uint64_t	since_ms;		/* master_ms counts up to here */
} state;

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void set_number(unsigned int which, uint64_t value)
{
	if (state.number[which] == value)
		return;
	state.number[which] = value;
	state.changed[which] = true;
	state.seq++;
}

static void digest(const char *text, char out[20])
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	snprintf(out, 20, "%016" PRIx64, hash);
}

void state_loaded(const char *config, size_t routes)
{
	set_number(LOADS, state.number[LOADS] + 1);
	set_number(ROUTES, routes);
	digest(config, state.config);
	state.config_changed = true;
	state.seq++;
}

void state_tick(bool at_once)
{
	uint64_t now = now_ms();

	if (!at_once && now - state.since_ms < STATE_STEP_MS)
		return;
	if (state.master)
		set_number(MASTER_MS, state.number[MASTER_MS] + now - state.since_ms);
	state.since_ms = now;
}

void state_became(bool master)
{
	state_tick(true);
	if (master && !state.master)
		set_number(MASTERSHIPS, state.number[MASTERSHIPS] + 1);
	state.master = master;
}

static void say(bool full, uint64_t id)
{
	struct nsl_jw w = { 0 };
	unsigned int i;

	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "type", "state");
	if (id)
		nsl_jw_u64s(&w, "id", id);
	nsl_jw_u64s(&w, "seq", state.seq);
	nsl_jw_bool(&w, "full", full);
	if (!full)
		nsl_jw_u64s(&w, "since", state.said_seq);
	nsl_jw_object(&w, "data");
	for (i = 0; i < NUMBERS; i++) {
		if (full || state.changed[i])
			nsl_jw_u64s(&w, names[i], state.number[i]);
	}
	if (full || state.config_changed)
		nsl_jw_str(&w, "config", state.config);
	nsl_jw_end(&w);
	nsl_jw_end(&w);
	line_write(&w);
	memset(state.changed, 0, sizeof(state.changed));
	state.config_changed = false;
	state.said_seq = state.seq;
}

void state_say(void)
{
	if (state.master && state.seq > state.said_seq)
		say(!state.said_seq, 0);
}

void state_say_full(uint64_t id)
{
	say(true, id);
}

int state_restore(const struct nsl_json *data, bool full, uint64_t seq, struct nsl_err *err)
{
	uint64_t number[NUMBERS];
	char config[20];
	unsigned int i;

	memcpy(number, state.number, sizeof(number));
	memcpy(config, state.config, sizeof(config));
	for (i = 0; i < NUMBERS; i++) {
		if (nsl_json_get_u64(data, names[i], &number[i], err) < 0)
			return -1;
	}
	if (nsl_json_get_text(data, "config", config, sizeof(config), err) < 0)
		return -1;
	(void)full;	/* a change has the members that changed: the same to us */
	memcpy(state.number, number, sizeof(number));
	memcpy(state.config, config, sizeof(config));
	memset(state.changed, 0, sizeof(state.changed));
	state.config_changed = false;
	state.seq = state.said_seq = seq;
	return 0;
}
