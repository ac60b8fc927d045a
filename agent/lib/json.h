/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON from outside: configuration files, requests on the socket, the peer,
 * workers. One strict reader (over cJSON, which is lax and known to json.c
 * alone), and getters whose errors name the path of the offending member, as
 * in `plan.slices[2].release: must be a string`.
 *
 * What is refused: anything after the value, duplicate members, NUL bytes and
 * \u0000, control characters in strings, invalid UTF-8, numbers that are not
 * finite or not written as JSON has them, too deep, too long. Names are
 * compared exactly.
 *
 * 64-bit values travel as decimal strings; the getters for them also take a
 * number where it is a whole one that a double holds exactly.
 */
#ifndef NSL_JSON_H
#define NSL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define NSL_JSON_DEPTH	32
#define NSL_JSON_SIZE	(16U << 20)

enum nsl_json_type {
	NSL_JSON_NULL,
	NSL_JSON_BOOL,
	NSL_JSON_NUMBER,
	NSL_JSON_STRING,
	NSL_JSON_ARRAY,
	NSL_JSON_OBJECT,
};

struct nsl_json;	/* one value; the root owns all beneath it */

struct nsl_json *nsl_json_parse(const char *text, size_t len, struct nsl_err *err);
struct nsl_json *nsl_json_read(const char *path, struct nsl_err *err);
void nsl_json_free(struct nsl_json *root);

enum nsl_json_type nsl_json_type(const struct nsl_json *v);
const char *nsl_json_name(const struct nsl_json *v);	/* NULL for no member */
size_t nsl_json_count(const struct nsl_json *v);	/* elements or members */
const struct nsl_json *nsl_json_first(const struct nsl_json *v);
const struct nsl_json *nsl_json_next(const struct nsl_json *v);
const struct nsl_json *nsl_json_member(const struct nsl_json *obj, const char *name);
size_t nsl_json_path(const struct nsl_json *v, char *buf, size_t size);

#define nsl_json_for_each(v, parent) \
	for ((v) = nsl_json_first(parent); (v); (v) = nsl_json_next(v))

/* The value itself. Return: 0, or -EINVAL with the path in @err. */
int nsl_json_is(const struct nsl_json *v, enum nsl_json_type type, struct nsl_err *err);
int nsl_json_str(const struct nsl_json *v, const char **out, struct nsl_err *err);
int nsl_json_u64(const struct nsl_json *v, uint64_t *out, struct nsl_err *err);
int nsl_json_u32(const struct nsl_json *v, uint32_t min, uint32_t max, uint32_t *out,
		 struct nsl_err *err);
int nsl_json_bool(const struct nsl_json *v, bool *out, struct nsl_err *err);
int nsl_json_double(const struct nsl_json *v, double *out, struct nsl_err *err);

/*
 * A member that may be absent. Return: 1 when it was there and @out is set, 0
 * when it is absent and @out untouched, -EINVAL when it is of the wrong kind.
 * nsl_json_get_text() copies, and refuses what does not fit @size with its NUL.
 */
int nsl_json_get_str(const struct nsl_json *obj, const char *name, const char **out,
		     struct nsl_err *err);
int nsl_json_get_text(const struct nsl_json *obj, const char *name, char *out, size_t size,
		      struct nsl_err *err);
int nsl_json_get_u64(const struct nsl_json *obj, const char *name, uint64_t *out,
		     struct nsl_err *err);
int nsl_json_get_u32(const struct nsl_json *obj, const char *name, uint32_t min, uint32_t max,
		     uint32_t *out, struct nsl_err *err);
int nsl_json_get_bool(const struct nsl_json *obj, const char *name, bool *out,
		      struct nsl_err *err);
int nsl_json_get_object(const struct nsl_json *obj, const char *name,
			const struct nsl_json **out, struct nsl_err *err);
int nsl_json_get_array(const struct nsl_json *obj, const char *name,
		       const struct nsl_json **out, struct nsl_err *err);

/* A member that must be there. Return: 1, or -EINVAL. */
int nsl_json_need_str(const struct nsl_json *obj, const char *name, const char **out,
		      struct nsl_err *err);
int nsl_json_need_text(const struct nsl_json *obj, const char *name, char *out, size_t size,
		       struct nsl_err *err);
int nsl_json_need_u64(const struct nsl_json *obj, const char *name, uint64_t *out,
		      struct nsl_err *err);
int nsl_json_need_u32(const struct nsl_json *obj, const char *name, uint32_t min, uint32_t max,
		      uint32_t *out, struct nsl_err *err);
int nsl_json_need_bool(const struct nsl_json *obj, const char *name, bool *out,
		       struct nsl_err *err);
int nsl_json_need_object(const struct nsl_json *obj, const char *name,
			 const struct nsl_json **out, struct nsl_err *err);
int nsl_json_need_array(const struct nsl_json *obj, const char *name,
			const struct nsl_json **out, struct nsl_err *err);

int nsl_json_only(const struct nsl_json *obj, const char *const *names, struct nsl_err *err);

#endif /* NSL_JSON_H */
