// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests into buffers of the caller, and replies out of messages. */
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "attrs.h"
#include "route.h"

/**
 * nsl_msg_begin - start a request
 * @m: the request
 * @buf: room for it, aligned to 4 bytes
 * @size: of @buf
 * @cmd: enum netslice_cmd
 * @dump: ask for all objects
 *
 * Return: 0 or -EMSGSIZE.
 */
int nsl_msg_begin(struct nsl_msg *m, void *buf, size_t size, uint8_t cmd, bool dump)
{
	struct genlmsghdr *genl;

	memset(m, 0, sizeof(*m));
	if (size < MNL_NLMSG_HDRLEN + sizeof(*genl)) {
		m->err = -EMSGSIZE;
		return m->err;
	}
	m->size = size;
	m->nlh = mnl_nlmsg_put_header(buf);
	m->nlh->nlmsg_flags = NLM_F_REQUEST | (dump ? NLM_F_DUMP : NLM_F_ACK);
	genl = mnl_nlmsg_put_extra_header(m->nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = NETSLICE_GENL_VERSION;
	return 0;
}

static int msg_fail(struct nsl_msg *m, int err)
{
	if (!m->err)
		m->err = err;
	return m->err;
}

/**
 * nsl_msg_put - append attributes
 * @m: the request
 * @a: the attributes
 *
 * Return: 0 or the request's first failure.
 */
int nsl_msg_put(struct nsl_msg *m, const struct nsl_attrs *a)
{
	return m->err ? m->err : msg_fail(m, nsl_attrs_put(m->nlh, m->size, a));
}

/**
 * nsl_msg_put_entry - append an ENTRY, one slice of a request that names many
 * @m: the request
 * @a: the entry's attributes
 *
 * Return: 0 or the request's first failure.
 */
int nsl_msg_put_entry(struct nsl_msg *m, const struct nsl_attrs *a)
{
	struct nlattr *nest;
	int ret;

	if (m->err)
		return m->err;
	nest = mnl_attr_nest_start_check(m->nlh, m->size, NETSLICE_A_ENTRY);
	if (!nest)
		return msg_fail(m, -EMSGSIZE);
	ret = nsl_attrs_put(m->nlh, m->size, a);
	if (ret)
		return msg_fail(m, ret);
	mnl_attr_nest_end(m->nlh, nest);
	return 0;
}

/**
 * nsl_msg_put_route - append a route
 * @m: the request
 * @r: a route that nsl_route_check() takes
 *
 * Return: 0, or -EMSGSIZE when the message is full: it is as it was, may be
 * sent, and the route goes into the next one.
 */
int nsl_msg_put_route(struct nsl_msg *m, const struct nsl_route *r)
{
	if (m->err)
		return m->err;
	if (m->routes >= NETSLICE_MAX_ROUTES || nsl_route_encode(m->nlh, m->size, r))
		return -EMSGSIZE;
	m->routes++;
	return 0;
}

/**
 * nsl_msg_put_route_attrs - append routes that are encoded already
 * @m: the request
 * @attrs: routes that nsl_routes_validate() took
 * @len: their length
 * @pos: where to go on, 0 at first; @len when all are in a message
 *
 * Return: how many went in, 0 when the message is full, or a negative errno.
 */
int nsl_msg_put_route_attrs(struct nsl_msg *m, const void *attrs, size_t len, size_t *pos)
{
	size_t next = *pos, whole;
	struct nsl_attr a;
	int n = 0, ret;

	if (m->err)
		return m->err;
	while ((ret = nsl_attr_next(attrs, len, &next, &a)) > 0) {
		whole = NLA_HDRLEN + NLA_ALIGN(a.len);
		if (a.type != NETSLICE_A_ROUTE)
			return -EBADMSG;
		if (m->routes >= NETSLICE_MAX_ROUTES || m->nlh->nlmsg_len + whole > m->size)
			break;
		mnl_attr_put(m->nlh, NETSLICE_A_ROUTE | NLA_F_NESTED, a.len, a.data);
		m->routes++;
		n++;
		*pos = next;
	}
	return ret < 0 ? ret : n;
}

/**
 * nsl_parse - read a message of the family
 * @nlh: the message, whole as it was received
 * @r: what it says
 * @err: why it makes no sense
 *
 * Return: 0 or -EBADMSG.
 */
int nsl_parse(const struct nlmsghdr *nlh, struct nsl_reply *r, struct nsl_err *err)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	size_t len = mnl_nlmsg_get_payload_len(nlh);

	memset(r, 0, sizeof(*r));
	if (len < sizeof(*genl))
		return nsl_err_set(err, EBADMSG, "the kernel's message is truncated");
	r->cmd = genl->cmd;
	r->attrs = (const char *)genl + sizeof(*genl);
	r->len = len - sizeof(*genl);
	return nsl_attrs_parse(&r->a, r->attrs, r->len, err);
}

/**
 * nsl_entry_next - the next ENTRY of a message
 * @attrs: attributes of the message
 * @len: their length
 * @pos: where to go on, 0 at first
 * @a: the entry
 * @err: what is wrong with it
 *
 * Return: 1 and an entry, 0 at the end, -EBADMSG.
 */
int nsl_entry_next(const void *attrs, size_t len, size_t *pos, struct nsl_attrs *a,
		   struct nsl_err *err)
{
	struct nsl_attr nest;
	int ret;

	do {
		ret = nsl_attr_next(attrs, len, pos, &nest);
	} while (ret > 0 && nest.type != NETSLICE_A_ENTRY);
	if (ret < 0)
		return nsl_err_set(err, EBADMSG, "entries are truncated");
	if (!ret)
		return 0;
	ret = nsl_attrs_parse(a, nest.data, nest.len, err);
	return ret ? ret : 1;
}

static int stats_counters(struct nsl_stats *s, const struct nsl_attr *a)
{
	size_t n = a->len / sizeof(uint64_t);

	if (a->len % sizeof(uint64_t))
		return -EBADMSG;
	s->counters = n < __NETSLICE_C_MAX ? (unsigned int)n : __NETSLICE_C_MAX;
	memcpy(s->counter, a->data, s->counters * sizeof(uint64_t));
	return 0;
}

static int stats_attr(struct nsl_stats *s, const struct nsl_attr *a)
{
	switch (a->type) {
	case NETSLICE_STATS_A_PORT:
		s->has_port = true;
		return nsl_attr_text(a, s->port, sizeof(s->port));
	case NETSLICE_STATS_A_GEN:
		s->has_gen = true;
		return nsl_attr_number(a, &s->gen, sizeof(s->gen));
	case NETSLICE_STATS_A_COUNTERS:
		return stats_counters(s, a);
	case NETSLICE_STATS_A_RX_PACKETS:
		s->has_io = true;
		return nsl_attr_number(a, &s->rx_packets, sizeof(uint64_t));
	case NETSLICE_STATS_A_RX_BYTES:
		s->has_io = true;
		return nsl_attr_number(a, &s->rx_bytes, sizeof(uint64_t));
	case NETSLICE_STATS_A_TX_PACKETS:
		s->has_io = true;
		return nsl_attr_number(a, &s->tx_packets, sizeof(uint64_t));
	case NETSLICE_STATS_A_TX_BYTES:
		s->has_io = true;
		return nsl_attr_number(a, &s->tx_bytes, sizeof(uint64_t));
	default:
		return 0;
	}
}

/**
 * nsl_stats_next - the next STATS of a message
 * @attrs: attributes of the message
 * @len: their length
 * @pos: where to go on, 0 at first
 * @s: the counters
 * @err: what is wrong with them
 *
 * Return: 1 and counters, 0 at the end, -EBADMSG.
 */
int nsl_stats_next(const void *attrs, size_t len, size_t *pos, struct nsl_stats *s,
		   struct nsl_err *err)
{
	struct nsl_attr nest, a;
	size_t inner = 0;
	int ret;

	do {
		ret = nsl_attr_next(attrs, len, pos, &nest);
	} while (ret > 0 && nest.type != NETSLICE_A_STATS);
	if (!ret)
		return 0;
	memset(s, 0, sizeof(*s));
	while (ret > 0) {
		ret = nsl_attr_next(nest.data, nest.len, &inner, &a);
		if (ret > 0 && stats_attr(s, &a))
			ret = -EBADMSG;
	}
	if (ret < 0)
		return nsl_err_set(err, EBADMSG, "counters make no sense");
	return 1;
}
