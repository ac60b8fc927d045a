// SPDX-License-Identifier: GPL-2.0-or-later
#include "definition.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "lib/netslice.h"

static int fail_at(const struct nsl_json *v, struct nsl_err *err, int code, const char *why)
{
	char path[128];

	nsl_json_path(v, path, sizeof(path));
	return nsl_err_set(err, code, "%s: %s", path, why);
}

int definition_name_check(const char *name, struct nsl_err *err)
{
	const char *p;

	if (!*name || strlen(name) >= NETSLICE_NAME_LEN)
		return nsl_err_set(err, EINVAL, "name \"%s\": must have 1 to %d characters", name,
				   NETSLICE_NAME_LEN - 1);
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return nsl_err_set(err, EINVAL, "name \"%s\": cannot be a device's name", name);
	for (p = name; *p; p++)
		if (*p == '/' || *p == ':' || *p == '%' || isspace((unsigned char)*p) ||
		    !isprint((unsigned char)*p))
			return nsl_err_set(err, EINVAL,
					   "name \"%s\": no space, '/', ':' or '%%' may be in it",
					   name);
	return 0;
}

/* A name in @obj, checked. Return: 1 there, 0 absent, or an error. */
static int read_name(const struct nsl_json *obj, const char *member, char name[NETSLICE_NAME_LEN],
		     struct nsl_err *err)
{
	struct nsl_err why;
	int ret;

	ret = nsl_json_get_text(obj, member, name, NETSLICE_NAME_LEN, err);
	if (ret <= 0)
		return ret;
	if (definition_name_check(name, &why) < 0)
		return fail_at(nsl_json_member(obj, member), err, EINVAL, why.text);
	return 1;
}

static int need_name(const struct nsl_json *obj, const char *member, char name[NETSLICE_NAME_LEN],
		     struct nsl_err *err)
{
	int ret = read_name(obj, member, name, err);

	if (!ret)
		return nsl_json_need_text(obj, member, name, NETSLICE_NAME_LEN, err);
	return ret;
}

static int read_port(const struct nsl_json *obj, struct definition *def, struct nsl_err *err)
{
	static const char *const allowed[] = { "name", "kind", NULL };
	struct definition_port *port = &def->ports[def->port_count];
	const char *kind = "lan";
	int value;

	if (nsl_json_is(obj, NSL_JSON_OBJECT, err) < 0 || nsl_json_only(obj, allowed, err) < 0 ||
	    need_name(obj, "name", port->name, err) < 0 ||
	    nsl_json_get_str(obj, "kind", &kind, err) < 0)
		return -EINVAL;
	value = nsl_value(NSL_PORT_KIND, kind);
	if (value < 0)
		return fail_at(nsl_json_member(obj, "kind"), err, EINVAL,
			       "must be \"lan\" or \"routed\"");
	if (definition_port(def, port->name))
		return fail_at(obj, err, EEXIST, "another port has that name");
	port->kind = (uint8_t)value;
	def->port_count++;
	return 0;
}

static int read_ports(const struct nsl_json *root, struct definition *def, struct nsl_err *err)
{
	const struct nsl_json *list, *v;

	if (nsl_json_need_array(root, "ports", &list, err) < 0)
		return -EINVAL;
	if (nsl_json_count(list) > NETSLICE_MAX_PORTS)
		return fail_at(list, err, E2BIG, "has too many ports");
	def->ports = calloc(nsl_json_count(list) + 1, sizeof(*def->ports));
	if (!def->ports)
		return nsl_err_set(err, ENOMEM, "out of memory");
	nsl_json_for_each(v, list)
		if (read_port(v, def, err) < 0)
			return -EINVAL;
	return 0;
}

static int read_address(const struct nsl_json *obj, struct definition_gateway *gw,
			struct nsl_err *err)
{
	const char *text;

	if (nsl_json_need_str(obj, "address", &text, err) < 0)
		return -EINVAL;
	if (inet_pton(AF_INET, text, gw->address) == 1)
		gw->address_len = 4;
	else if (inet_pton(AF_INET6, text, gw->address) == 1)
		gw->address_len = 16;
	else
		return fail_at(nsl_json_member(obj, "address"), err, EINVAL,
			       "must be an IP address without a prefix length");
	return 0;
}

static int read_gateway(const struct nsl_json *obj, struct definition *def, struct nsl_err *err)
{
	static const char *const allowed[] = { "port", "address", NULL };
	struct definition_gateway *gw = &def->gateways[def->gateway_count];
	const struct definition_port *port;
	unsigned int on_port = 0;
	size_t i;

	if (nsl_json_is(obj, NSL_JSON_OBJECT, err) < 0 || nsl_json_only(obj, allowed, err) < 0 ||
	    need_name(obj, "port", gw->port, err) < 0 || read_address(obj, gw, err) < 0)
		return -EINVAL;
	port = definition_port(def, gw->port);
	if (!port)
		return fail_at(nsl_json_member(obj, "port"), err, ENOENT,
			       "the definition has no port of that name");
	if (port->kind != NETSLICE_PORT_LAN)
		return fail_at(nsl_json_member(obj, "port"), err, EINVAL,
			       "only a lan port has virtual addresses");
	for (i = 0; i < def->gateway_count; i++) {
		on_port += !strcmp(def->gateways[i].port, gw->port);
		if (!strcmp(def->gateways[i].port, gw->port) &&
		    def->gateways[i].address_len == gw->address_len &&
		    !memcmp(def->gateways[i].address, gw->address, gw->address_len))
			return fail_at(obj, err, EEXIST, "stands there twice");
	}
	if (on_port >= NETSLICE_MAX_GATEWAYS)
		return fail_at(obj, err, E2BIG, "too many virtual addresses on one port");
	def->gateway_count++;
	return 0;
}

static int read_gateways(const struct nsl_json *root, struct definition *def, struct nsl_err *err)
{
	const struct nsl_json *list = NULL, *v;

	if (nsl_json_get_array(root, "gateways", &list, err) < 0)
		return -EINVAL;
	if (!list)
		return 0;
	if (nsl_json_count(list) > NETSLICE_MAX_PORTS * NETSLICE_MAX_GATEWAYS)
		return fail_at(list, err, E2BIG, "has too many virtual addresses");
	def->gateways = calloc(nsl_json_count(list) + 1, sizeof(*def->gateways));
	if (!def->gateways)
		return nsl_err_set(err, ENOMEM, "out of memory");
	nsl_json_for_each(v, list)
		if (read_gateway(v, def, err) < 0)
			return -EINVAL;
	return 0;
}

static char *take_text(struct nsl_jw *w, struct nsl_err *err)
{
	char *text = nsl_jw_take(w);

	if (!text) {
		nsl_err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	if (strlen(text) <= DEFINITION_MAX)
		return text;
	free(text);
	nsl_err_set(err, E2BIG, "the definition is longer than %d bytes", DEFINITION_MAX);
	return NULL;
}

static int read_root(const struct nsl_json *root, struct definition *def, struct nsl_err *err)
{
	static const char *const allowed[] = {
		"name", "vrf", "ports", "gateways", "schema", "config", NULL
	};
	const struct nsl_json *config;
	struct nsl_jw w = { 0 };

	if (nsl_json_is(root, NSL_JSON_OBJECT, err) < 0 || nsl_json_only(root, allowed, err) < 0 ||
	    need_name(root, "name", def->name, err) < 0 ||
	    read_name(root, "vrf", def->vrf, err) < 0 || read_ports(root, def, err) < 0 ||
	    read_gateways(root, def, err) < 0 ||
	    nsl_json_need_u32(root, "schema", 1, UINT32_MAX, &def->schema, err) < 0 ||
	    nsl_json_need_object(root, "config", &config, err) < 0)
		return -EINVAL;
	nsl_jw_json(&w, NULL, root);
	def->text = take_text(&w, err);
	return def->text ? 0 : -EINVAL;
}

struct definition *definition_from_json(const struct nsl_json *root, struct nsl_err *err)
{
	struct definition *def = calloc(1, sizeof(*def));

	if (!def) {
		nsl_err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	if (read_root(root, def, err) == 0)
		return def;
	definition_free(def);
	return NULL;
}

struct definition *definition_parse(const char *text, size_t len, struct nsl_err *err)
{
	struct nsl_json *root = nsl_json_parse(text, len, err);
	struct definition *def;

	if (!root)
		return NULL;
	def = definition_from_json(root, err);
	nsl_json_free(root);
	return def;
}

void definition_free(struct definition *def)
{
	if (!def)
		return;
	free(def->ports);
	free(def->gateways);
	free(def->text);
	free(def);
}

const struct definition_port *definition_port(const struct definition *def, const char *name)
{
	size_t i;

	for (i = 0; i < def->port_count; i++)
		if (!strcmp(def->ports[i].name, name))
			return &def->ports[i];
	return NULL;
}

struct definition *definition_migrated(const struct definition *def, uint32_t schema,
				       const struct nsl_json *config, struct nsl_err *err)
{
	struct nsl_json *old = nsl_json_parse(def->text, strlen(def->text), err);
	struct definition *migrated = NULL;
	const struct nsl_json *v;
	struct nsl_jw w = { 0 };
	char *text;

	if (!old)
		return NULL;
	nsl_jw_object(&w, NULL);
	nsl_json_for_each(v, old)
		if (strcmp(nsl_json_name(v), "schema") && strcmp(nsl_json_name(v), "config"))
			nsl_jw_json(&w, nsl_json_name(v), v);
	nsl_jw_u64(&w, "schema", schema);
	nsl_jw_json(&w, "config", config);
	nsl_jw_end(&w);
	text = take_text(&w, err);
	if (text)
		migrated = definition_parse(text, strlen(text), err);
	free(text);
	nsl_json_free(old);
	return migrated;
}
