// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel says when it refuses: the errno, the extack text, and where
 * in the request the offending attribute stands, which becomes its name and
 * the value that the caller had given.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdio.h>

#include "attrs.h"

/* How to name and to print the attributes of one level. */
enum level { LEVEL_TOP, LEVEL_ROUTE, LEVEL_NEXTHOP };

static const char *const route_names[] = {
	[NETSLICE_ROUTE_A_DST] = "destination", [NETSLICE_ROUTE_A_PLEN] = "prefix length",
	[NETSLICE_ROUTE_A_TYPE] = "type", [NETSLICE_ROUTE_A_NEXTHOP] = "nexthop",
	[NETSLICE_ROUTE_A_OWNER] = "owner",
};

static const char *const nexthop_names[] = {
	[NETSLICE_NEXTHOP_A_PORT] = "port", [NETSLICE_NEXTHOP_A_VIA] = "via",
	[NETSLICE_NEXTHOP_A_WEIGHT] = "weight",
};

static const char *level_name(enum level level, unsigned int type)
{
	const char *name = NULL;

	if (level == LEVEL_TOP)
		return nsl_name(NSL_ATTR, type);
	if (level == LEVEL_ROUTE && type <= NETSLICE_ROUTE_A_MAX)
		name = route_names[type];
	if (level == LEVEL_NEXTHOP && type <= NETSLICE_NEXTHOP_A_MAX)
		name = nexthop_names[type];
	return name ? name : "?";
}

static enum nsl_kind level_kind(enum level level, unsigned int type)
{
	if (level == LEVEL_TOP)
		return nsl_attr_spec(type) ? nsl_attr_spec(type)->kind : NSL_KIND_NONE;
	if (level == LEVEL_ROUTE)
		return type == NETSLICE_ROUTE_A_DST ? NSL_KIND_ADDRESS : NSL_KIND_NONE;
	if (type == NETSLICE_NEXTHOP_A_PORT)
		return NSL_KIND_TEXT;
	return type == NETSLICE_NEXTHOP_A_VIA ? NSL_KIND_ADDRESS : NSL_KIND_NONE;
}

static void print_number(char *out, size_t size, const struct nsl_attr *a)
{
	uint64_t value = 0;
	uint32_t word = 0;

	if (a->len == sizeof(value))
		memcpy(&value, a->data, sizeof(value));
	else if (a->len == sizeof(word))
		memcpy(&word, a->data, sizeof(word));
	else if (a->len == 1)
		word = a->data[0];
	snprintf(out, size, "%" PRIu64, value + word);
}

/* Numbers of which the user knows only the names. */
static bool print_name(char *out, size_t size, unsigned int attr, const struct nsl_attr *a)
{
	static const struct {
		unsigned int attr;
		enum nsl_names names;
	} named[] = {
		{ NETSLICE_A_ROLE, NSL_ROLE }, { NETSLICE_A_ROLE_EXPECT, NSL_ROLE },
		{ NETSLICE_A_LEASE_ACTION, NSL_LEASE }, { NETSLICE_A_LEASE_EXPECT, NSL_LEASE },
		{ NETSLICE_A_PORT_KIND, NSL_PORT_KIND }, { NETSLICE_A_MARK_KIND, NSL_FRAME },
	};
	unsigned int i;

	for (i = 0; i < sizeof(named) / sizeof(*named); i++) {
		if (named[i].attr != attr || a->len != 1)
			continue;
		snprintf(out, size, "%s", nsl_name(named[i].names, a->data[0]));
		return true;
	}
	return false;
}

static void print_value(char *out, size_t size, enum nsl_kind kind, const struct nsl_attr *a)
{
	out[0] = '\0';
	if (kind == NSL_KIND_TEXT)
		snprintf(out, size, "%.*s", (int)a->len, (const char *)a->data);
	else if (kind == NSL_KIND_ADDRESS && (a->len == 4 || a->len == 16))
		inet_ntop(a->len == 4 ? AF_INET : AF_INET6, a->data, out, (socklen_t)size);
	else if (kind == NSL_KIND_U8 || kind == NSL_KIND_U32 || kind == NSL_KIND_U64)
		print_number(out, size, a);
}

/* The route's own destination says more than its place in the request. */
static void route_label(const struct nsl_attr *nest, char *out, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "";
	struct nsl_attr a;
	unsigned int plen = 0;
	size_t pos = 0;

	while (nsl_attr_next(nest->data, nest->len, &pos, &a) > 0) {
		if (a.type == NETSLICE_ROUTE_A_DST)
			print_value(host, sizeof(host), NSL_KIND_ADDRESS, &a);
		if (a.type == NETSLICE_ROUTE_A_PLEN && a.len == 1)
			plen = a.data[0];
	}
	snprintf(out, size, "%s/%u", host, plen);
}

static void entry_label(const struct nsl_attr *nest, char *out, size_t size)
{
	struct nsl_attr a;
	size_t pos = 0;

	snprintf(out, size, "?");
	while (nsl_attr_next(nest->data, nest->len, &pos, &a) > 0)
		if (a.type == NETSLICE_A_SLICE)
			print_value(out, size, NSL_KIND_TEXT, &a);
}

struct place {
	const uint8_t *target;
	struct nsl_err *err;
	size_t used;
};

static void place_add(struct place *p, const char *name)
{
	int n = snprintf(p->err->attr + p->used, sizeof(p->err->attr) - p->used, "%s%s",
			 p->used ? " " : "", name);

	if (n > 0)
		p->used += (size_t)n;
	if (p->used >= sizeof(p->err->attr))
		p->used = sizeof(p->err->attr) - 1;
}

static void place_nest(struct place *p, enum level level, const struct nsl_attr *a,
		       unsigned int index)
{
	char label[64], name[96];

	if (level == LEVEL_ROUTE)
		snprintf(name, sizeof(name), "nexthop %u", index);
	else if (a->type == NETSLICE_A_ROUTE)
		route_label(a, label, sizeof(label));
	else
		entry_label(a, label, sizeof(label));
	if (level != LEVEL_ROUTE)
		snprintf(name, sizeof(name), "%s %s", level_name(level, a->type), label);
	place_add(p, name);
}

static bool is_nest(enum level level, unsigned int type)
{
	if (level == LEVEL_TOP)
		return type == NETSLICE_A_ROUTE || type == NETSLICE_A_ENTRY;
	return level == LEVEL_ROUTE && type == NETSLICE_ROUTE_A_NEXTHOP;
}

static void place_find(struct place *p, enum level level, const uint8_t *attrs, size_t len)
{
	unsigned int nexthop = 0;
	enum level below;
	struct nsl_attr a;
	size_t pos = 0;

	while (nsl_attr_next(attrs, len, &pos, &a) > 0) {
		bool nest = is_nest(level, a.type);

		if (level == LEVEL_ROUTE && nest)
			nexthop++;
		if (p->target >= a.data + a.len)
			continue;
		if (nest) {
			place_nest(p, level, &a, nexthop);
			below = level == LEVEL_ROUTE ? LEVEL_NEXTHOP :
				a.type == NETSLICE_A_ROUTE ? LEVEL_ROUTE : LEVEL_TOP;
			if (p->target >= a.data)
				place_find(p, below, a.data, a.len);
			return;
		}
		place_add(p, level_name(level, a.type));
		if (level != LEVEL_TOP ||
		    !print_name(p->err->value, sizeof(p->err->value), a.type, &a))
			print_value(p->err->value, sizeof(p->err->value),
				    level_kind(level, a.type), &a);
		return;
	}
}

/* @offset: as NLMSGERR_ATTR_OFFS counts it, from the start of the message */
static void find_attr(const struct nlmsghdr *request, uint32_t offset, struct nsl_err *err)
{
	const size_t head = MNL_NLMSG_HDRLEN + GENL_HDRLEN;
	struct place p = { .target = (const uint8_t *)request + offset, .err = err };

	if (request->nlmsg_len > head && offset >= head && offset < request->nlmsg_len)
		place_find(&p, LEVEL_TOP, (const uint8_t *)request + head,
			   request->nlmsg_len - head);
}

static void read_extack(const struct nlmsghdr *nlh, const struct nlmsghdr *request,
			size_t skip, struct nsl_err *err)
{
	size_t len = mnl_nlmsg_get_payload_len(nlh), pos = 0;
	const uint8_t *attrs = mnl_nlmsg_get_payload(nlh);
	uint32_t word;
	struct nsl_attr a;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || skip > len)
		return;
	while (nsl_attr_next(attrs + skip, len - skip, &pos, &a) > 0) {
		if (a.type == NLMSGERR_ATTR_MSG)
			snprintf(err->kernel, sizeof(err->kernel), "%.*s", (int)a.len,
				 (const char *)a.data);
		else if (a.type == NLMSGERR_ATTR_OFFS && !nsl_attr_number(&a, &word, 4) && request)
			find_attr(request, word, err);
		else if (a.type == NLMSGERR_ATTR_MISS_TYPE && !nsl_attr_number(&a, &word, 4) &&
			 !err->attr[0])
			snprintf(err->attr, sizeof(err->attr), "%s", nsl_name(NSL_ATTR, word));
	}
}

/* One line: which argument, what the kernel says of it, the errno in words. */
static void compose(struct nsl_err *err)
{
	char where[160] = "";

	if (err->value[0])
		snprintf(where, sizeof(where), "%s \"%s\": ", err->attr, err->value);
	else if (err->attr[0])
		snprintf(where, sizeof(where), "%s: ", err->attr);
	if (err->kernel[0])
		snprintf(err->text, sizeof(err->text), "%.140s%.160s (kernel: %.60s)", where,
			 err->kernel, strerror(err->code));
	else
		snprintf(err->text, sizeof(err->text), "%skernel: %.60s", where,
			 strerror(err->code));
}

static size_t echoed(const struct nlmsghdr *nlh, const struct nlmsgerr *e)
{
	if (nlh->nlmsg_flags & NLM_F_CAPPED)
		return sizeof(*e);
	return sizeof(*e) - sizeof(e->msg) + NLMSG_ALIGN(e->msg.nlmsg_len);
}

/**
 * nsl_parse_error - read NLMSG_ERROR, or NLMSG_DONE with an error
 * @nlh: the message
 * @request: what was sent, to find the offending attribute in; may be NULL
 * @err: what the kernel says, left alone when it accepted
 *
 * Return: 0 for an acknowledgement, else the negative errno.
 */
int nsl_parse_error(const struct nlmsghdr *nlh, const struct nlmsghdr *request,
		    struct nsl_err *err)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	bool done = nlh->nlmsg_type == NLMSG_DONE;
	size_t len = mnl_nlmsg_get_payload_len(nlh);
	struct nsl_err local;

	if (done && !len)
		return 0;
	if (len < (done ? sizeof(int) : sizeof(*e)))
		return nsl_err_set(err, EBADMSG, "the kernel's answer is truncated");
	if (!e->error)
		return 0;
	if (!err)
		err = &local;
	memset(err, 0, sizeof(*err));
	err->code = e->error < 0 ? -e->error : e->error;
	read_extack(nlh, request, done ? sizeof(int) : echoed(nlh, e), err);
	compose(err);
	return -err->code;
}
