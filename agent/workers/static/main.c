// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The worker "static" speaks the worker contract (Documentation/releases.md): a
 * line comes, is handled, is answered. A definition is taken as a whole or not
 * at all: what is wrong in a new one leaves the routes as they are.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "line.h"
#include "state.h"
#include "static.h"

#define TICK_MS	1000

static struct routes routes;
static bool loaded;

/* --- answers --- */

static void answer_begin(struct nsl_jw *w, const char *type, uint64_t id)
{
	nsl_jw_object(w, NULL);
	nsl_jw_str(w, "type", type);
	nsl_jw_u64s(w, "id", id);
}

static void answer_end(struct nsl_jw *w)
{
	nsl_jw_end(w);
	line_write(w);
}

static void answer_error(uint64_t id, const struct nsl_err *err)
{
	struct nsl_jw w = { 0 };

	answer_begin(&w, "error", id);
	nsl_jw_str(&w, "text", err->text);
	answer_end(&w);
}

static void say_hello(void)
{
	const struct static_schema *const *s;
	struct nsl_jw w = { 0 };

	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "type", "hello");
	nsl_jw_u64(&w, "contract", 1);
	nsl_jw_str(&w, "name", "static");
	nsl_jw_str(&w, "version", static_version.version);
	nsl_jw_array(&w, "schemas");
	for (s = static_version.schemas; *s; s++)
		nsl_jw_u64(&w, NULL, (*s)->number);
	nsl_jw_end(&w);
	answer_end(&w);
}

/* --- load --- */

static const struct static_schema *const *find_schema(const struct nsl_json *def,
						      struct nsl_err *err)
{
	const struct static_schema *const *s;
	uint32_t number;

	if (nsl_json_need_u32(def, "schema", 1, UINT32_MAX, &number, err) < 0)
		return NULL;
	for (s = static_version.schemas; *s && (*s)->number != number; s++)
		;
	if (!*s)
		nsl_err_set(err, 0, "schema %u is not read by version %s", number,
			    static_version.version);
	return *s ? s : NULL;
}

static bool has_port(const struct nsl_json *ports, const char *name)
{
	const struct nsl_json *v;
	const char *port;

	nsl_json_for_each(v, ports) {
		if (nsl_json_get_str(v, "name", &port, NULL) > 0 && !strcmp(port, name))
			return true;
	}
	return false;
}

/* A route out of a port that the slice lacks would be refused by the kernel. */
static int check_ports(const struct nsl_json *def, const struct routes *rs, struct nsl_err *err)
{
	const struct nsl_json *ports;
	char dst[64];
	unsigned int n;
	size_t i;

	if (nsl_json_need_array(def, "ports", &ports, err) < 0)
		return -1;
	for (i = 0; i < rs->count; i++) {
		for (n = 0; n < rs->route[i].nexthops; n++) {
			if (has_port(ports, rs->route[i].nexthop[n].port))
				continue;
			nsl_route_format_dst(&rs->route[i], dst, sizeof(dst));
			return nsl_err_set(err, 0, "route %s: the slice has no port %s", dst,
					   rs->route[i].nexthop[n].port);
		}
	}
	return 0;
}

static int read_routes(const struct nsl_json *def, const struct static_schema *schema,
		       const struct nsl_json *config, struct routes *rs, struct nsl_err *err)
{
	if (schema->read(config, rs, err) < 0)
		return nsl_err_prefix(err, "config");
	if (check_ports(def, rs, err) < 0 || routes_sort(rs, err) < 0)
		return -1;
	return 0;
}

/* One step; the object "config" of the result, whose root is *@root. */
static const struct nsl_json *migrate(const struct static_schema *schema,
				      const struct nsl_json *config, struct nsl_json **root,
				      struct nsl_err *err)
{
	const struct nsl_json *result = NULL;
	struct nsl_jw w = { 0 };
	char *text;

	nsl_jw_object(&w, NULL);
	if (schema->migrate(config, &w, err) < 0) {
		nsl_jw_reset(&w);
		return NULL;
	}
	nsl_jw_end(&w);
	text = nsl_jw_take(&w);
	*root = text ? nsl_json_parse(text, strlen(text), err) : NULL;
	free(text);
	if (*root)
		nsl_json_need_object(*root, "config", &result, err);
	return result;
}

static void answer_loaded(uint64_t id, const struct static_schema *schema,
			  const struct nsl_json *migrated)
{
	struct nsl_jw w = { 0 };

	answer_begin(&w, migrated ? "migrated" : "loaded", id);
	nsl_jw_u64(&w, "schema", schema->number);
	if (migrated)
		nsl_jw_json(&w, "config", migrated);
	answer_end(&w);
}

static void take_routes(struct routes *rs)
{
	if (loaded)
		routes_say_changes(&routes, rs);
	else
		routes_say_all(rs);
	loaded = true;
	routes_free(&routes);
	routes = *rs;
	memset(rs, 0, sizeof(*rs));
}

static void note_loaded(const struct nsl_json *config)
{
	struct nsl_jw w = { 0 };
	char *text;

	nsl_jw_json(&w, NULL, config);
	text = nsl_jw_take(&w);
	state_loaded(text ? text : "", routes.count);
	free(text);
	state_say();
}

/* Migrated step by step to the newest, and read there. */
static int load_config(const struct nsl_json *def, uint64_t id, struct nsl_err *err)
{
	const struct static_schema *const *s = find_schema(def, err);
	struct nsl_json *root = NULL, *last = NULL;
	const struct nsl_json *config;
	struct routes rs = { 0 };
	int ret;

	if (!s || nsl_json_need_object(def, "config", &config, err) < 0)
		return -1;
	for (; config && s[1]; s++) {
		root = NULL;
		config = migrate(*s, config, &root, err);
		nsl_json_free(last);
		last = root;
	}
	ret = config ? read_routes(def, *s, config, &rs, err) : -1;
	if (!ret) {
		answer_loaded(id, *s, last ? config : NULL);
		take_routes(&rs);
		note_loaded(config);
	}
	routes_free(&rs);
	nsl_json_free(last);
	return ret;
}

/* --- messages --- */

static int on_load(const struct nsl_json *msg, uint64_t id, struct nsl_err *err)
{
	const struct nsl_json *def;

	if (nsl_json_need_object(msg, "definition", &def, err) < 0)
		return -1;
	return load_config(def, id, err);
}

static int on_become(const struct nsl_json *msg, uint64_t id, struct nsl_err *err)
{
	struct nsl_jw w = { 0 };
	const char *role;
	uint64_t term;

	if (nsl_json_need_str(msg, "role", &role, err) < 0 ||
	    nsl_json_need_u64(msg, "cp_term", &term, err) < 0)
		return -1;
	if (strcmp(role, "master") && strcmp(role, "standby"))
		return nsl_err_set(err, 0, "role: \"%s\" is not known", role);
	state_became(!strcmp(role, "master"));
	answer_begin(&w, "became", id);
	nsl_jw_str(&w, "role", role);
	nsl_jw_u64s(&w, "cp_term", term);
	answer_end(&w);
	state_say();
	return 0;
}

static int on_backup(const struct nsl_json *msg, uint64_t id, struct nsl_err *err)
{
	(void)msg;
	(void)err;
	state_tick(true);
	state_say_full(id);	/* it is small: a part of it would be no less */
	return 0;
}

static int on_restore(const struct nsl_json *msg, uint64_t id, struct nsl_err *err)
{
	const struct nsl_json *data;
	struct nsl_jw w = { 0 };
	uint64_t seq;
	bool full;

	if (nsl_json_need_object(msg, "data", &data, err) < 0 ||
	    nsl_json_need_bool(msg, "full", &full, err) < 0 ||
	    nsl_json_need_u64(msg, "seq", &seq, err) < 0 ||
	    state_restore(data, full, seq, err) < 0)
		return -1;
	answer_begin(&w, "restored", id);
	answer_end(&w);
	return 0;
}

static int on_health(const struct nsl_json *msg, uint64_t id, struct nsl_err *err)
{
	struct nsl_jw w = { 0 };

	(void)msg;
	(void)err;
	answer_begin(&w, "health", id);
	nsl_jw_bool(&w, "ok", loaded && !static_version.sick);
	if (static_version.sick)
		nsl_jw_str(&w, "text", static_version.sick);
	else
		nsl_jw_fmt(&w, "text", "%zu routes", routes.count);
	answer_end(&w);
	return 0;
}

static int on_stop(const struct nsl_json *msg, uint64_t id, struct nsl_err *err)
{
	(void)msg;
	(void)id;
	(void)err;
	exit(0);
}

static const struct {
	const char	*type;
	int		(*run)(const struct nsl_json *msg, uint64_t id, struct nsl_err *err);
} messages[] = {
	{ "load", on_load }, { "become", on_become }, { "backup", on_backup },
	{ "restore", on_restore }, { "health", on_health }, { "stop", on_stop },
};

static int handle(const struct nsl_json *msg, uint64_t *id, struct nsl_err *err)
{
	const char *type;
	size_t i;

	if (nsl_json_is(msg, NSL_JSON_OBJECT, err) < 0 ||
	    nsl_json_get_u64(msg, "id", id, err) < 0 ||
	    nsl_json_need_str(msg, "type", &type, err) < 0)
		return -1;
	for (i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		if (!strcmp(messages[i].type, type))
			return messages[i].run(msg, *id, err);
	}
	return nsl_err_set(err, 0, "type: \"%s\" is not known", type);
}

/* sliced's own words are right: what is not is told, and the worker goes on. */
static void take_line(const char *line, size_t len)
{
	struct nsl_err err = { .text = "failed" };
	struct nsl_json *msg = nsl_json_parse(line, len, &err);
	uint64_t id = 0;

	if (!msg || handle(msg, &id, &err) < 0) {
		if (id)
			answer_error(id, &err);
		else
			fprintf(stderr, "%s\n", err.text);
	}
	nsl_json_free(msg);
}

int main(void)
{
	int timeout;
	char *line;
	size_t len;

	say_hello();
	for (;;) {
		line = line_read(TICK_MS, &timeout, &len);
		if (!line && !timeout)
			return 0;
		if (line)
			take_line(line, len);
		state_tick(false);
		state_say();
	}
}
