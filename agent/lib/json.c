// SPDX-License-Identifier: GPL-2.0-or-later
#include "json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jsonscan.h"

/* The largest number up to which a double holds every whole one. */
#define EXACT_MAX	9007199254740991.0	/* 2^53 - 1 */

struct nsl_json {
	enum nsl_json_type type;
	bool flag;
	double number;
	char *text;
	char *name;
	size_t index;
	size_t count;
	struct nsl_json *up;
	struct nsl_json *first;
	struct nsl_json *last;
	struct nsl_json *next;
};

/**
 * nsl_json_free - free a value that nsl_json_parse() returned
 * @root: it, or NULL
 */
void nsl_json_free(struct nsl_json *root)
{
	struct nsl_json *v, *next;

	if (!root)
		return;
	for (v = root->first; v; v = next) {
		next = v->next;
		nsl_json_free(v);
	}
	free(root->text);
	free(root->name);
	free(root);
}

static void json_append(struct nsl_json *up, struct nsl_json *v)
{
	v->up = up;
	v->index = up->count++;
	if (up->last)
		up->last->next = v;
	else
		up->first = v;
	up->last = v;
}

static int json_refuse(const struct nsl_json *v, struct nsl_err *err, const char *why)
{
	char path[160];

	nsl_json_path(v, path, sizeof(path));
	return nsl_err_set(err, EINVAL, "%s: %s", path, why);
}

static int by_name(const void *a, const void *b)
{
	const struct nsl_json *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int json_duplicates(const struct nsl_json *obj, struct nsl_err *err)
{
	const struct nsl_json **all, *v;
	size_t n = 0, i;
	int ret = 0;

	if (obj->count < 2)
		return 0;
	all = calloc(obj->count, sizeof(*all));
	if (!all)
		return nsl_err_set(err, ENOMEM, "out of memory");
	nsl_json_for_each(v, obj)
		all[n++] = v;
	qsort(all, n, sizeof(*all), by_name);
	for (i = 1; i < n && !ret; i++)
		if (!strcmp(all[i - 1]->name, all[i]->name))
			ret = json_refuse(all[i], err, "stands twice");
	free(all);
	return ret;
}

static int json_fill(struct nsl_json *v, const cJSON *from, struct nsl_err *err);

static int json_children(struct nsl_json *v, const cJSON *from, struct nsl_err *err)
{
	const cJSON *c;

	for (c = from->child; c; c = c->next) {
		struct nsl_json *child = calloc(1, sizeof(*child));
		int ret;

		if (!child)
			return nsl_err_set(err, ENOMEM, "out of memory");
		json_append(v, child);
		if (v->type == NSL_JSON_OBJECT) {
			child->name = strdup(c->string);
			if (!child->name)
				return nsl_err_set(err, ENOMEM, "out of memory");
		}
		ret = json_fill(child, c, err);
		if (ret)
			return ret;
	}
	return v->type == NSL_JSON_OBJECT ? json_duplicates(v, err) : 0;
}

static int json_fill(struct nsl_json *v, const cJSON *from, struct nsl_err *err)
{
	if (cJSON_IsObject(from) || cJSON_IsArray(from)) {
		v->type = cJSON_IsObject(from) ? NSL_JSON_OBJECT : NSL_JSON_ARRAY;
		return json_children(v, from, err);
	}
	if (cJSON_IsString(from)) {
		v->type = NSL_JSON_STRING;
		v->text = strdup(from->valuestring);
		return v->text ? 0 : nsl_err_set(err, ENOMEM, "out of memory");
	}
	if (cJSON_IsNumber(from)) {
		v->type = NSL_JSON_NUMBER;
		v->number = from->valuedouble;
		return isfinite(v->number) ? 0 : json_refuse(v, err, "number out of range");
	}
	v->type = cJSON_IsBool(from) ? NSL_JSON_BOOL : NSL_JSON_NULL;
	v->flag = cJSON_IsTrue(from);
	return 0;
}

static int json_convert(struct nsl_json **out, const char *text, size_t len, struct nsl_err *err)
{
	const char *end = NULL;
	cJSON *tree;
	int ret;

	tree = cJSON_ParseWithLengthOpts(text, len, &end, 0);
	if (!tree)
		return nsl_err_set(err, EINVAL, "not JSON, at byte %zu",
				   end ? (size_t)(end - text) + 1 : 1);
	while (end < text + len && strchr(" \t\r\n", *end))
		end++;
	if (end < text + len) {
		ret = nsl_err_set(err, EINVAL, "text after the end of the value, at byte %zu",
				  (size_t)(end - text) + 1);
		goto out_tree;
	}
	*out = calloc(1, sizeof(**out));
	ret = *out ? json_fill(*out, tree, err) : nsl_err_set(err, ENOMEM, "out of memory");
out_tree:
	cJSON_Delete(tree);
	return ret;
}

/**
 * nsl_json_parse - read one JSON value that is the whole of a text
 * @text: the text, need not end in NUL
 * @len: its length, at most NSL_JSON_SIZE
 * @err: what is wrong with it, and where
 *
 * Return: the value, to be freed with nsl_json_free(), or NULL.
 */
struct nsl_json *nsl_json_parse(const char *text, size_t len, struct nsl_err *err)
{
	struct nsl_json *root = NULL;

	if (len > NSL_JSON_SIZE) {
		nsl_err_set(err, EMSGSIZE, "longer than %u bytes", NSL_JSON_SIZE);
		return NULL;
	}
	if (nsl_json_scan(text, len, NSL_JSON_DEPTH, err) ||
	    json_convert(&root, text, len, err)) {
		nsl_json_free(root);
		return NULL;
	}
	return root;
}

static char *json_slurp(int fd, size_t *len, struct nsl_err *err)
{
	char *text = malloc(NSL_JSON_SIZE + 1), *less;
	ssize_t n = 1;

	*len = 0;
	if (!text) {
		nsl_err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	while (n > 0 && *len <= NSL_JSON_SIZE) {
		n = read(fd, text + *len, NSL_JSON_SIZE + 1 - *len);
		if (n < 0) {
			nsl_err_set(err, errno, "%s", strerror(errno));
			free(text);
			return NULL;
		}
		*len += (size_t)n;
	}
	less = realloc(text, *len + 1);
	return less ? less : text;
}

/**
 * nsl_json_read - read a file that holds one JSON value
 * @path: the file; "-" is standard input
 * @err: what is wrong, with the file's name
 *
 * Return: the value, to be freed with nsl_json_free(), or NULL.
 */
struct nsl_json *nsl_json_read(const char *path, struct nsl_err *err)
{
	struct nsl_json *root = NULL;
	bool in = !strcmp(path, "-");
	int fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	size_t len;
	char *text;

	if (fd < 0) {
		nsl_err_set(err, errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	text = json_slurp(fd, &len, err);
	if (text)
		root = nsl_json_parse(text, len, err);
	if (!root)
		nsl_err_prefix(err, "%s", path);
	free(text);
	if (!in)
		close(fd);
	return root;
}

enum nsl_json_type nsl_json_type(const struct nsl_json *v)
{
	return v->type;
}

const char *nsl_json_name(const struct nsl_json *v)
{
	return v->name;
}

size_t nsl_json_count(const struct nsl_json *v)
{
	return v->count;
}

const struct nsl_json *nsl_json_first(const struct nsl_json *v)
{
	return v->first;
}

const struct nsl_json *nsl_json_next(const struct nsl_json *v)
{
	return v->next;
}

/**
 * nsl_json_member - look a member up by its exact name
 * @obj: a value; one that is no object has no members
 * @name: the name
 *
 * Return: the member's value or NULL.
 */
const struct nsl_json *nsl_json_member(const struct nsl_json *obj, const char *name)
{
	const struct nsl_json *v;

	if (obj->type != NSL_JSON_OBJECT)
		return NULL;
	nsl_json_for_each(v, obj)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

/**
 * nsl_json_path - where a value stands: "plan.slices[2].release"
 * @v: the value
 * @buf: where to, always terminated; a path too long for it loses its tail
 * @size: of @buf
 *
 * Return: length of what is in @buf.
 */
size_t nsl_json_path(const struct nsl_json *v, char *buf, size_t size)
{
	size_t used = 0;
	int n;

	if (!size)
		return 0;
	buf[0] = '\0';
	if (!v->up) {
		snprintf(buf, size, "(top level)");
		return strlen(buf);
	}
	if (v->up->up)
		used = nsl_json_path(v->up, buf, size);
	if (v->name)
		n = snprintf(buf + used, size - used, "%s%.64s", used ? "." : "", v->name);
	else
		n = snprintf(buf + used, size - used, "[%zu]", v->index);
	used += n > 0 ? (size_t)n : 0;
	return used < size ? used : size - 1;
}

int nsl_json_is(const struct nsl_json *v, enum nsl_json_type type, struct nsl_err *err)
{
	static const char *const must[] = {
		[NSL_JSON_NULL] = "must be null",
		[NSL_JSON_BOOL] = "must be true or false",
		[NSL_JSON_NUMBER] = "must be a number",
		[NSL_JSON_STRING] = "must be a string",
		[NSL_JSON_ARRAY] = "must be an array",
		[NSL_JSON_OBJECT] = "must be an object",
	};

	return v->type == type ? 0 : json_refuse(v, err, must[type]);
}

int nsl_json_str(const struct nsl_json *v, const char **out, struct nsl_err *err)
{
	int ret = nsl_json_is(v, NSL_JSON_STRING, err);

	if (!ret)
		*out = v->text;
	return ret;
}

static bool decimal_u64(const char *s, uint64_t *out)
{
	uint64_t value = 0;

	if (!*s || (s[0] == '0' && s[1]))
		return false;
	for (; *s; s++) {
		unsigned int digit = (unsigned int)(*s - '0');

		if (*s < '0' || *s > '9' || value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

int nsl_json_u64(const struct nsl_json *v, uint64_t *out, struct nsl_err *err)
{
	uint64_t value = 0;

	if (v->type == NSL_JSON_STRING && decimal_u64(v->text, &value)) {
		*out = value;
		return 0;
	}
	if (v->type == NSL_JSON_NUMBER && v->number >= 0 && v->number <= EXACT_MAX &&
	    v->number == (double)(uint64_t)v->number) {
		*out = (uint64_t)v->number;
		return 0;
	}
	return json_refuse(v, err, "must be a whole number from 0, written in decimal");
}

int nsl_json_u32(const struct nsl_json *v, uint32_t min, uint32_t max, uint32_t *out,
		 struct nsl_err *err)
{
	char why[80];
	uint64_t value = 0;

	if (nsl_json_u64(v, &value, NULL) || value < min || value > max) {
		snprintf(why, sizeof(why), "must be a whole number from %u to %u", min, max);
		return json_refuse(v, err, why);
	}
	*out = (uint32_t)value;
	return 0;
}

int nsl_json_bool(const struct nsl_json *v, bool *out, struct nsl_err *err)
{
	int ret = nsl_json_is(v, NSL_JSON_BOOL, err);

	if (!ret)
		*out = v->flag;
	return ret;
}

int nsl_json_double(const struct nsl_json *v, double *out, struct nsl_err *err)
{
	int ret = nsl_json_is(v, NSL_JSON_NUMBER, err);

	if (!ret)
		*out = v->number;
	return ret;
}

/* The path of a member that is not there. */
static int json_absent(const struct nsl_json *obj, const char *name, struct nsl_err *err)
{
	char path[160];

	if (!obj->up)
		return nsl_err_set(err, EINVAL, "%s: is missing", name);
	nsl_json_path(obj, path, sizeof(path));
	return nsl_err_set(err, EINVAL, "%s.%s: is missing", path, name);
}

/* A getter that may find nothing, and one for which that is a fault. */
#define JSON_MEMBER(kind, params, args)						\
int nsl_json_get_##kind params							\
{										\
	const struct nsl_json *v = nsl_json_member(obj, name);			\
	int ret;								\
										\
	if (!v)									\
		return 0;							\
	ret = json_member_##kind args;						\
	return ret ? ret : 1;							\
}										\
										\
int nsl_json_need_##kind params							\
{										\
	const struct nsl_json *v = nsl_json_member(obj, name);			\
	int ret;								\
										\
	if (!v)									\
		return json_absent(obj, name, err);				\
	ret = json_member_##kind args;						\
	return ret ? ret : 1;							\
}

#define json_member_str		nsl_json_str
#define json_member_u64		nsl_json_u64
#define json_member_u32		nsl_json_u32
#define json_member_bool	nsl_json_bool

static int json_member_text(const struct nsl_json *v, char *out, size_t size,
			    struct nsl_err *err)
{
	char why[64];
	int ret = nsl_json_is(v, NSL_JSON_STRING, err);

	if (ret)
		return ret;
	if (strlen(v->text) >= size) {
		snprintf(why, sizeof(why), "must not be longer than %zu bytes", size - 1);
		return json_refuse(v, err, why);
	}
	memcpy(out, v->text, strlen(v->text) + 1);
	return 0;
}

static int json_member_object(const struct nsl_json *v, const struct nsl_json **out,
			      struct nsl_err *err)
{
	int ret = nsl_json_is(v, NSL_JSON_OBJECT, err);

	if (!ret)
		*out = v;
	return ret;
}

static int json_member_array(const struct nsl_json *v, const struct nsl_json **out,
			     struct nsl_err *err)
{
	int ret = nsl_json_is(v, NSL_JSON_ARRAY, err);

	if (!ret)
		*out = v;
	return ret;
}

JSON_MEMBER(str, (const struct nsl_json *obj, const char *name, const char **out,
		  struct nsl_err *err), (v, out, err))
JSON_MEMBER(text, (const struct nsl_json *obj, const char *name, char *out, size_t size,
		   struct nsl_err *err), (v, out, size, err))
JSON_MEMBER(u64, (const struct nsl_json *obj, const char *name, uint64_t *out,
		  struct nsl_err *err), (v, out, err))
JSON_MEMBER(u32, (const struct nsl_json *obj, const char *name, uint32_t min, uint32_t max,
		  uint32_t *out, struct nsl_err *err), (v, min, max, out, err))
JSON_MEMBER(bool, (const struct nsl_json *obj, const char *name, bool *out,
		   struct nsl_err *err), (v, out, err))
JSON_MEMBER(object, (const struct nsl_json *obj, const char *name,
		     const struct nsl_json **out, struct nsl_err *err), (v, out, err))
JSON_MEMBER(array, (const struct nsl_json *obj, const char *name,
		    const struct nsl_json **out, struct nsl_err *err), (v, out, err))

/**
 * nsl_json_only - refuse members that nobody asked for
 * @obj: an object
 * @names: the names that may stand in it, then NULL
 * @err: names the first other one
 *
 * Return: 0 or -EINVAL.
 */
int nsl_json_only(const struct nsl_json *obj, const char *const *names, struct nsl_err *err)
{
	const struct nsl_json *v;
	const char *const *name;

	nsl_json_for_each(v, obj) {
		for (name = names; *name && strcmp(*name, v->name); name++)
			;
		if (!*name)
			return json_refuse(v, err, "unknown member");
	}
	return 0;
}
