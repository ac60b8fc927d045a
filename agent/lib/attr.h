/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading netlink attributes that may come from anywhere: nothing is assumed
 * of alignment, length or order. Internal to the library.
 */
#ifndef NSL_ATTR_H
#define NSL_ATTR_H

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * struct nsl_attr - one attribute
 * @type: without the flags
 * @data: payload, not aligned
 * @len: of the payload
 */
struct nsl_attr {
	uint16_t type;
	const uint8_t *data;
	size_t len;
};

/* Return: 1 and the attribute at @pos, 0 at the end, -EBADMSG for garbage. */
static inline int nsl_attr_next(const void *attrs, size_t len, size_t *pos,
				struct nsl_attr *out)
{
	struct nlattr head;
	size_t step;

	if (*pos >= len)
		return 0;
	if (len - *pos < sizeof(head))
		return -EBADMSG;
	memcpy(&head, (const uint8_t *)attrs + *pos, sizeof(head));
	if (head.nla_len < sizeof(head) || head.nla_len > len - *pos)
		return -EBADMSG;
	out->type = head.nla_type & NLA_TYPE_MASK;
	out->data = (const uint8_t *)attrs + *pos + sizeof(head);
	out->len = head.nla_len - sizeof(head);
	step = NLA_ALIGN(head.nla_len);
	*pos = step > len - *pos ? len : *pos + step;
	return 1;
}

/* Copy a number of exactly @size bytes. */
static inline int nsl_attr_number(const struct nsl_attr *a, void *out, size_t size)
{
	if (a->len != size)
		return -EBADMSG;
	memcpy(out, a->data, size);
	return 0;
}

/* Copy a string that ends in its only NUL and fits @size with it. */
static inline int nsl_attr_text(const struct nsl_attr *a, char *out, size_t size)
{
	if (!a->len || a->len > size || memchr(a->data, 0, a->len) != a->data + a->len - 1)
		return -EBADMSG;
	memcpy(out, a->data, a->len);
	return 0;
}

#endif /* NSL_ATTR_H */
