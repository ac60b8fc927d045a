/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libnetslice: the only code that encodes and decodes the generic netlink
 * family "netslice" (<linux/netslice.h>).
 *
 * Codec and transport are apart. The codec writes requests into buffers of the
 * caller and reads replies into plain structs; it does no I/O. On it stand a
 * synchronous client (struct nsl_client), an asynchronous one (struct
 * nsl_async) and a listener for events (struct nsl_events).
 *
 * Functions return 0 or a count on success, a negative errno on failure, and
 * then say why in their struct nsl_err, if they were given one.
 */
#ifndef NSL_NETSLICE_H
#define NSL_NETSLICE_H

#include <linux/netlink.h>
#include <linux/netslice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* ---- attributes ------------------------------------------------------- */

#define NSL_WORDS	2	/* of presence bits, 64 attributes each */

/**
 * struct nsl_attrs - attributes of a request, a reply, an event or an ENTRY
 * @has: which of the fields are there: nsl_has(a, SLICE) and so on
 * @too_long: a setter could not store a string; encoding is then refused
 * @address_len: 4 or 16, with @address
 * @buckets: BUCKET_COUNT digests, within the message that was parsed
 * @buckets_len: their length in bytes
 * @entries: number of ENTRY nests, see nsl_entry_next()
 * @routes: number of ROUTE nests, see nsl_route_next()
 * @stats: number of STATS nests, see nsl_stats_next()
 *
 * The fields are the attributes of enum netslice_attr by their names. Flags
 * have no field: only their bit. Fill it with the nsl_set_*() functions.
 */
struct nsl_attrs {
	uint64_t has[NSL_WORDS];
	bool too_long;
	char slice[NETSLICE_NAME_LEN];
	char owner[NETSLICE_NAME_LEN];
	char new_owner[NETSLICE_NAME_LEN];
	char port[NETSLICE_NAME_LEN];
	char release[NETSLICE_RELEASE_LEN];
	uint32_t slice_ifindex;
	uint32_t vrf_ifindex;
	uint64_t cp_term;
	uint64_t cp_term_expect;
	uint64_t fp_term;
	uint64_t fp_term_expect;
	uint8_t role;
	uint8_t role_expect;
	uint8_t lease_action;
	uint8_t lease_expect;
	uint8_t port_kind;
	uint8_t port_state;
	uint8_t family;
	uint8_t gen_state;
	uint8_t mark_kind;
	uint8_t event;
	uint8_t vmac[6];
	uint8_t address[16];
	uint8_t address_len;
	uint8_t digest[NETSLICE_DIGEST_LEN];
	uint32_t lease_ms;
	uint64_t lease_until;
	uint64_t not_after;
	uint64_t fp_term_new;
	uint32_t refresh_ms;
	uint32_t announce_count;
	uint32_t announce_ms;
	uint64_t seq;
	uint32_t ifindex;
	uint64_t marker_cookie;
	uint32_t marker_count;
	uint32_t marker_total;
	uint64_t probe_cookie;
	uint64_t peer_fp_term;
	uint64_t peer_seen_ms;
	uint64_t vmac_rx;
	uint32_t route_flags;
	uint64_t gen;
	uint64_t gen_expect;
	uint64_t gen_first;
	uint32_t schema;
	uint32_t prog_fd;
	uint32_t prog_id;
	uint32_t routes4;
	uint32_t routes6;
	uint32_t bucket_first;
	uint32_t bucket_count;
	uint32_t confirm_ms;
	uint64_t lacks;
	uint64_t cookie;
	uint64_t event_seq;
	const uint8_t *buckets;
	size_t buckets_len;
	unsigned int entries;
	unsigned int routes;
	unsigned int stats;
};

/* By number; by name: nsl_has(a, CP_TERM). */
static inline bool nsl_has_attr(const struct nsl_attrs *a, unsigned int attr)
{
	return a->has[attr / 64] >> attr % 64 & 1;
}

static inline void nsl_mark_attr(struct nsl_attrs *a, unsigned int attr)
{
	a->has[attr / 64] |= 1ULL << attr % 64;
}

#define nsl_has(a, ATTR)	nsl_has_attr(a, NETSLICE_A_##ATTR)

/* By number, for tables: -EINVAL for one of another kind or a value it cannot hold. */
int nsl_set_number(struct nsl_attrs *a, unsigned int attr, uint64_t value);
int nsl_set_string(struct nsl_attrs *a, unsigned int attr, const char *value);
uint64_t nsl_get_number(const struct nsl_attrs *a, unsigned int attr);
const char *nsl_get_string(const struct nsl_attrs *a, unsigned int attr);

void nsl_set_text(struct nsl_attrs *a, unsigned int attr, char *field, size_t size,
		  const char *value);
void nsl_set_bytes(struct nsl_attrs *a, unsigned int attr, void *field, const void *value,
		   size_t len);

#define NSL_SETTER_TEXT(field, ATTR)							\
static inline void nsl_set_##field(struct nsl_attrs *a, const char *value)		\
{											\
	nsl_set_text(a, NETSLICE_A_##ATTR, a->field, sizeof(a->field), value);		\
}
#define NSL_SETTER_NUMBER(field, ATTR, type)						\
static inline void nsl_set_##field(struct nsl_attrs *a, type value)			\
{											\
	a->field = value;								\
	nsl_mark_attr(a, NETSLICE_A_##ATTR);						\
}
#define NSL_SETTER_FLAG(field, ATTR)							\
static inline void nsl_set_##field(struct nsl_attrs *a)					\
{											\
	nsl_mark_attr(a, NETSLICE_A_##ATTR);						\
}

NSL_SETTER_TEXT(slice, SLICE)
NSL_SETTER_TEXT(owner, OWNER)
NSL_SETTER_TEXT(new_owner, NEW_OWNER)
NSL_SETTER_TEXT(port, PORT)
NSL_SETTER_TEXT(release, RELEASE)
NSL_SETTER_FLAG(force, FORCE)
NSL_SETTER_FLAG(answer, ANSWER)
NSL_SETTER_FLAG(bypass_netfilter, BYPASS_NETFILTER)
NSL_SETTER_FLAG(gen_copy, GEN_COPY)
NSL_SETTER_NUMBER(cp_term, CP_TERM, uint64_t)
NSL_SETTER_NUMBER(cp_term_expect, CP_TERM_EXPECT, uint64_t)
NSL_SETTER_NUMBER(fp_term, FP_TERM, uint64_t)
NSL_SETTER_NUMBER(fp_term_expect, FP_TERM_EXPECT, uint64_t)
NSL_SETTER_NUMBER(role, ROLE, uint8_t)
NSL_SETTER_NUMBER(role_expect, ROLE_EXPECT, uint8_t)
NSL_SETTER_NUMBER(lease_ms, LEASE_MS, uint32_t)
NSL_SETTER_NUMBER(lease_action, LEASE_ACTION, uint8_t)
NSL_SETTER_NUMBER(lease_until, LEASE_UNTIL, uint64_t)
NSL_SETTER_NUMBER(lease_expect, LEASE_EXPECT, uint8_t)
NSL_SETTER_FLAG(lease_keep, LEASE_KEEP)
NSL_SETTER_NUMBER(not_after, NOT_AFTER, uint64_t)
NSL_SETTER_NUMBER(fp_term_new, FP_TERM_NEW, uint64_t)
NSL_SETTER_NUMBER(refresh_ms, REFRESH_MS, uint32_t)
NSL_SETTER_NUMBER(announce_count, ANNOUNCE_COUNT, uint32_t)
NSL_SETTER_NUMBER(announce_ms, ANNOUNCE_MS, uint32_t)
NSL_SETTER_NUMBER(port_kind, PORT_KIND, uint8_t)
NSL_SETTER_NUMBER(ifindex, IFINDEX, uint32_t)
NSL_SETTER_NUMBER(family, FAMILY, uint8_t)
NSL_SETTER_NUMBER(route_flags, ROUTE_FLAGS, uint32_t)
NSL_SETTER_NUMBER(gen, GEN, uint64_t)
NSL_SETTER_NUMBER(gen_expect, GEN_EXPECT, uint64_t)
NSL_SETTER_NUMBER(gen_first, GEN_FIRST, uint64_t)
NSL_SETTER_NUMBER(schema, SCHEMA, uint32_t)
NSL_SETTER_NUMBER(prog_fd, PROG_FD, uint32_t)
NSL_SETTER_NUMBER(routes4, ROUTES4, uint32_t)
NSL_SETTER_NUMBER(routes6, ROUTES6, uint32_t)
NSL_SETTER_NUMBER(bucket_first, BUCKET_FIRST, uint32_t)
NSL_SETTER_NUMBER(bucket_count, BUCKET_COUNT, uint32_t)
NSL_SETTER_NUMBER(confirm_ms, CONFIRM_MS, uint32_t)
NSL_SETTER_NUMBER(mark_kind, MARK_KIND, uint8_t)
NSL_SETTER_NUMBER(cookie, COOKIE, uint64_t)

static inline void nsl_set_vmac(struct nsl_attrs *a, const uint8_t *mac)
{
	nsl_set_bytes(a, NETSLICE_A_VMAC, a->vmac, mac, sizeof(a->vmac));
}

static inline void nsl_set_digest(struct nsl_attrs *a, const uint8_t *digest)
{
	nsl_set_bytes(a, NETSLICE_A_DIGEST, a->digest, digest, sizeof(a->digest));
}

/* @len: 4 or 16 */
static inline void nsl_set_address(struct nsl_attrs *a, const void *address, size_t len)
{
	nsl_set_bytes(a, NETSLICE_A_ADDRESS, a->address, address, len == 4 ? 4 : 16);
	a->address_len = len == 4 ? 4 : 16;
}

/* ---- routes ----------------------------------------------------------- */

/**
 * struct nsl_nexthop - one member of a route
 * @port: the slice's name for the port
 * @via: neighbour's address, network order
 * @via_len: 0 for on-link, 4 or 16
 * @weight: 1..NETSLICE_WEIGHT_MAX
 */
struct nsl_nexthop {
	char port[NETSLICE_NAME_LEN];
	uint8_t via[16];
	uint8_t via_len;
	uint16_t weight;
};

/**
 * struct nsl_route - one route
 * @dst: network order, bits beyond @plen 0
 * @dst_len: 4 or 16
 * @plen: prefix length
 * @type: enum netslice_route_type
 * @has_owner: @owner is there
 * @owner: free for user space
 * @nexthops: number of members, 1..NETSLICE_MAX_NEXTHOPS for unicast, else 0;
 *	a route that is to be deleted, or was, has none
 * @nexthop: the members
 */
struct nsl_route {
	uint8_t dst[16];
	uint8_t dst_len;
	uint8_t plen;
	uint8_t type;
	bool has_owner;
	uint8_t owner;
	unsigned int nexthops;
	struct nsl_nexthop nexthop[NETSLICE_MAX_NEXTHOPS];
};

/*
 * Routes outside of messages: a run of NETSLICE_A_ROUTE attributes, as they
 * cross the wire between daemons. In host byte order, so a node of the other
 * endianness refuses them.
 */
int nsl_route_check(const struct nsl_route *r, struct nsl_err *err);
int nsl_route_put(void *buf, size_t size, size_t *len, const struct nsl_route *r);
int nsl_route_next(const void *attrs, size_t len, size_t *pos, struct nsl_route *r,
		   struct nsl_err *err);
int nsl_routes_validate(const void *attrs, size_t len, unsigned int *count,
			struct nsl_err *err);
int nsl_route_keys_validate(const void *attrs, size_t len, unsigned int *count,
			    struct nsl_err *err);
int nsl_route_parse_dst(struct nsl_route *r, const char *text, struct nsl_err *err);
size_t nsl_route_format_dst(const struct nsl_route *r, char *buf, size_t size);
int nsl_route_cmp(const struct nsl_route *a, const struct nsl_route *b);

/**
 * struct nsl_digest - count and digest of a set of routes, as SEAL compares them
 * @routes4: IPv4 routes
 * @routes6: IPv6 routes
 * @lane: the sum; nsl_digest_pack() makes the 16 bytes of NETSLICE_A_DIGEST
 */
struct nsl_digest {
	uint32_t routes4;
	uint32_t routes6;
	uint64_t lane[2];
};

void nsl_digest_add(struct nsl_digest *d, const struct nsl_route *r);
void nsl_digest_del(struct nsl_digest *d, const struct nsl_route *r);
void nsl_digest_pack(const struct nsl_digest *d, uint8_t out[NETSLICE_DIGEST_LEN]);
unsigned int nsl_digest_bucket(const struct nsl_route *r);

/* ---- requests --------------------------------------------------------- */

#define NSL_MSG_SIZE	65536

/**
 * struct nsl_msg - a request that is being built
 * @nlh: the message, at the start of the caller's buffer
 * @size: of the buffer
 * @routes: ROUTE nests so far
 * @err: the first failure: -EMSGSIZE, or -EINVAL for a string that is too long
 *
 * The buffer must be aligned to 4 bytes. Family id, sequence number and port
 * are filled in when the message is sent. Failures are kept, so the puts need
 * no checks of their own: sending looks at @err.
 */
struct nsl_msg {
	struct nlmsghdr *nlh;
	size_t size;
	unsigned int routes;
	int err;
};

int nsl_msg_begin(struct nsl_msg *m, void *buf, size_t size, uint8_t cmd, bool dump);
int nsl_msg_put(struct nsl_msg *m, const struct nsl_attrs *a);
int nsl_msg_put_entry(struct nsl_msg *m, const struct nsl_attrs *a);
int nsl_msg_put_route(struct nsl_msg *m, const struct nsl_route *r);
int nsl_msg_put_route_attrs(struct nsl_msg *m, const void *attrs, size_t len, size_t *pos);

/* ---- replies ---------------------------------------------------------- */

/**
 * struct nsl_stats - one STATS nest
 * @has_port: the counters are those of @port
 * @has_gen: the counters are those of @gen
 * @has_io: @rx_packets ... @tx_bytes are there
 * @counters: how many of @counter the kernel gave, the rest are 0
 */
struct nsl_stats {
	bool has_port;
	bool has_gen;
	bool has_io;
	char port[NETSLICE_NAME_LEN];
	uint64_t gen;
	unsigned int counters;
	uint64_t counter[__NETSLICE_C_MAX];
	uint64_t rx_packets;
	uint64_t rx_bytes;
	uint64_t tx_packets;
	uint64_t tx_bytes;
};

/**
 * struct nsl_reply - a message from the kernel
 * @cmd: enum netslice_cmd
 * @a: its attributes
 * @attrs: the attributes as they came, for the iterators
 * @len: their length in bytes
 *
 * @attrs and @a.buckets point into the message that was parsed.
 */
struct nsl_reply {
	uint8_t cmd;
	struct nsl_attrs a;
	const void *attrs;
	size_t len;
};

int nsl_parse(const struct nlmsghdr *nlh, struct nsl_reply *r, struct nsl_err *err);

/*
 * Iterators over what may stand many times. *@pos is 0 at first. Return: 1
 * and one more, 0 at the end, a negative errno for what makes no sense.
 */
int nsl_entry_next(const void *attrs, size_t len, size_t *pos, struct nsl_attrs *a,
		   struct nsl_err *err);
int nsl_stats_next(const void *attrs, size_t len, size_t *pos, struct nsl_stats *s,
		   struct nsl_err *err);

int nsl_parse_error(const struct nlmsghdr *nlh, const struct nlmsghdr *request,
		    struct nsl_err *err);

/* ---- names ------------------------------------------------------------ */

enum nsl_names {
	NSL_ROLE,		/* standby ready master draining */
	NSL_LEASE,		/* none drain reclaim */
	NSL_PORT_KIND,		/* lan routed */
	NSL_PORT_STATE,		/* absent down up */
	NSL_GEN_STATE,		/* building sealed active previous */
	NSL_ROUTE_TYPE,		/* unicast blackhole unreachable prohibit punt */
	NSL_FRAME,		/* refresh marker probe */
	NSL_COUNTER,		/* forwarded ... drop-no-route ... */
	NSL_EVENT,		/* slice-new ... */
	NSL_CMD,		/* slice-new ... */
	NSL_ATTR,		/* slice, cp-term ... */
};

const char *nsl_name(enum nsl_names table, unsigned int value);	/* "?" for an unknown one */
int nsl_value(enum nsl_names table, const char *name);			/* -1 for an unknown one */

/* ---- synchronous client ----------------------------------------------- */

struct nsl_client;

/* Return: 0 to go on, or a negative errno that ends the call and becomes its result. */
typedef int (*nsl_reply_fn)(const struct nsl_reply *r, void *ctx);

int nsl_client_open(struct nsl_client **c, const char *netns, struct nsl_err *err);
void nsl_client_close(struct nsl_client *c);
int nsl_client_send(struct nsl_client *c, struct nsl_msg *m, nsl_reply_fn fn, void *ctx,
		    struct nsl_err *err);
int nsl_request(struct nsl_client *c, uint8_t cmd, const struct nsl_attrs *a,
		nsl_reply_fn fn, void *ctx, struct nsl_err *err);
int nsl_get(struct nsl_client *c, uint8_t cmd, const struct nsl_attrs *a,
	    struct nsl_attrs *reply, struct nsl_err *err);
int nsl_dump(struct nsl_client *c, uint8_t cmd, const struct nsl_attrs *a,
	     nsl_reply_fn fn, void *ctx, struct nsl_err *err);

/**
 * struct nsl_batch - routes on their way in full messages
 * @head: attributes that every message carries: SLICE, CP_TERM, GEN ...
 * @sent: routes that the kernel has taken
 */
struct nsl_batch {
	struct nsl_client *client;
	uint8_t cmd;
	struct nsl_attrs head;
	uint64_t sent;
	struct nsl_msg msg;
	void *buf;
};

int nsl_batch_begin(struct nsl_batch *b, struct nsl_client *c, uint8_t cmd,
		    const struct nsl_attrs *head, struct nsl_err *err);
int nsl_batch_add(struct nsl_batch *b, const struct nsl_route *r, struct nsl_err *err);
int nsl_batch_flush(struct nsl_batch *b, struct nsl_err *err);
void nsl_batch_end(struct nsl_batch *b);

/* ---- asynchronous client ---------------------------------------------- */

/*
 * Requests are answered inside sendmsg() by the kernel, and some wait there for
 * a grace period or copy a whole table. So a thread of the library's own does
 * the sending, one request at a time in their order, and the loop of the
 * program waits for one descriptor. All functions but the thread's own run in
 * the thread that opened it; callbacks come from nsl_async_dispatch() alone.
 */
struct nsl_async;

/**
 * typedef nsl_done_fn - the end of a request
 * @code: 0, or the negative errno; -EINTR after a dump that a change
 *	interrupted: what it delivered is not of one moment; -ECANCELED when the
 *	client was closed first
 * @err: why
 * @ctx: as given with the request
 */
typedef void (*nsl_done_fn)(int code, const struct nsl_err *err, void *ctx);

#define NSL_ASYNC_FIRST	(1U << 0)	/* before all that is waiting: roles, leases */

int nsl_async_open(struct nsl_async **a, const char *netns, struct nsl_err *err);
void nsl_async_close(struct nsl_async *a);
int nsl_async_fd(const struct nsl_async *a);	/* readable: call dispatch */
int nsl_async_dispatch(struct nsl_async *a, struct nsl_err *err);
int nsl_async_send(struct nsl_async *a, const struct nsl_msg *m, unsigned int flags,
		   nsl_reply_fn fn, nsl_done_fn done, void *ctx, struct nsl_err *err);
int nsl_async_request(struct nsl_async *a, uint8_t cmd, const struct nsl_attrs *attrs,
		      bool dump, unsigned int flags, nsl_reply_fn fn, nsl_done_fn done,
		      void *ctx, struct nsl_err *err);
size_t nsl_async_pending(const struct nsl_async *a);

/* ---- events ----------------------------------------------------------- */

struct nsl_events;

/**
 * struct nsl_events_ops - who hears of events
 * @event: one event; r->a.event says which
 * @resync: events were lost (the socket overran, or EVENT_SEQ jumped): read
 *	again what you keep
 */
struct nsl_events_ops {
	void (*event)(const struct nsl_reply *r, void *ctx);
	void (*resync)(void *ctx);
};

int nsl_events_open(struct nsl_events **e, const char *netns,
		    const struct nsl_events_ops *ops, void *ctx, struct nsl_err *err);
void nsl_events_close(struct nsl_events *e);
int nsl_events_fd(const struct nsl_events *e);
int nsl_events_dispatch(struct nsl_events *e, struct nsl_err *err);

/* ---- network namespaces ----------------------------------------------- */

int nsl_netns_enter(const char *netns, struct nsl_err *err);

#endif /* NSL_NETSLICE_H */
