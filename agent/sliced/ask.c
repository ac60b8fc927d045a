// SPDX-License-Identifier: GPL-2.0-or-later
#include "ask.h"

#include "clock.h"
#include "lib/err.h"
#include "lib/json.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ask {
	struct ask	*next;
	struct asks	*asks;
	uint64_t	tag;
	enum wire_type	type;
	char		slice[WIRE_SLICE_LEN + 1];
	peer_answered	fn;
	void		*arg;
	struct event	*timer;
	bool		failed;
	char		text[128];
};

struct asks {
	struct event_base	*base;
	struct ask		*first;
	uint64_t		last_tag;
};

static void ask_free(struct ask *ask)
{
	if (ask->timer)
		event_free(ask->timer);
	free(ask);
}

static struct ask **ask_find(struct asks *asks, uint64_t tag)
{
	struct ask **at = &asks->first;

	while (*at && (*at)->tag != tag)
		at = &(*at)->next;
	return at;
}

/* Off the list first: the function may ask again. */
static void ask_end(struct ask **at, const struct peer_answer *answer)
{
	struct ask *ask = *at;

	*at = ask->next;
	ask->fn(ask->arg, answer);
	ask_free(ask);
}

static void ask_late(evutil_socket_t fd, short what, void *arg)
{
	struct ask *ask = arg;
	const struct peer_answer answer = {
		.outcome = ask->failed ? PEER_DOWN : PEER_TIMEOUT,
		.code = ask->failed ? "down" : "timeout",
		.text = ask->failed ? ask->text : "the other node did not answer in time",
	};

	(void)fd;
	(void)what;
	ask_end(ask_find(ask->asks, ask->tag), &answer);
}

struct asks *asks_new(struct event_base *base)
{
	struct asks *asks = calloc(1, sizeof(*asks));

	if (asks)
		asks->base = base;
	return asks;
}

void asks_free(struct asks *asks)
{
	if (!asks)
		return;
	while (asks->first)
		asks_down(asks);
	free(asks);
}

/**
 * ask_new - a question is about to be sent
 * @asks: the peer's
 * @type: of the question, and of its answer
 * @slice: of both
 * @timeout_ms: from now
 * @fn: told the end
 * @arg: for @fn
 *
 * Return: the question's number, or 0 without memory: @fn is not called.
 */
uint64_t ask_new(struct asks *asks, enum wire_type type, const char *slice,
		 unsigned int timeout_ms, peer_answered fn, void *arg)
{
	struct timeval tv = clock_timeval(timeout_ms);
	struct ask *ask = calloc(1, sizeof(*ask));

	if (!ask)
		return 0;
	ask->asks = asks;
	ask->type = type;
	ask->fn = fn;
	ask->arg = arg;
	snprintf(ask->slice, sizeof(ask->slice), "%s", slice);
	ask->timer = evtimer_new(asks->base, ask_late, ask);
	if (!ask->timer || event_add(ask->timer, &tv)) {
		ask_free(ask);
		return 0;
	}
	ask->tag = ++asks->last_tag;
	ask->next = asks->first;
	asks->first = ask;
	return ask->tag;
}

static void ask_fail(struct ask *ask, const char *text)
{
	ask->failed = true;
	snprintf(ask->text, sizeof(ask->text), "%s", text);
	event_active(ask->timer, EV_TIMEOUT, 0);
}

void ask_failed(struct asks *asks, uint64_t tag, const char *text)
{
	struct ask *ask = *ask_find(asks, tag);

	if (ask)
		ask_fail(ask, text);
}

static void ask_refused(struct ask **at, const struct nsl_json *json)
{
	struct peer_answer answer = { .outcome = PEER_REFUSED };
	const char *code = "failed";
	const char *text = "the other node gave no reason";

	nsl_json_get_str(json, "code", &code, NULL);
	nsl_json_get_str(json, "text", &text, NULL);
	answer.code = code;
	answer.text = text;
	ask_end(at, &answer);
}

/**
 * ask_answer - an answer came
 * @asks: the peer's
 * @head: of the answer
 * @data: its body
 * @len: of @data
 *
 * Return: 0; -ENOENT: nothing waits for it any more; -EPROTO: it is wrong.
 */
int ask_answer(struct asks *asks, const struct wire_head *head, const uint8_t *data, size_t len)
{
	struct ask **at = ask_find(asks, head->tag);
	struct peer_answer answer = { .outcome = PEER_OK, .code = "", .text = "" };
	struct nsl_json *json;

	if (!*at)
		return -ENOENT;
	if ((*at)->type != head->type || strcmp((*at)->slice, head->slice))
		return -EPROTO;
	json = nsl_json_parse((const char *)data, len, NULL);
	if (!json || nsl_json_type(json) != NSL_JSON_OBJECT) {
		nsl_json_free(json);
		return -EPROTO;
	}
	answer.json = json;
	if (head->flags & WIRE_F_REFUSED)
		ask_refused(at, json);
	else
		ask_end(at, &answer);
	nsl_json_free(json);
	return 0;
}

/**
 * asks_down - the connection is gone
 * @asks: the peer's: all that wait now end
 */
void asks_down(struct asks *asks)
{
	static const struct peer_answer answer = {
		.outcome = PEER_DOWN,
		.code = "down",
		.text = "the connection to the other node was lost",
	};
	uint64_t last = asks->last_tag;
	struct ask **at;

	/* what is asked from inside ends later, by itself */
	for (;;) {
		for (at = &asks->first; *at && (*at)->tag > last; at = &(*at)->next)
			;
		if (!*at)
			return;
		ask_end(at, &answer);
	}
}

void asks_forget(struct asks *asks, void *arg)
{
	struct ask **at = &asks->first;

	while (*at) {
		struct ask *ask = *at;

		if (ask->arg == arg) {
			*at = ask->next;
			ask_free(ask);
		} else {
			at = &ask->next;
		}
	}
}
