// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Control frames go straight into the output buffer. Bulk frames follow only
 * while the buffer is nearly empty, so that a control message waits for at
 * most LINK_LOW and the socket's own buffer, however much bulk there is.
 */
#include "link.h"

#include "clock.h"
#include "flow.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"
#include "wire_join.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LINK_LOW	(64U * 1024)		/* bulk is added below this */
#define LINK_STUCK	(8U * 1024 * 1024)	/* control waiting beyond this: it never leaves */
#define LINK_LINGER_MS	1000			/* for the goodbye to leave */

struct link {
	struct event_base	*base;
	struct bufferevent	*bev;
	const struct link_ops	*ops;
	void			*arg;
	bool			incoming;
	bool			ready;
	bool			ended;
	bool			told;		/* @gone was called */
	char			why[200];
	struct tls_pin		pin;
	struct flows		*flows;
	struct wire_join	control;	/* message being received */
	bool			have_head;
	struct wire_head	head;		/* of the frame being received */
	uint64_t		seq_in;
	uint64_t		seq_out;
	uint64_t		heard_ms;
	struct event		*deadline;
	const char		*deadline_what;
	struct event		*beat;
	unsigned int		beat_ms;
	unsigned int		dead_ms;
	uint64_t		beat_last;
	struct event		*gone;
};

/* --- the end --- */

static void link_gone(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;

	(void)fd;
	(void)what;
	if (link->told)
		return;
	link->told = true;
	link->ops->gone(link->arg, link);
}

static void link_stop(struct link *link, unsigned int linger_ms)
{
	struct timeval tv = clock_timeval(linger_ms);

	link->ended = true;
	bufferevent_disable(link->bev, EV_READ);
	bufferevent_setwatermark(link->bev, EV_WRITE, 0, 0);
	event_del(link->deadline);
	event_del(link->beat);
	event_add(link->gone, &tv);
}

static void link_vend(struct link *link, const char *fmt, va_list ap)
{
	vsnprintf(link->why, sizeof(link->why), fmt, ap);
}

static void link_say_goodbye(struct link *link)
{
	const struct wire_head head = { .type = WIRE_GOODBYE };
	struct nsl_jw w = { 0 };

	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "why", link->why);
	nsl_jw_end(&w);
	link_send_json(link, &head, &w);
}

/**
 * link_end - end a link
 * @link: it
 * @tell: say goodbye first
 * @fmt: why: for both nodes' logs
 *
 * Context: anywhere on the loop: ops->gone comes later.
 */
void link_end(struct link *link, bool tell, const char *fmt, ...)
{
	bool say = tell && link->ready;
	va_list ap;

	if (link->ended)
		return;
	va_start(ap, fmt);
	link_vend(link, fmt, ap);
	va_end(ap);
	if (say)
		link_say_goodbye(link);
	link_stop(link, say ? LINK_LINGER_MS : 0);
}

/* --- sending --- */

static int link_put_frame(struct link *link, struct wire_head *head, const uint8_t *body)
{
	struct evbuffer *out = bufferevent_get_output(link->bev);
	uint8_t raw[WIRE_HEADER_LEN];
	const char *why;

	head->seq = link->seq_out + 1;
	if (wire_put_head(raw, head, &why)) {
		log_error("a message was not sent: %s", why);
		return -EINVAL;
	}
	if (evbuffer_expand(out, WIRE_HEADER_LEN + head->length) ||
	    evbuffer_add(out, raw, sizeof(raw)) || evbuffer_add(out, body, head->length)) {
		link_end(link, false, "out of memory");
		return -ENOMEM;
	}
	link->seq_out++;
	return 0;
}

static void link_room(struct link *link, bool all)
{
	void (*fn)(void *arg);
	void *arg;

	while (flows_marked(link->flows, all, &fn, &arg))
		fn(arg);
}

static void link_pump(struct link *link)
{
	struct evbuffer *out = bufferevent_get_output(link->bev);
	struct flow_frame frame;

	while (!link->ended && evbuffer_get_length(out) < LINK_LOW &&
	       flows_next(link->flows, &frame))
		link_put_frame(link, &frame.head, frame.body);
}

/* Frames of a control message: one after the other, at once. */
static int link_send_control(struct link *link, const struct wire_head *head,
			     const uint8_t *data, size_t len)
{
	struct wire_head h = *head;
	int err;

	if (evbuffer_get_length(bufferevent_get_output(link->bev)) > LINK_STUCK) {
		link_end(link, false, "nothing leaves");
		return -ENOTCONN;
	}
	do {
		h.length = len < WIRE_FRAME_MAX ? (uint32_t)len : WIRE_FRAME_MAX;
		len -= h.length;
		h.flags = len ? head->flags | WIRE_F_MORE : head->flags;
		err = link_put_frame(link, &h, data);
		data += h.length;
	} while (len && !err);
	return err;
}

/**
 * link_send - send a message
 * @link: on it
 * @head: type, flags, tag and slice
 * @data: the body, copied
 * @len: of @data
 *
 * Return: 0, -ENOTCONN, -EMSGSIZE, -ENOMEM, -E2BIG.
 */
int link_send(struct link *link, const struct wire_head *head, const void *data, size_t len)
{
	const struct wire_info *info = wire_info(head->type);
	bool reply = head->flags & WIRE_F_REPLY;
	struct wire_head h = *head;
	int err;

	if (link->ended || !link->ready)
		return -ENOTCONN;
	if (!info && !reply)
		return -EINVAL;
	if (len > (reply ? WIRE_REPLY_MAX : info->max))
		return -EMSGSIZE;
	if (reply || info->class == WIRE_CONTROL)
		return link_send_control(link, &h, data, len);
	h.flags |= WIRE_F_BULK;
	err = flows_add(link->flows, &h, data, len);
	link_pump(link);
	return err;
}

int link_send_json(struct link *link, const struct wire_head *head, struct nsl_jw *json)
{
	char *text = json ? nsl_jw_take(json) : strdup("{}");
	int err;

	if (!text)
		return -ENOMEM;
	err = link_send(link, head, text, strlen(text));
	free(text);
	return err;
}

size_t link_queued(const struct link *link, const char *slice)
{
	return flows_queued(link->flows, slice);
}

int link_when_room(struct link *link, const char *slice, void (*fn)(void *arg), void *arg)
{
	if (link->ended)
		return -ENOTCONN;
	return flows_set_mark(link->flows, slice, fn, arg);
}

/**
 * link_return - bulk that came in was dealt with
 * @link: it came on
 * @slice: whose
 * @bytes: the message's credit
 */
void link_return(struct link *link, const char *slice, uint32_t bytes)
{
	struct wire_head head = { .type = WIRE_CREDIT };
	uint32_t now = flows_return(link->flows, slice, bytes);
	struct nsl_jw w = { 0 };

	if (!now || link->ended)
		return;
	snprintf(head.slice, sizeof(head.slice), "%s", slice);
	nsl_jw_object(&w, NULL);
	nsl_jw_u64(&w, "bytes", now);
	nsl_jw_end(&w);
	link_send_json(link, &head, &w);
}

/* --- receiving --- */

static void link_credit(struct link *link, const struct link_msg *msg);

static void link_deliver(struct link *link, const struct wire_head *head,
			 const struct wire_info *info, const uint8_t *data, size_t len)
{
	const struct link_msg msg = {
		.head = *head,
		.info = info,
		.data = data,
		.len = len,
		.credit = head->flags & WIRE_F_BULK ? head->length + WIRE_HEADER_LEN : 0,
	};

	if (head->type == WIRE_HEARTBEAT)
		return;
	if (head->type == WIRE_CREDIT)
		link_credit(link, &msg);
	else
		link->ops->message(link->arg, link, &msg);
}

/* What this version does not know: skipped, unless it must be understood. */
static void link_unknown(struct link *link, const struct wire_head *head)
{
	if (head->flags & WIRE_F_BULK)
		link_return(link, head->slice, head->length + WIRE_HEADER_LEN);
	if (head->flags & (WIRE_F_MORE | WIRE_F_REPLY))
		return;
	if (head->flags & WIRE_F_REQUEST)
		link_deliver(link, head, NULL, NULL, 0);
	else if (head->flags & WIRE_F_MUST)
		link_end(link, true, "message type %u is unknown here", head->type);
}

static bool link_bulk_ok(struct link *link, const struct wire_head *head)
{
	int err;

	if (!(head->flags & WIRE_F_BULK))
		return true;
	err = flows_taken(link->flows, head->slice, head->length + WIRE_HEADER_LEN);
	if (err == -EPROTO)
		link_end(link, true, "slice %s: more bulk than its window", head->slice);
	else if (err)
		link_end(link, true, "slice %s: %s", head->slice, strerror(-err));
	return !err;
}

static const char *link_class_wrong(const struct wire_head *head, const struct wire_info *info)
{
	bool bulk = info->class == WIRE_BULK && !(head->flags & WIRE_F_REPLY);

	return bulk == !!(head->flags & WIRE_F_BULK) ? NULL : "a message of the wrong class";
}

static void link_join(struct link *link, const struct wire_head *head,
		      const struct wire_info *info, const uint8_t *body)
{
	struct wire_join *join = head->flags & WIRE_F_BULK ?
		flows_join(link->flows, head->slice) : &link->control;
	uint32_t max = head->flags & WIRE_F_REPLY ? WIRE_REPLY_MAX : info->max;
	const char *why = link_class_wrong(head, info);
	const uint8_t *data;
	size_t len;
	int rc = why ? -EPROTO : wire_join(join, head, body, max, &data, &len, &why);

	if (rc < 0)
		link_end(link, true, "%s: %s", info->name, why);
	else if (rc > 0)
		link_deliver(link, head, info, data, len);
	else if (head->flags & WIRE_F_BULK)
		link_return(link, head->slice, head->length + WIRE_HEADER_LEN);
}

static void link_frame(struct link *link, const struct wire_head *head, const uint8_t *body)
{
	const struct wire_info *info = wire_info(head->type);

	if (!link_bulk_ok(link, head))
		return;
	if (info)
		link_join(link, head, info, body);
	else
		link_unknown(link, head);
}

/* The header, once it is there. */
static bool link_read_head(struct link *link, struct evbuffer *in)
{
	uint8_t raw[WIRE_HEADER_LEN];
	const char *why;

	if (link->have_head)
		return true;
	if (evbuffer_get_length(in) < sizeof(raw))
		return false;
	if (evbuffer_remove(in, raw, sizeof(raw)) != (int)sizeof(raw))
		return false;
	if (wire_get_head(raw, &link->head, &why)) {
		link_end(link, true, "%s", why);
		return false;
	}
	if (link->head.seq != link->seq_in + 1) {
		link_end(link, true, "a frame is missing, or came twice");
		return false;
	}
	link->seq_in++;
	link->have_head = true;
	return true;
}

static bool link_read_frame(struct link *link, struct evbuffer *in)
{
	const uint8_t *body;

	if (!link_read_head(link, in) || evbuffer_get_length(in) < link->head.length)
		return false;
	body = evbuffer_pullup(in, (ev_ssize_t)link->head.length);
	if (!body && link->head.length) {
		link_end(link, true, "out of memory");
		return false;
	}
	link->have_head = false;
	link_frame(link, &link->head, body);
	evbuffer_drain(in, link->head.length);
	return true;
}

static void link_readable(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct link *link = arg;

	link->heard_ms = clock_boot_ms();
	while (!link->ended && link_read_frame(link, in))
		;
}

/* --- what libevent tells --- */

static void link_drained(struct bufferevent *bev, void *arg)
{
	struct link *link = arg;

	if (link->ended) {
		/* the goodbye is out */
		if (!evbuffer_get_length(bufferevent_get_output(bev)))
			event_active(link->gone, EV_TIMEOUT, 0);
		return;
	}
	link_pump(link);
	link_room(link, false);
}

static void link_connected(struct link *link)
{
	const int one = 1;
	const int lowat = (int)LINK_LOW;
	int fd = bufferevent_getfd(link->bev);

	if (!tls_peer_pin(link->bev, &link->pin)) {
		link_end(link, false, "no key was presented");
		return;
	}
	/* neither makes a difference to correctness */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof(lowat));
	link->ready = true;
	link->ops->ready(link->arg, link);
}

static void link_broken(struct link *link, short what)
{
	int code = EVUTIL_SOCKET_ERROR();
	char tls[128];

	tls_why(link->bev, tls, sizeof(tls));
	if (what & BEV_EVENT_EOF)
		link_end(link, false, "closed by the other node");
	else if (tls[0])
		link_end(link, false, "TLS: %s", tls);
	else
		link_end(link, false, "%s", code ? strerror(code) : "connection lost");
}

static void link_event(struct bufferevent *bev, short what, void *arg)
{
	struct link *link = arg;

	(void)bev;
	if (link->ended) {
		if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
			event_active(link->gone, EV_TIMEOUT, 0);
		return;
	}
	if (what & BEV_EVENT_CONNECTED)
		link_connected(link);
	else if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		link_broken(link, what);
}

static void link_credit(struct link *link, const struct link_msg *msg)
{
	struct nsl_err err;
	uint32_t bytes = 0;
	struct nsl_json *json = nsl_json_parse((const char *)msg->data, msg->len, &err);

	if (!json || nsl_json_need_u32(json, "bytes", 1, FLOW_WINDOW, &bytes, &err) < 0)
		link_end(link, true, "CREDIT: %s", err.text);
	else if (flows_credit(link->flows, msg->head.slice, bytes))
		link_end(link, true, "CREDIT: more than was sent");
	nsl_json_free(json);
	link_pump(link);
}

/* --- time --- */

static void link_late(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;

	(void)fd;
	(void)what;
	link_end(link, true, "%s took too long", link->deadline_what);
}

void link_deadline(struct link *link, unsigned int ms, const char *what)
{
	struct timeval tv = clock_timeval(ms);

	link->deadline_what = what;
	if (ms && !link->ended)
		event_add(link->deadline, &tv);
	else
		event_del(link->deadline);
}

/*
 * A tick that comes late was held up here: what the other end sent meanwhile
 * may still wait to be read. Only silence that was listened to counts.
 */
static void link_tick(evutil_socket_t fd, short what, void *arg)
{
	const struct wire_head head = { .type = WIRE_HEARTBEAT };
	struct link *link = arg;
	uint64_t now = clock_boot_ms();

	(void)fd;
	(void)what;
	if (now - link->beat_last > 2ULL * link->beat_ms)
		link->heard_ms += now - link->beat_last - link->beat_ms;
	link->beat_last = now;
	if (link->heard_ms > now)
		link->heard_ms = now;
	if (now - link->heard_ms > link->dead_ms)
		link_end(link, false, "nothing heard for %llu ms",
			 (unsigned long long)(now - link->heard_ms));
	else
		link_send_json(link, &head, NULL);
}

int link_beat(struct link *link, unsigned int beat_ms, unsigned int dead_ms)
{
	struct timeval tv = clock_timeval(beat_ms);

	link->beat_ms = beat_ms;
	link->dead_ms = dead_ms;
	link->beat_last = clock_boot_ms();
	return event_add(link->beat, &tv);
}

/* --- making and freeing --- */

static struct link *link_new(struct event_base *base, struct bufferevent *bev, bool incoming,
			     const struct link_ops *ops, void *arg)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!bev || !link)
		goto fail;
	link->base = base;
	link->ops = ops;
	link->arg = arg;
	link->incoming = incoming;
	link->heard_ms = clock_boot_ms();
	link->flows = flows_new();
	link->deadline = evtimer_new(base, link_late, link);
	link->beat = event_new(base, -1, EV_PERSIST, link_tick, link);
	link->gone = evtimer_new(base, link_gone, link);
	if (!link->flows || !link->deadline || !link->beat || !link->gone)
		goto fail;
	link->bev = bev;
	bufferevent_setcb(bev, link_readable, link_drained, link_event, link);
	bufferevent_setwatermark(bev, EV_READ, 0, 4 * WIRE_FRAME_MAX);
	bufferevent_setwatermark(bev, EV_WRITE, LINK_LOW / 2, 0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	return link;

fail:
	if (bev)
		tls_close_connection(bev);
	if (link)
		link_free(link);
	return NULL;
}

struct link *link_accept(struct event_base *base, struct tls *tls, int fd,
			 const struct link_ops *ops, void *arg)
{
	return link_new(base, tls_server(tls, base, fd), true, ops, arg);
}

struct link *link_dial(struct event_base *base, struct tls *tls, const struct sockaddr *to,
		       int to_len, const struct link_ops *ops, void *arg)
{
	struct link *link = link_new(base, tls_client(tls, base, -1), false, ops, arg);

	if (link && bufferevent_socket_connect(link->bev, to, to_len) < 0)
		link_end(link, false, "%s", strerror(errno));
	return link;
}

/**
 * link_free - free a link
 * @link: it
 *
 * Context: ops->gone, or when the loop has ended.
 */
void link_free(struct link *link)
{
	if (link->flows)
		link_room(link, true);
	flows_free(link->flows);
	wire_join_free(&link->control);
	if (link->deadline)
		event_free(link->deadline);
	if (link->beat)
		event_free(link->beat);
	if (link->gone)
		event_free(link->gone);
	if (link->bev)
		tls_close_connection(link->bev);
	free(link);
}

bool link_ended(const struct link *link)
{
	return link->ended;
}

const char *link_why(const struct link *link)
{
	return link->why;
}

bool link_incoming(const struct link *link)
{
	return link->incoming;
}

bool link_pin(const struct link *link, struct tls_pin *pin)
{
	if (link->ready)
		*pin = link->pin;
	return link->ready;
}

uint64_t link_heard(const struct link *link)
{
	return link->seq_in;
}
