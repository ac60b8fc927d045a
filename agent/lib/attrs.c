// SPDX-License-Identifier: GPL-2.0-or-later
#include "attrs.h"

#include <libmnl/libmnl.h>

#define SPEC(ATTR, text, how, field)						\
	[NETSLICE_A_##ATTR] = { text, NSL_KIND_##how, offsetof(struct nsl_attrs, field),	\
				sizeof(((struct nsl_attrs *)0)->field) }
#define BARE(ATTR, text, how) [NETSLICE_A_##ATTR] = { text, NSL_KIND_##how, 0, 0 }

static const struct nsl_attr_spec specs[__NETSLICE_A_MAX] = {
	BARE(PAD, "pad", NONE),
	SPEC(SLICE, "slice", TEXT, slice),
	SPEC(SLICE_IFINDEX, "slice-ifindex", U32, slice_ifindex),
	SPEC(VRF_IFINDEX, "vrf-ifindex", U32, vrf_ifindex),
	SPEC(OWNER, "owner", TEXT, owner),
	SPEC(NEW_OWNER, "new-owner", TEXT, new_owner),
	BARE(FORCE, "force", FLAG),
	SPEC(CP_TERM, "cp-term", U64, cp_term),
	SPEC(CP_TERM_EXPECT, "cp-term-expect", U64, cp_term_expect),
	SPEC(FP_TERM, "fp-term", U64, fp_term),
	SPEC(FP_TERM_EXPECT, "fp-term-expect", U64, fp_term_expect),
	SPEC(ROLE, "role", U8, role),
	SPEC(ROLE_EXPECT, "role-expect", U8, role_expect),
	BARE(ANSWER, "answer", FLAG),
	SPEC(LEASE_MS, "lease-ms", U32, lease_ms),
	SPEC(LEASE_ACTION, "lease-action", U8, lease_action),
	SPEC(LEASE_UNTIL, "lease-until", U64, lease_until),
	SPEC(LEASE_EXPECT, "lease-expect", U8, lease_expect),
	BARE(LEASE_KEEP, "lease-keep", FLAG),
	SPEC(NOT_AFTER, "not-after", U64, not_after),
	SPEC(FP_TERM_NEW, "fp-term-new", U64, fp_term_new),
	SPEC(REFRESH_MS, "refresh-ms", U32, refresh_ms),
	SPEC(ANNOUNCE_COUNT, "announce-count", U32, announce_count),
	SPEC(ANNOUNCE_MS, "announce-ms", U32, announce_ms),
	SPEC(SEQ, "seq", U64, seq),
	SPEC(PORT, "port", TEXT, port),
	SPEC(PORT_KIND, "port-kind", U8, port_kind),
	SPEC(IFINDEX, "ifindex", U32, ifindex),
	SPEC(VMAC, "vmac", BYTES, vmac),
	BARE(BYPASS_NETFILTER, "bypass-netfilter", FLAG),
	SPEC(PORT_STATE, "port-state", U8, port_state),
	SPEC(MARKER_COOKIE, "marker-cookie", U64, marker_cookie),
	SPEC(MARKER_COUNT, "marker-count", U32, marker_count),
	SPEC(MARKER_TOTAL, "marker-total", U32, marker_total),
	SPEC(PROBE_COOKIE, "probe-cookie", U64, probe_cookie),
	SPEC(PEER_FP_TERM, "peer-fp-term", U64, peer_fp_term),
	SPEC(PEER_SEEN_MS, "peer-seen-ms", U64, peer_seen_ms),
	SPEC(VMAC_RX, "vmac-rx", U64, vmac_rx),
	SPEC(ADDRESS, "address", ADDRESS, address),
	SPEC(FAMILY, "family", U8, family),
	SPEC(ROUTE, "route", NEST, routes),
	SPEC(ROUTE_FLAGS, "route-flags", U32, route_flags),
	SPEC(GEN, "gen", U64, gen),
	SPEC(GEN_EXPECT, "gen-expect", U64, gen_expect),
	SPEC(GEN_FIRST, "gen-first", U64, gen_first),
	SPEC(GEN_STATE, "gen-state", U8, gen_state),
	BARE(GEN_COPY, "gen-copy", FLAG),
	SPEC(RELEASE, "release", TEXT, release),
	SPEC(SCHEMA, "schema", U32, schema),
	SPEC(PROG_FD, "prog-fd", U32, prog_fd),
	SPEC(PROG_ID, "prog-id", U32, prog_id),
	SPEC(ROUTES4, "routes4", U32, routes4),
	SPEC(ROUTES6, "routes6", U32, routes6),
	SPEC(DIGEST, "digest", BYTES, digest),
	SPEC(BUCKET_FIRST, "bucket-first", U32, bucket_first),
	SPEC(BUCKET_COUNT, "bucket-count", U32, bucket_count),
	SPEC(BUCKETS, "buckets", BUCKETS, buckets),
	SPEC(CONFIRM_MS, "confirm-ms", U32, confirm_ms),
	SPEC(LACKS, "lacks", U64, lacks),
	SPEC(ENTRY, "entry", NEST, entries),
	SPEC(MARK_KIND, "mark-kind", U8, mark_kind),
	SPEC(COOKIE, "cookie", U64, cookie),
	SPEC(STATS, "stats", NEST, stats),
	SPEC(EVENT, "event", U8, event),
	SPEC(EVENT_SEQ, "event-seq", U64, event_seq),
};

_Static_assert(__NETSLICE_A_MAX <= NSL_WORDS * 64, "presence bits");

const struct nsl_attr_spec *nsl_attr_spec(unsigned int attr)
{
	return attr < __NETSLICE_A_MAX && specs[attr].name ? &specs[attr] : NULL;
}

/**
 * nsl_set_text - setter of a string
 * @a: attributes
 * @attr: which
 * @field: its field
 * @size: of the field
 * @value: the string; one that does not fit is remembered, and encoding refuses it
 */
void nsl_set_text(struct nsl_attrs *a, unsigned int attr, char *field, size_t size,
		  const char *value)
{
	size_t len = strlen(value);

	nsl_mark_attr(a, attr);
	if (len >= size) {
		a->too_long = true;
		len = size - 1;
	}
	memset(field, 0, size);
	memcpy(field, value, len);
}

void nsl_set_bytes(struct nsl_attrs *a, unsigned int attr, void *field, const void *value,
		   size_t len)
{
	memcpy(field, value, len);
	nsl_mark_attr(a, attr);
}

/**
 * nsl_set_number - set a number or flag by its attribute
 * @a: attributes
 * @attr: which
 * @value: the number; of a flag any
 *
 * Return: 0, or -EINVAL for an attribute that is no number, or too large a value.
 */
int nsl_set_number(struct nsl_attrs *a, unsigned int attr, uint64_t value)
{
	const struct nsl_attr_spec *spec = nsl_attr_spec(attr);
	void *field;

	if (!spec)
		return -EINVAL;
	field = (char *)a + spec->offset;
	if (spec->kind == NSL_KIND_U8 && value <= UINT8_MAX)
		*(uint8_t *)field = (uint8_t)value;
	else if (spec->kind == NSL_KIND_U32 && value <= UINT32_MAX)
		*(uint32_t *)field = (uint32_t)value;
	else if (spec->kind == NSL_KIND_U64)
		*(uint64_t *)field = value;
	else if (spec->kind != NSL_KIND_FLAG)
		return -EINVAL;
	nsl_mark_attr(a, attr);
	return 0;
}

/**
 * nsl_set_string - set a string by its attribute
 * @a: attributes
 * @attr: which
 * @value: the string
 *
 * Return: 0, or -EINVAL for an attribute that is no string, or too long a value.
 */
int nsl_set_string(struct nsl_attrs *a, unsigned int attr, const char *value)
{
	const struct nsl_attr_spec *spec = nsl_attr_spec(attr);

	if (!spec || spec->kind != NSL_KIND_TEXT || strlen(value) >= spec->size)
		return -EINVAL;
	nsl_set_text(a, attr, (char *)a + spec->offset, spec->size, value);
	return 0;
}

/**
 * nsl_get_number - a number or flag by its attribute
 * @a: attributes
 * @attr: which
 *
 * Return: the number, 1 for a flag that is there, 0 for what is not there.
 */
uint64_t nsl_get_number(const struct nsl_attrs *a, unsigned int attr)
{
	const struct nsl_attr_spec *spec = nsl_attr_spec(attr);
	const void *field;

	if (!spec || !nsl_has_attr(a, attr))
		return 0;
	field = (const char *)a + spec->offset;
	switch (spec->kind) {
	case NSL_KIND_U8:
		return *(const uint8_t *)field;
	case NSL_KIND_U32:
		return *(const uint32_t *)field;
	case NSL_KIND_U64:
		return *(const uint64_t *)field;
	default:
		return spec->kind == NSL_KIND_FLAG;
	}
}

/**
 * nsl_get_string - a string by its attribute
 * @a: attributes
 * @attr: which
 *
 * Return: the string, "" for what is not there.
 */
const char *nsl_get_string(const struct nsl_attrs *a, unsigned int attr)
{
	const struct nsl_attr_spec *spec = nsl_attr_spec(attr);

	if (!spec || spec->kind != NSL_KIND_TEXT || !nsl_has_attr(a, attr))
		return "";
	return (const char *)a + spec->offset;
}

static bool attrs_put_one(struct nlmsghdr *nlh, size_t size, unsigned int attr,
			  const struct nsl_attrs *a)
{
	const struct nsl_attr_spec *spec = &specs[attr];
	const void *field = (const char *)a + spec->offset;

	switch (spec->kind) {
	case NSL_KIND_TEXT:
		return mnl_attr_put_check(nlh, size, attr, strlen(field) + 1, field);
	case NSL_KIND_FLAG:
		return mnl_attr_put_check(nlh, size, attr, 0, NULL);
	case NSL_KIND_ADDRESS:
		return mnl_attr_put_check(nlh, size, attr, a->address_len, field);
	case NSL_KIND_BUCKETS:
		return mnl_attr_put_check(nlh, size, attr, a->buckets_len, a->buckets);
	case NSL_KIND_U8:
	case NSL_KIND_U32:
	case NSL_KIND_U64:
	case NSL_KIND_BYTES:
		return mnl_attr_put_check(nlh, size, attr, spec->size, field);
	case NSL_KIND_NONE:
	case NSL_KIND_NEST:
		break;
	}
	return true;
}

/**
 * nsl_attrs_put - append attributes to a message, or to a nest that is open
 * @nlh: the message
 * @size: of its buffer
 * @a: the attributes; nests are not written
 *
 * Return: 0, -EMSGSIZE or -EINVAL for a string that is too long.
 */
int nsl_attrs_put(struct nlmsghdr *nlh, size_t size, const struct nsl_attrs *a)
{
	unsigned int attr;

	if (a->too_long)
		return -EINVAL;
	for (attr = 0; attr < __NETSLICE_A_MAX; attr++)
		if (nsl_has_attr(a, attr) && !attrs_put_one(nlh, size, attr, a))
			return -EMSGSIZE;
	return 0;
}

static int attrs_parse_one(struct nsl_attrs *a, const struct nsl_attr *from)
{
	const struct nsl_attr_spec *spec = &specs[from->type];
	void *field = (char *)a + spec->offset;

	switch (spec->kind) {
	case NSL_KIND_TEXT:
		return nsl_attr_text(from, field, spec->size);
	case NSL_KIND_FLAG:
		return from->len ? -EBADMSG : 0;
	case NSL_KIND_ADDRESS:
		if (from->len != 4 && from->len != 16)
			return -EBADMSG;
		a->address_len = (uint8_t)from->len;
		memcpy(field, from->data, from->len);
		return 0;
	case NSL_KIND_BUCKETS:
		a->buckets = from->data;
		a->buckets_len = from->len;
		return from->len % NETSLICE_DIGEST_LEN ? -EBADMSG : 0;
	case NSL_KIND_NEST:
		++*(unsigned int *)field;
		return 0;
	case NSL_KIND_U8:
	case NSL_KIND_U32:
	case NSL_KIND_U64:
	case NSL_KIND_BYTES:
		return nsl_attr_number(from, field, spec->size);
	case NSL_KIND_NONE:
		break;
	}
	return 0;
}

/**
 * nsl_attrs_parse - read attributes
 * @a: where to
 * @attrs: the attributes
 * @len: their length
 * @err: names the one that makes no sense
 *
 * Attributes that this library does not know are skipped: a newer kernel may
 * send them. One that stands twice counts as the last of them said.
 *
 * Return: 0 or -EBADMSG.
 */
int nsl_attrs_parse(struct nsl_attrs *a, const void *attrs, size_t len, struct nsl_err *err)
{
	struct nsl_attr from;
	size_t pos = 0;
	int ret;

	memset(a, 0, sizeof(*a));
	while ((ret = nsl_attr_next(attrs, len, &pos, &from)) > 0) {
		if (from.type >= __NETSLICE_A_MAX || !specs[from.type].name)
			continue;
		if (attrs_parse_one(a, &from))
			return nsl_err_set(err, EBADMSG, "attribute %s of %zu bytes makes no sense",
					   specs[from.type].name, from.len);
		nsl_mark_attr(a, from.type);
	}
	if (ret < 0)
		return nsl_err_set(err, EBADMSG, "attributes are truncated");
	return 0;
}
