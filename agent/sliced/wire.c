// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <string.h>

#define WIRE_TYPE(_name, _number, _class, _body, _max) \
	{ .name = #_name, .type = _number, .class = _class, .body = _body, .max = _max },
static const struct wire_info wire_infos[] = {
#include "wire_types.h"
};
#undef WIRE_TYPE

/* The header as it travels. */
struct wire_raw {
	uint32_t	length;
	uint16_t	type;
	uint16_t	flags;
	uint64_t	seq;
	uint64_t	tag;
	char		slice[WIRE_SLICE_LEN];
} __attribute__((packed));

_Static_assert(sizeof(struct wire_raw) == WIRE_HEADER_LEN, "the header's length");

/**
 * wire_info - what is known of a type of message
 * @type: its number
 *
 * Return: NULL for one that this version does not know.
 */
const struct wire_info *wire_info(uint16_t type)
{
	size_t i;

	for (i = 0; i < sizeof(wire_infos) / sizeof(wire_infos[0]); i++) {
		if (wire_infos[i].type == type)
			return &wire_infos[i];
	}
	return NULL;
}

/*
 * The names that the kernel takes for a device, less those that would be
 * trouble in a path or a log.
 */
static bool wire_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

bool wire_slice_valid(const char *name)
{
	size_t len = strlen(name);
	size_t i;

	if (!len || len >= WIRE_SLICE_LEN || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (i = 0; i < len; i++) {
		if (!wire_name_char(name[i]))
			return false;
	}
	return true;
}

static const char *wire_flags_wrong(const struct wire_head *head)
{
	uint16_t flags = head->flags;

	if (flags & ~WIRE_F_ALL)
		return "unknown flags";
	if (flags & WIRE_F_REQUEST && flags & WIRE_F_REPLY)
		return "a request that is a reply";
	if (flags & WIRE_F_REFUSED && !(flags & WIRE_F_REPLY))
		return "a refusal that is no reply";
	if (flags & WIRE_F_REPLY && flags & WIRE_F_BULK)
		return "a reply in bulk";
	if (!(flags & (WIRE_F_REQUEST | WIRE_F_REPLY)) != !head->tag)
		return "a tag on what is neither request nor reply, or none on one";
	return NULL;
}

static const char *wire_head_wrong(const struct wire_head *head)
{
	if (head->length > WIRE_FRAME_MAX)
		return "a frame that is too long";
	if (head->flags & WIRE_F_MORE && !head->length)
		return "an empty frame that is not the last of its message";
	if (!head->type)
		return "type 0";
	if (!head->seq)
		return "sequence number 0";
	if (head->slice[0] && !wire_slice_valid(head->slice))
		return "a slice name that is none";
	return wire_flags_wrong(head);
}

/**
 * wire_put_head - write a header
 * @out: where to; untouched on failure
 * @head: what
 * @why: what is wrong with it
 *
 * Return: 0 or -EINVAL.
 */
int wire_put_head(uint8_t out[WIRE_HEADER_LEN], const struct wire_head *head, const char **why)
{
	struct wire_raw raw = {
		.length = htonl(head->length),
		.type = htons(head->type),
		.flags = htons(head->flags),
		.seq = htobe64(head->seq),
		.tag = htobe64(head->tag),
	};

	*why = wire_head_wrong(head);
	if (*why)
		return -EINVAL;
	memcpy(raw.slice, head->slice, strlen(head->slice));
	memcpy(out, &raw, sizeof(raw));
	return 0;
}

/* The name ends with a NUL and nothing follows it. */
static bool wire_padded(const char slice[WIRE_SLICE_LEN])
{
	size_t len = strnlen(slice, WIRE_SLICE_LEN);

	if (len == WIRE_SLICE_LEN)
		return false;
	for (; len < WIRE_SLICE_LEN; len++) {
		if (slice[len])
			return false;
	}
	return true;
}

/**
 * wire_get_head - read a header
 * @in: the bytes
 * @head: where to
 * @why: what is wrong with it
 *
 * Return: 0, or -EPROTO: nothing that follows can be trusted.
 */
int wire_get_head(const uint8_t in[WIRE_HEADER_LEN], struct wire_head *head, const char **why)
{
	struct wire_raw raw;

	memcpy(&raw, in, sizeof(raw));
	head->length = ntohl(raw.length);
	head->type = ntohs(raw.type);
	head->flags = ntohs(raw.flags);
	head->seq = be64toh(raw.seq);
	head->tag = be64toh(raw.tag);
	memcpy(head->slice, raw.slice, WIRE_SLICE_LEN);
	head->slice[WIRE_SLICE_LEN] = '\0';
	*why = wire_padded(raw.slice) ? wire_head_wrong(head) : "a slice name that is none";
	return *why ? -EPROTO : 0;
}
