/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames between two sliced: the codec. Pure: bytes in, structures out.
 *
 * A frame is a header of WIRE_HEADER_LEN bytes, network order, and a body:
 *
 *	u32 length	of the body, at most WIRE_FRAME_MAX
 *	u16 type	enum wire_type
 *	u16 flags	WIRE_F_*
 *	u64 seq		counts the frames of a direction of a connection, from 1
 *	u64 tag		of a request: the asker's number for it; of a reply: that
 *			number again; else 0
 *	u8 slice[16]	name, padded with NUL; all NUL: about the node
 *
 * A message is one frame, or several with WIRE_F_MORE on all but the last;
 * the frames of a message have type, slice, tag and other flags in common.
 * Frames of one BULK message may have others between them, of other slices or
 * of CONTROL; those of a CONTROL message follow one another.
 */
#ifndef SLICED_WIRE_H
#define SLICED_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_VERSION		1
#define WIRE_HEADER_LEN		40
#define WIRE_FRAME_MAX		32768	/* body; what control may have to wait for */
#define WIRE_SLICE_LEN		16

#define WIRE_F_MUST		0x0001	/* refuse the connection's request if the type is unknown */
#define WIRE_F_REQUEST		0x0002	/* expects a reply */
#define WIRE_F_REPLY		0x0004	/* always CONTROL, always JSON */
#define WIRE_F_REFUSED		0x0008	/* with REPLY: body is {"code", "text"} */
#define WIRE_F_MORE		0x0010	/* the message goes on in the next frame of its kind */
#define WIRE_F_BULK		0x0020	/* class BULK: uses credit, also when the type is unknown */
#define WIRE_F_ALL		0x003f

#define WIRE_REPLY_MAX		(256U * 1024)

/* The types, by name: wire_types.h is the one list of them. */
#define WIRE_TYPE(name, number, class, body, max)	WIRE_##name = number,
enum wire_type {
#include "wire_types.h"
};
#undef WIRE_TYPE

enum wire_class {
	WIRE_CONTROL,	/* first out, in order, never waits for credit */
	WIRE_BULK,	/* in order within a slice; slices in turn; waits for credit */
};

enum wire_body {
	WIRE_EMPTY,
	WIRE_JSON,	/* an object */
	WIRE_NETLINK,	/* attributes of the family netslice */
	WIRE_BYTES,
};

struct wire_info {
	const char	*name;
	uint16_t	type;
	enum wire_class	class;
	enum wire_body	body;
	uint32_t	max;	/* longest message, all its frames together */
};

/* NULL: unknown. */
const struct wire_info *wire_info(uint16_t type);

struct wire_head {
	uint32_t	length;
	uint16_t	type;
	uint16_t	flags;
	uint64_t	seq;
	uint64_t	tag;
	char		slice[WIRE_SLICE_LEN + 1];	/* terminated here */
};

/* A name that a slice may have: 1..15 of A-Z a-z 0-9 - _ . and not "." or "..". */
bool wire_slice_valid(const char *name);

/* 0, or -EINVAL with *@why: such a head must never leave. */
int wire_put_head(uint8_t out[WIRE_HEADER_LEN], const struct wire_head *head, const char **why);
/* 0, or -EPROTO with *@why: the connection is to be closed. */
int wire_get_head(const uint8_t in[WIRE_HEADER_LEN], struct wire_head *head, const char **why);

#endif
