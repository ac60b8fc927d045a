// SPDX-License-Identifier: GPL-2.0-or-later
#include "manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"

static int fail_at(const struct nsl_json *v, struct nsl_err *err, const char *why)
{
	char path[128];

	nsl_json_path(v, path, sizeof(path));
	return nsl_err_set(err, EINVAL, "%s: %s", path, why);
}

/* --- words --- */

bool manifest_hash_valid(const char *text)
{
	return strlen(text) == MANIFEST_HASH_LEN &&
	       strspn(text, "0123456789abcdef") == MANIFEST_HASH_LEN;
}

static bool word_valid(const char *text, const char *more)
{
	const char *p;

	if (!(*text >= '0' && *text <= '9') && !(*text >= 'a' && *text <= 'z'))
		return false;
	for (p = text; *p; p++) {
		if (!(*p >= '0' && *p <= '9') && !(*p >= 'a' && *p <= 'z') && !strchr(more, *p))
			return false;
	}
	return true;
}

/* No '-' in a version: NAME-VERSION has one reading. */
static int read_word(const struct nsl_json *root, const char *member, const char *more, char *out,
		     size_t size, struct nsl_err *err)
{
	if (nsl_json_need_text(root, member, out, size, err) < 0)
		return -EINVAL;
	if (!word_valid(out, more))
		return nsl_err_set(err, EINVAL, "%s: \"%s\" must begin with a lower-case letter or "
				   "a digit, and have beside these only \"%s\"", member, out, more);
	return 0;
}

static bool part_valid(const char *part, size_t len)
{
	size_t i;

	if (!len || part[0] == '.')
		return false;
	for (i = 0; i < len; i++) {
		if ((unsigned char)part[i] <= ' ' || (unsigned char)part[i] >= 127 ||
		    part[i] == '\\')
			return false;
	}
	return true;
}

/**
 * manifest_path_check - may a bundle hold a file of this path?
 * @path: relative to the bundle
 * @err: why not
 *
 * Return: 0 or -EINVAL.
 */
int manifest_path_check(const char *path, struct nsl_err *err)
{
	const char *p = path;
	size_t len;

	if (strlen(path) >= MANIFEST_PATH_LEN)
		return nsl_err_set(err, EINVAL, "a path is longer than %d characters",
				   MANIFEST_PATH_LEN - 1);
	if (!strcmp(path, MANIFEST_FILE))
		return nsl_err_set(err, EINVAL, "%s: cannot hold its own hash", path);
	do {
		len = strcspn(p, "/");
		if (!part_valid(p, len))
			return nsl_err_set(err, EINVAL, "path \"%s\": must be relative, without "
					   "blanks, and no part of it may be empty or begin with "
					   "a dot", path);
		p += len;
	} while (*p++ == '/');
	return 0;
}

/* --- members --- */

static int read_schemas(const struct nsl_json *root, struct manifest *m, struct nsl_err *err)
{
	const struct nsl_json *list, *v;
	uint32_t last = 0;

	if (nsl_json_need_array(root, "schemas", &list, err) < 0)
		return -EINVAL;
	if (!nsl_json_count(list) || nsl_json_count(list) > MANIFEST_SCHEMAS)
		return fail_at(list, err, "must have 1 to 16 elements");
	nsl_json_for_each(v, list) {
		if (nsl_json_u32(v, 1, UINT32_MAX, &m->schemas[m->schema_count], err) < 0)
			return -EINVAL;
		if (m->schemas[m->schema_count] <= last)
			return fail_at(v, err, "must be greater than the one before");
		last = m->schemas[m->schema_count++];
	}
	return 0;
}

static int file_cmp(const void *a, const void *b)
{
	const struct manifest_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int read_file(const struct nsl_json *v, struct manifest *m, struct nsl_err *err)
{
	struct manifest_file *file = &m->files[m->file_count];
	const char *hash;

	if (manifest_path_check(nsl_json_name(v), err) < 0)
		return nsl_err_prefix(err, "files");
	if (nsl_json_str(v, &hash, err) < 0)
		return -EINVAL;
	if (!manifest_hash_valid(hash))
		return fail_at(v, err, "must be a SHA-256 of 64 digits in lower case");
	strcpy(file->path, nsl_json_name(v));
	strcpy(file->hash, hash);
	m->file_count++;
	return 0;
}

/* "a" and "a/b": a file cannot be a folder too. */
static int check_folders(const struct manifest *m, struct nsl_err *err)
{
	char path[MANIFEST_PATH_LEN];
	size_t i;
	char *end;

	for (i = 0; i < m->file_count; i++) {
		strcpy(path, m->files[i].path);
		while ((end = strrchr(path, '/'))) {
			*end = '\0';
			if (manifest_file(m, path) || !strcmp(path, MANIFEST_FILE))
				return nsl_err_set(err, EINVAL, "files: \"%s\" is a file and "
						   "a folder", path);
		}
	}
	return 0;
}

static int read_files(const struct nsl_json *root, struct manifest *m, struct nsl_err *err)
{
	const struct nsl_json *list, *v;

	if (nsl_json_need_object(root, "files", &list, err) < 0)
		return -EINVAL;
	if (nsl_json_count(list) > MANIFEST_FILES)
		return fail_at(list, err, "has too many files");
	m->files = calloc(nsl_json_count(list) + 1, sizeof(*m->files));
	if (!m->files)
		return nsl_err_set(err, ENOMEM, "out of memory");
	nsl_json_for_each(v, list) {
		if (read_file(v, m, err) < 0)
			return -EINVAL;
	}
	qsort(m->files, m->file_count, sizeof(*m->files), file_cmp);
	return check_folders(m, err);
}

/* 1 there, 0 absent, or an error. */
static int read_member_file(const struct nsl_json *root, const char *member,
			    const struct manifest *m, const struct manifest_file **file,
			    struct nsl_err *err)
{
	const char *path;
	int ret = nsl_json_get_str(root, member, &path, err);

	if (ret <= 0)
		return ret;
	*file = manifest_file(m, path);
	if (!*file)
		return nsl_err_set(err, EINVAL, "%s: \"%s\" is not among the files", member, path);
	return 1;
}

static int read_programs(const struct nsl_json *root, struct manifest *m, struct nsl_err *err)
{
	int ret = read_member_file(root, "worker", m, &m->worker, err);

	if (!ret)
		return nsl_err_set(err, EINVAL, "worker: missing");
	if (ret > 0)
		ret = read_member_file(root, "program", m, &m->program, err);
	if (ret >= 0 && m->program == m->worker)
		return nsl_err_set(err, EINVAL, "program: is the worker's file");
	return ret < 0 ? ret : 0;
}

/* A signature that nobody verifies would only look like safety. */
static int check_reserved(const struct nsl_json *root, struct nsl_err *err)
{
	uint32_t format = 1;

	if (nsl_json_member(root, "signature"))
		return nsl_err_set(err, EINVAL, "signature: this version verifies no signatures");
	return nsl_json_get_u32(root, "format", 1, 1, &format, err) < 0 ? -EINVAL : 0;
}

static int read_members(const struct nsl_json *root, struct manifest *m, struct nsl_err *err)
{
	static const char *const allowed[] = {
		"format", "name", "version", "schemas", "worker", "program", "changes_routes",
		"files", NULL
	};

	if (nsl_json_is(root, NSL_JSON_OBJECT, err) < 0 || check_reserved(root, err) ||
	    nsl_json_only(root, allowed, err) < 0 ||
	    read_word(root, "name", "-_", m->name, sizeof(m->name), err) ||
	    read_word(root, "version", "._+~", m->version, sizeof(m->version), err) ||
	    read_schemas(root, m, err) || read_files(root, m, err) ||
	    read_programs(root, m, err) ||
	    nsl_json_get_bool(root, "changes_routes", &m->changes_routes, err) < 0)
		return -EINVAL;
	return 0;
}

/* --- the canonical form --- */

static int write_text(struct manifest *m, struct nsl_err *err)
{
	struct nsl_jw w = { 0 };
	size_t i;

	nsl_jw_object(&w, NULL);
	nsl_jw_u64(&w, "format", 1);
	nsl_jw_str(&w, "name", m->name);
	nsl_jw_str(&w, "version", m->version);
	nsl_jw_array(&w, "schemas");
	for (i = 0; i < m->schema_count; i++)
		nsl_jw_u64(&w, NULL, m->schemas[i]);
	nsl_jw_end(&w);
	nsl_jw_str(&w, "worker", m->worker->path);
	if (m->program)
		nsl_jw_str(&w, "program", m->program->path);
	nsl_jw_bool(&w, "changes_routes", m->changes_routes);
	nsl_jw_object(&w, "files");
	for (i = 0; i < m->file_count; i++)
		nsl_jw_str(&w, m->files[i].path, m->files[i].hash);
	nsl_jw_end(&w);
	nsl_jw_end(&w);
	m->text = nsl_jw_take(&w);
	return m->text ? 0 : nsl_err_set(err, ENOMEM, "out of memory");
}

/**
 * manifest_from_json - read a manifest
 * @root: its object
 * @err: why not
 *
 * Return: the manifest, to be freed with manifest_free(), or NULL.
 */
struct manifest *manifest_from_json(const struct nsl_json *root, struct nsl_err *err)
{
	struct manifest *m = calloc(1, sizeof(*m));

	if (!m) {
		nsl_err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	if (read_members(root, m, err) || write_text(m, err)) {
		manifest_free(m);
		return NULL;
	}
	return m;
}

struct manifest *manifest_parse(const char *text, size_t len, struct nsl_err *err)
{
	struct manifest *m = NULL;
	struct nsl_json *root;

	if (len > MANIFEST_MAX) {
		nsl_err_set(err, E2BIG, "longer than %d bytes", MANIFEST_MAX);
		return NULL;
	}
	root = nsl_json_parse(text, len, err);
	if (root)
		m = manifest_from_json(root, err);
	nsl_json_free(root);
	return m;
}

void manifest_free(struct manifest *m)
{
	if (!m)
		return;
	free(m->files);
	free(m->text);
	free(m);
}

const struct manifest_file *manifest_file(const struct manifest *m, const char *path)
{
	struct manifest_file key;

	if (strlen(path) >= sizeof(key.path))
		return NULL;
	strcpy(key.path, path);
	return bsearch(&key, m->files, m->file_count, sizeof(key), file_cmp);
}

bool manifest_reads(const struct manifest *m, uint32_t schema)
{
	size_t i;

	for (i = 0; i < m->schema_count; i++) {
		if (m->schemas[i] == schema)
			return true;
	}
	return false;
}

uint32_t manifest_schema(const struct manifest *m)
{
	return m->schemas[m->schema_count - 1];
}
