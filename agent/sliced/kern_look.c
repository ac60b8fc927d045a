// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel says of a slice and of its ports; calls that change roles. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern.h"
#include "log.h"

/* ---- a slice ---- */

struct look {
	struct kern_slice	slice;
	kern_looked		done;
	void			*arg;
};

static void *look_alloc(size_t size)
{
	void *p = calloc(1, size);

	if (!p) {
		log_error("out of memory");
		abort();
	}
	return p;
}

static void look_reply(void *arg, const struct nsl_reply *r)
{
	struct kern_slice *s = &((struct look *)arg)->slice;
	const struct nsl_attrs *a = &r->a;

	s->there = true;
	s->state.role = a->role;
	s->state.answer = nsl_has(a, ANSWER);
	s->state.lease = nsl_has(a, LEASE_ACTION) ? a->lease_action : NETSLICE_LEASE_NONE;
	s->state.cp_term = a->cp_term;
	s->state.fp_term = a->fp_term;
	memcpy(s->owner, a->owner, sizeof(s->owner));
	s->ifindex = a->slice_ifindex;
	s->vrf = a->vrf_ifindex;
	s->gen = nsl_has(a, GEN) ? a->gen : 0;
	s->gen_first = a->gen_first;
	s->seq = a->seq;
	s->refresh_ms = a->refresh_ms;
	s->confirm_ms = nsl_has(a, CONFIRM_MS) ? a->confirm_ms : 0;
}

static void look_done(void *arg, int code, const struct nsl_err *err)
{
	struct look *look = arg;

	(void)err;
	if (code == -ENOENT)
		code = 0;
	look->done(look->arg, code, &look->slice);
	free(look);
}

void kern_look(struct kern *k, const char *slice, kern_looked done, void *arg)
{
	struct look *look = look_alloc(sizeof(*look));
	struct nsl_attrs key = { 0 };

	look->done = done;
	look->arg = arg;
	nsl_set_slice(&key, slice);
	kern_request(k, KERN_CONTROL, NETSLICE_CMD_SLICE_GET, &key, look_reply, look_done, look);
}

/* ---- ports ---- */

struct ports_read {
	struct kern_port	port[NETSLICE_MAX_PORTS];
	size_t			count;
	kern_ports_read		done;
	void			*arg;
};

static void ports_reply(void *arg, const struct nsl_reply *r)
{
	struct ports_read *read = arg;
	const struct nsl_attrs *a = &r->a;
	struct kern_port *p;

	if (read->count == NETSLICE_MAX_PORTS)
		return;
	p = &read->port[read->count++];
	memcpy(p->name, a->port, sizeof(p->name));
	p->kind = a->port_kind;
	p->state = a->port_state;
	p->ifindex = nsl_has(a, IFINDEX) ? a->ifindex : 0;
	memcpy(p->vmac, a->vmac, sizeof(p->vmac));
	p->marker_cookie = a->marker_cookie;
	p->marker_count = a->marker_count;
	p->marker_total = a->marker_total;
	p->probe_cookie = a->probe_cookie;
	p->vmac_rx = a->vmac_rx;
	p->peer_heard = nsl_has(a, PEER_SEEN_MS);
	p->peer_fp_term = a->peer_fp_term;
	p->peer_seen_ms = a->peer_seen_ms;
}

/* Evidence does not need all ports of one moment: an interrupted dump is as good. */
static void ports_done(void *arg, int code, const struct nsl_err *err)
{
	struct ports_read *read = arg;

	(void)err;
	if (code == -EINTR)
		code = 0;
	read->done(read->arg, code, read->port, code ? 0 : read->count);
	free(read);
}

void kern_ports(struct kern *k, const char *slice, kern_ports_read done, void *arg)
{
	struct ports_read *read = look_alloc(sizeof(*read));
	struct nsl_attrs key = { 0 };

	read->done = done;
	read->arg = arg;
	nsl_set_slice(&key, slice);
	kern_dump(k, KERN_CONTROL, NETSLICE_CMD_PORT_GET, &key, ports_reply, ports_done, read);
}

static bool port_counts(const struct kern_port *p)
{
	return p->kind == NETSLICE_PORT_LAN && p->state == NETSLICE_PORT_UP;
}

unsigned int kern_lan_ports(const struct kern_port *ports, size_t count)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < count; i++)
		n += port_counts(&ports[i]);
	return n;
}

bool kern_all_marked(const struct kern_port *ports, size_t count, uint64_t cookie)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (port_counts(&ports[i]) &&
		    (ports[i].marker_cookie != cookie || !ports[i].marker_total ||
		     ports[i].marker_count < ports[i].marker_total))
			return false;
	return true;
}

bool kern_all_evident(const struct kern_port *ports, size_t count, uint64_t probe_cookie)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (port_counts(&ports[i]) && !ports[i].vmac_rx &&
		    ports[i].probe_cookie != probe_cookie)
			return false;
	return true;
}

bool kern_all_silent(const struct kern_port *ports, size_t count, uint64_t for_ms)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (port_counts(&ports[i]) && ports[i].peer_heard &&
		    ports[i].peer_seen_ms < for_ms)
			return false;
	return true;
}

uint64_t kern_heard_term(const struct kern_port *ports, size_t count)
{
	uint64_t term = 0;
	size_t i;

	for (i = 0; i < count; i++)
		if (ports[i].peer_heard && ports[i].peer_fp_term > term)
			term = ports[i].peer_fp_term;
	return term;
}

uint64_t kern_vmac_rx(const struct kern_port *ports, size_t count)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < count; i++)
		if (ports[i].kind == NETSLICE_PORT_LAN)
			sum += ports[i].vmac_rx;
	return sum;
}

/* ---- calls ---- */

static void call_lease(const struct handover_call *call, struct nsl_attrs *a)
{
	if (call->lease_keep)
		nsl_set_lease_keep(a);
	if (call->lease_action != NETSLICE_LEASE_NONE) {
		nsl_set_lease_action(a, call->lease_action);
		if (call->lease_until)
			nsl_set_lease_until(a, call->lease_until);
		else
			nsl_set_lease_ms(a, call->lease_ms);
	}
	if (call->lease_check)
		nsl_set_lease_expect(a, call->lease_expect);
}

uint8_t kern_call_attrs(const char *slice, const struct handover_call *call, struct nsl_attrs *a)
{
	memset(a, 0, sizeof(*a));
	nsl_set_slice(a, slice);
	switch (call->what) {
	case HANDOVER_CALL_CP_TERM:
		nsl_set_cp_term_expect(a, call->cp_expect);
		nsl_set_cp_term(a, call->cp_term);
		return NETSLICE_CMD_TERM_RAISE;
	case HANDOVER_CALL_FP_TERM:
		nsl_set_fp_term_expect(a, call->fp_term);
		nsl_set_fp_term(a, call->fp_term_new);
		return NETSLICE_CMD_TERM_RAISE;
	case HANDOVER_CALL_LEASE_END:
		nsl_set_fp_term(a, call->fp_term);
		nsl_set_lease_ms(a, 0);
		if (call->lease_check)
			nsl_set_lease_expect(a, call->lease_expect);
		return NETSLICE_CMD_LEASE_SET;
	case HANDOVER_CALL_ROLE:
		break;
	}
	nsl_set_fp_term(a, call->fp_term);
	if (call->fp_term_new)
		nsl_set_fp_term_new(a, call->fp_term_new);
	nsl_set_role(a, call->role);
	nsl_set_role_expect(a, call->role_expect);
	if (call->answer)
		nsl_set_answer(a);
	call_lease(call, a);
	return NETSLICE_CMD_ROLE_SET;
}

struct calling {
	struct kern	*kern;
	char		slice[NETSLICE_NAME_LEN];
	kern_called	done;
	void		*arg;
	int		code;
	struct nsl_err	err;
};

static void call_looked(void *arg, int code, const struct kern_slice *slice)
{
	struct calling *c = arg;

	c->done(c->arg, c->code, &c->err, code || !slice->there ? NULL : slice);
	free(c);
}

static void call_done(void *arg, int code, const struct nsl_err *err)
{
	struct calling *c = arg;

	c->code = code;
	if (code)
		c->err = *err;
	kern_look(c->kern, c->slice, call_looked, c);
}

void kern_call(struct kern *k, const char *slice, const struct handover_call *call,
	       kern_called done, void *arg)
{
	struct calling *c = look_alloc(sizeof(*c));
	struct nsl_attrs a;
	uint8_t cmd = kern_call_attrs(slice, call, &a);

	c->kern = k;
	strncpy(c->slice, slice, sizeof(c->slice) - 1);
	c->done = done;
	c->arg = arg;
	kern_request(k, KERN_CONTROL, cmd, &a, NULL, call_done, c);
}

void kern_mark(struct kern *k, const char *slice, uint8_t kind, uint64_t cookie,
	       uint64_t fp_term, kern_done done, void *arg)
{
	struct nsl_attrs a = { 0 };

	nsl_set_slice(&a, slice);
	nsl_set_fp_term(&a, fp_term);
	nsl_set_mark_kind(&a, kind);
	nsl_set_cookie(&a, cookie);
	kern_request(k, KERN_CONTROL, NETSLICE_CMD_MARK, &a, NULL, done, arg);
}

void kern_announce(struct kern *k, const char *slice, uint64_t fp_term, kern_done done, void *arg)
{
	struct nsl_attrs a = { 0 };

	nsl_set_slice(&a, slice);
	nsl_set_fp_term(&a, fp_term);
	kern_request(k, KERN_CONTROL, NETSLICE_CMD_ANNOUNCE, &a, NULL, done, arg);
}
