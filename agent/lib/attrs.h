/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each top-level attribute is, in one table. Internal to the library. */
#ifndef NSL_ATTRS_H
#define NSL_ATTRS_H

#include "attr.h"
#include "netslice.h"

enum nsl_kind {
	NSL_KIND_NONE,
	NSL_KIND_U8,
	NSL_KIND_U32,
	NSL_KIND_U64,
	NSL_KIND_TEXT,
	NSL_KIND_FLAG,
	NSL_KIND_BYTES,
	NSL_KIND_ADDRESS,
	NSL_KIND_BUCKETS,
	NSL_KIND_NEST,
};

/**
 * struct nsl_attr_spec - one top-level attribute
 * @name: for people, as in the specification
 * @kind: how it is encoded
 * @offset: of its field in struct nsl_attrs
 * @size: of the field; of a number or text also its largest payload
 */
struct nsl_attr_spec {
	const char *name;
	enum nsl_kind kind;
	size_t offset;
	size_t size;
};

const struct nsl_attr_spec *nsl_attr_spec(unsigned int attr);
int nsl_attrs_put(struct nlmsghdr *nlh, size_t size, const struct nsl_attrs *a);
int nsl_attrs_parse(struct nsl_attrs *a, const void *attrs, size_t len, struct nsl_err *err);

#endif /* NSL_ATTRS_H */
