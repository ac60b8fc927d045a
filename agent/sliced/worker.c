// SPDX-License-Identifier: GPL-2.0-or-later
#include "worker.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "lib/netslice.h"

static const char *const role_names[] = { "standby", "master" };
static const char *const op_names[] = { "full-begin", "full-end", "add", "del" };

static int word(const char *const *names, size_t count, const char *text)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!strcmp(names[i], text))
			return (int)i;
	}
	return -1;
}

static int need_word(const struct nsl_json *root, const char *member, const char *const *names,
		     size_t count, struct nsl_err *err)
{
	const char *text;
	int value;

	if (nsl_json_need_str(root, member, &text, err) < 0)
		return -EINVAL;
	value = word(names, count, text);
	if (value < 0)
		return nsl_err_set(err, EINVAL, "%s: \"%.40s\" is not known", member, text);
	return value;
}

/* Cut to what is stored: a text is for people, its length is no reason to end a worker. */
static int read_text(const struct nsl_json *root, bool need, char out[WORKER_TEXT_LEN],
		     struct nsl_err *err)
{
	const char *text = "";
	int ret = need ? nsl_json_need_str(root, "text", &text, err)
		       : nsl_json_get_str(root, "text", &text, err);

	if (ret < 0)
		return -EINVAL;
	snprintf(out, WORKER_TEXT_LEN, "%s", text);
	return 0;
}

/* --- a parser for each type --- */

static int parse_schemas(struct worker_msg *msg, struct nsl_err *err)
{
	const struct nsl_json *list, *v;

	if (nsl_json_need_array(msg->root, "schemas", &list, err) < 0)
		return -EINVAL;
	if (!nsl_json_count(list) || nsl_json_count(list) > WORKER_SCHEMAS)
		return nsl_err_set(err, EINVAL, "schemas: must have 1 to %d elements",
				   WORKER_SCHEMAS);
	nsl_json_for_each(v, list) {
		if (nsl_json_u32(v, 1, UINT32_MAX, &msg->schemas[msg->schema_count], err) < 0)
			return -EINVAL;
		msg->schema_count++;
	}
	return 0;
}

static int parse_hello(struct worker_msg *msg, struct nsl_err *err)
{
	uint32_t contract;

	if (nsl_json_need_u32(msg->root, "contract", WORKER_CONTRACT, WORKER_CONTRACT, &contract,
			      err) < 0 ||
	    nsl_json_need_text(msg->root, "name", msg->name, sizeof(msg->name), err) < 0 ||
	    nsl_json_need_text(msg->root, "version", msg->version, sizeof(msg->version), err) < 0)
		return -EINVAL;
	return parse_schemas(msg, err);
}

static int parse_loaded(struct worker_msg *msg, struct nsl_err *err)
{
	return nsl_json_need_u32(msg->root, "schema", 1, UINT32_MAX, &msg->schema, err);
}

static int parse_migrated(struct worker_msg *msg, struct nsl_err *err)
{
	if (parse_loaded(msg, err) < 0)
		return -EINVAL;
	return nsl_json_need_object(msg->root, "config", &msg->config, err);
}

static int parse_became(struct worker_msg *msg, struct nsl_err *err)
{
	int role = need_word(msg->root, "role", role_names, 2, err);

	if (role < 0)
		return role;
	msg->role = (enum worker_role)role;
	return nsl_json_need_u64(msg->root, "cp_term", &msg->cp_term, err);
}

static int parse_routes(struct worker_msg *msg, struct nsl_err *err)
{
	int op = need_word(msg->root, "op", op_names, 4, err);

	if (op < 0)
		return op;
	msg->op = (enum worker_op)op;
	if (msg->op == WORKER_FULL_BEGIN)
		return 0;
	if (msg->op == WORKER_FULL_END)
		return nsl_json_need_u64(msg->root, "count", &msg->count, err);
	if (nsl_json_need_array(msg->root, "routes", &msg->routes, err) < 0)
		return -EINVAL;
	if (nsl_json_count(msg->routes) > WORKER_BATCH_MAX)
		return nsl_err_set(err, E2BIG, "routes: more than %d in one message",
				   WORKER_BATCH_MAX);
	return 0;
}

static int parse_state(struct worker_msg *msg, struct nsl_err *err)
{
	if (nsl_json_need_u64(msg->root, "seq", &msg->seq, err) < 0 ||
	    nsl_json_need_bool(msg->root, "full", &msg->full, err) < 0 ||
	    nsl_json_need_object(msg->root, "data", &msg->data, err) < 0)
		return -EINVAL;
	if (msg->full)
		return 0;
	if (nsl_json_need_u64(msg->root, "since", &msg->since, err) < 0)
		return -EINVAL;
	if (msg->since >= msg->seq)
		return nsl_err_set(err, EINVAL, "since: must be less than seq");
	return 0;
}

static int parse_nothing(struct worker_msg *msg, struct nsl_err *err)
{
	(void)msg;
	(void)err;
	return 0;
}

static int parse_health(struct worker_msg *msg, struct nsl_err *err)
{
	if (nsl_json_need_bool(msg->root, "ok", &msg->ok, err) < 0)
		return -EINVAL;
	return read_text(msg->root, false, msg->text, err);
}

static int parse_error(struct worker_msg *msg, struct nsl_err *err)
{
	return read_text(msg->root, true, msg->text, err);
}

static const struct {
	const char	*name;
	int		(*parse)(struct worker_msg *msg, struct nsl_err *err);
	bool		need_id;
	const char	*allowed[8];
} types[] = {
	[WORKER_HELLO] = { "hello", parse_hello, false,
			   { "type", "contract", "name", "version", "schemas" } },
	[WORKER_LOADED] = { "loaded", parse_loaded, true, { "type", "id", "schema" } },
	[WORKER_MIGRATED] = { "migrated", parse_migrated, true,
			      { "type", "id", "schema", "config" } },
	[WORKER_BECAME] = { "became", parse_became, true, { "type", "id", "role", "cp_term" } },
	[WORKER_ROUTES] = { "routes", parse_routes, false, { "type", "op", "routes", "count" } },
	[WORKER_STATE] = { "state", parse_state, false,
			   { "type", "id", "seq", "full", "since", "data" } },
	[WORKER_RESTORED] = { "restored", parse_nothing, true, { "type", "id" } },
	[WORKER_HEALTH] = { "health", parse_health, true, { "type", "id", "ok", "text" } },
	[WORKER_ERROR] = { "error", parse_error, false, { "type", "id", "text" } },
};

#define TYPES	(sizeof(types) / sizeof(types[0]))

const char *worker_type_name(enum worker_type type)
{
	return types[type].name;
}

const char *worker_role_name(enum worker_role role)
{
	return role_names[role];
}

static int parse_type(struct worker_msg *msg, struct nsl_err *err)
{
	const char *name;
	size_t i;

	if (nsl_json_is(msg->root, NSL_JSON_OBJECT, err) < 0 ||
	    nsl_json_need_str(msg->root, "type", &name, err) < 0)
		return -EINVAL;
	for (i = 0; i < TYPES && strcmp(types[i].name, name); i++)
		;
	if (i == TYPES)
		return nsl_err_set(err, EINVAL, "type: \"%.40s\" is not known", name);
	msg->type = (enum worker_type)i;
	return nsl_json_only(msg->root, types[i].allowed, err);
}

static int parse_id(struct worker_msg *msg, struct nsl_err *err)
{
	int ret = nsl_json_get_u64(msg->root, "id", &msg->id, err);

	if (ret < 0)
		return ret;
	if (ret ? !msg->id : types[msg->type].need_id)
		return nsl_err_set(err, EINVAL, "id: must be that of the request");
	return 0;
}

/**
 * worker_msg_parse - read a line from a worker
 * @msg: filled in; to be freed also when this fails
 * @line: without its newline
 * @len: its length
 * @err: why not
 *
 * Return: 0, or a negative errno: the line breaks the contract.
 */
int worker_msg_parse(struct worker_msg *msg, const char *line, size_t len, struct nsl_err *err)
{
	int ret;

	memset(msg, 0, sizeof(*msg));
	if (len > WORKER_LINE_MAX)
		return nsl_err_set(err, E2BIG, "a line is longer than %d bytes", WORKER_LINE_MAX);
	msg->root = nsl_json_parse(line, len, err);
	if (!msg->root)
		return -EINVAL;
	ret = parse_type(msg, err);
	if (ret < 0)
		return ret;
	ret = parse_id(msg, err);
	if (!ret)
		ret = types[msg->type].parse(msg, err);
	if (ret < 0)
		nsl_err_prefix(err, "%s", types[msg->type].name);
	return ret < 0 ? ret : 0;
}

void worker_msg_free(struct worker_msg *msg)
{
	nsl_json_free(msg->root);
	memset(msg, 0, sizeof(*msg));
}

int worker_route_key(const struct nsl_json *obj, struct nsl_route *r, struct nsl_err *err)
{
	static const char *const allowed[] = { "dst", NULL };
	const char *dst;

	memset(r, 0, sizeof(*r));
	if (nsl_json_is(obj, NSL_JSON_OBJECT, err) < 0 || nsl_json_only(obj, allowed, err) < 0 ||
	    nsl_json_need_str(obj, "dst", &dst, err) < 0)
		return -EINVAL;
	return nsl_route_parse_dst(r, dst, err) < 0 ? -EINVAL : 0;
}

/* --- requests --- */

static char *line_end(struct nsl_jw *w)
{
	char *text, *line;

	nsl_jw_end(w);
	text = nsl_jw_take(w);
	if (!text || asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	return line;
}

static void line_begin(struct nsl_jw *w, const char *type, uint64_t id)
{
	nsl_jw_object(w, NULL);
	nsl_jw_str(w, "type", type);
	nsl_jw_u64s(w, "id", id);
}

char *worker_load_line(uint64_t id, uint32_t schema, const char *definition)
{
	char *line;

	if (asprintf(&line, "{\"type\":\"load\",\"id\":\"%" PRIu64 "\",\"schema\":%" PRIu32
		     ",\"definition\":%s}\n", id, schema, definition) < 0)
		return NULL;
	return line;
}

char *worker_become_line(uint64_t id, enum worker_role role, uint64_t cp_term)
{
	struct nsl_jw w = { 0 };

	line_begin(&w, "become", id);
	nsl_jw_str(&w, "role", role_names[role]);
	nsl_jw_u64s(&w, "cp_term", cp_term);
	return line_end(&w);
}

char *worker_backup_line(uint64_t id, bool full, uint64_t since)
{
	struct nsl_jw w = { 0 };

	line_begin(&w, "backup", id);
	nsl_jw_bool(&w, "full", full);
	if (!full)
		nsl_jw_u64s(&w, "since", since);
	return line_end(&w);
}

char *worker_restore_line(uint64_t id, bool full, uint64_t seq, const char *data)
{
	char *line;

	if (asprintf(&line, "{\"type\":\"restore\",\"id\":\"%" PRIu64 "\",\"full\":%s,"
		     "\"seq\":\"%" PRIu64 "\",\"data\":%s}\n", id, full ? "true" : "false", seq,
		     data) < 0)
		return NULL;
	return line;
}

char *worker_health_line(uint64_t id)
{
	struct nsl_jw w = { 0 };

	line_begin(&w, "health", id);
	return line_end(&w);
}

char *worker_stop_line(void)
{
	return strdup("{\"type\":\"stop\"}\n");
}
