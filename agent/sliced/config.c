// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * {
 *   "node": "first",
 *   "state_dir": "/var/lib/netslice",
 *   "run_dir": "/run/netslice",
 *   "listen": { "address": "192.0.2.1", "port": 7468 },      or false
 *   "heartbeat_ms": 1000, "dead_ms": 5000,
 *   "peers": [ { "name": "second", "address": "192.0.2.2", "port": 7468,
 *                "pin": "sha256:...", "next_pin": "sha256:..." } ],
 *   "ports": { "red": { "west": { "device": "eth1.11",
 *                                 "addresses": [ "10.1.0.2/24", "fd00:1::2/64" ],
 *                                 "bypass_netfilter": false },
 *                       "east": "eth2" } }             or the device alone
 * }
 *
 * Only "node" must be there.
 */
#include "config.h"

#include "lib/err.h"
#include "lib/json.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CONFIG_STATE_DIR	"/var/lib/netslice"
#define CONFIG_RUN_DIR		"/run/netslice"
#define CONFIG_HEARTBEAT_MS	1000
#define CONFIG_DEAD_MS		5000

static int config_wrong(const struct nsl_json *obj, const char *name, struct nsl_err *err,
			const char *what)
{
	const struct nsl_json *v = nsl_json_member(obj, name);
	char path[128] = "";

	nsl_json_path(v ? v : obj, path, sizeof(path));
	return nsl_err_set(err, EINVAL, "%s: %s", path, what);
}

/* Numeric only: resolving a name would make the loop wait. */
static bool config_address_valid(const char *text)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *list;
	uint8_t bytes[4];

	/* "10.1" is an address to getaddrinfo(), and a mistake here */
	if (inet_pton(AF_INET, text, bytes) == 1)
		return true;
	if (!strchr(text, ':') || getaddrinfo(text, NULL, &hints, &list))
		return false;
	freeaddrinfo(list);
	return true;
}

static int config_address(const struct nsl_json *obj, char out[CONFIG_ADDRESS_LEN],
			  struct nsl_err *err)
{
	int there = nsl_json_get_text(obj, "address", out, CONFIG_ADDRESS_LEN, err);

	if (there <= 0)
		return there;
	if (!config_address_valid(out))
		return config_wrong(obj, "address", err, "must be an IPv4 or IPv6 address");
	return 1;
}

static int config_port_number(const struct nsl_json *obj, uint16_t *port, struct nsl_err *err)
{
	uint32_t number = CONFIG_PORT;
	int there = nsl_json_get_u32(obj, "port", 1, 65535, &number, err);

	*port = (uint16_t)number;
	return there;
}

/* 1 there, 0 absent, -EINVAL. */
static int config_pin(const struct nsl_json *obj, const char *name, struct tls_pin *pin,
		      struct nsl_err *err)
{
	const char *text = NULL;
	int there = nsl_json_get_str(obj, name, &text, err);

	if (there <= 0)
		return there;
	if (tls_pin_parse(text, pin, err)) {
		char path[128] = "";

		nsl_json_path(nsl_json_member(obj, name), path, sizeof(path));
		return nsl_err_prefix(err, "%s", path);
	}
	return 1;
}

/* Node names stand in log lines and on the command line. */
static bool config_name_valid(const char *name)
{
	size_t len = strlen(name);
	size_t i;

	if (!len)
		return false;
	for (i = 0; i < len; i++) {
		if (name[i] <= ' ' || name[i] >= 0x7f || strchr("/\\\"'", name[i]))
			return false;
	}
	return true;
}

static int config_node_name(const struct nsl_json *obj, const char *member,
			    char out[NODE_NAME_LEN], struct nsl_err *err)
{
	if (nsl_json_need_text(obj, member, out, NODE_NAME_LEN, err) < 0)
		return -EINVAL;
	if (!config_name_valid(out))
		return config_wrong(obj, member, err, "must have visible ASCII characters only");
	return 0;
}

/**
 * config_peer_parse - read one peer
 * @obj: object with name, address, port, pin, next_pin
 * @peer: where to
 * @err: which member is wrong
 *
 * Return: 0 or -EINVAL.
 */
int config_peer_parse(const struct nsl_json *obj, struct config_peer *peer, struct nsl_err *err)
{
	static const char *const names[] = { "name", "address", "port", "pin", "next_pin", NULL };
	int next;

	memset(peer, 0, sizeof(*peer));
	if (nsl_json_is(obj, NSL_JSON_OBJECT, err) || nsl_json_only(obj, names, err) < 0 ||
	    config_node_name(obj, "name", peer->name, err) ||
	    config_address(obj, peer->address, err) < 0 ||
	    config_port_number(obj, &peer->port, err) < 0)
		return -EINVAL;
	next = config_pin(obj, "pin", &peer->pin, err);
	if (next == 0)
		return config_wrong(obj, "pin", err, "a peer needs a pin");
	if (next > 0)
		next = config_pin(obj, "next_pin", &peer->next, err);
	peer->has_next = next > 0;
	return next < 0 ? -EINVAL : 0;
}

static int config_dir(const struct nsl_json *root, const char *name, const char *otherwise,
		      char **out, struct nsl_err *err)
{
	const char *text = otherwise;

	if (nsl_json_get_str(root, name, &text, err) < 0)
		return -EINVAL;
	/* run_dir must leave room for "/sliced.sock" in a socket's address */
	if (text[0] != '/' || strlen(text) > 90)
		return config_wrong(root, name, err,
				    "must be an absolute path of at most 90 bytes");
	*out = strdup(text);
	return *out ? 0 : nsl_err_set(err, ENOMEM, "out of memory");
}

static int config_listen(const struct nsl_json *root, struct config *config, struct nsl_err *err)
{
	static const char *const names[] = { "address", "port", NULL };
	const struct nsl_json *listen = nsl_json_member(root, "listen");

	config->listen = true;
	config->listen_port = CONFIG_PORT;
	if (!listen)
		return 0;
	if (nsl_json_type(listen) == NSL_JSON_BOOL)
		return nsl_json_bool(listen, &config->listen, err);
	if (nsl_json_is(listen, NSL_JSON_OBJECT, err) || nsl_json_only(listen, names, err) < 0 ||
	    config_address(listen, config->listen_address, err) < 0 ||
	    config_port_number(listen, &config->listen_port, err) < 0)
		return -EINVAL;
	return 0;
}

static int config_times(const struct nsl_json *root, struct config *config, struct nsl_err *err)
{
	config->heartbeat_ms = CONFIG_HEARTBEAT_MS;
	config->dead_ms = CONFIG_DEAD_MS;
	if (nsl_json_get_u32(root, "heartbeat_ms", 50, 60000, &config->heartbeat_ms, err) < 0 ||
	    nsl_json_get_u32(root, "dead_ms", 100, 600000, &config->dead_ms, err) < 0)
		return -EINVAL;
	if (config->dead_ms < 2 * config->heartbeat_ms)
		return config_wrong(root, "dead_ms", err, "must be at least twice heartbeat_ms");
	return 0;
}

static int config_peer_unique(const struct config *config, size_t index)
{
	size_t i;

	for (i = 0; i < index; i++) {
		if (!strcmp(config->peers[i].name, config->peers[index].name) ||
		    tls_pin_equal(&config->peers[i].pin, &config->peers[index].pin))
			return -EINVAL;
	}
	return 0;
}

static int config_peers(const struct nsl_json *root, struct config *config, struct nsl_err *err)
{
	const struct nsl_json *list = NULL;
	const struct nsl_json *v;
	int there = nsl_json_get_array(root, "peers", &list, err);

	if (there <= 0)
		return there;
	config->peers = calloc(nsl_json_count(list) + 1, sizeof(*config->peers));
	if (!config->peers)
		return nsl_err_set(err, ENOMEM, "out of memory");
	nsl_json_for_each(v, list) {
		if (config_peer_parse(v, &config->peers[config->peer_count], err))
			return -EINVAL;
		if (config_peer_unique(config, config->peer_count))
			return config_wrong(v, "name", err,
					    "two peers have the same name or the same pin");
		config->peer_count++;
	}
	return 0;
}

static int config_port_name(const struct nsl_json *v, const char *name, const char *what,
			    struct nsl_err *err)
{
	char path[128] = "";

	if (wire_slice_valid(name))
		return 0;
	nsl_json_path(v, path, sizeof(path));
	return nsl_err_set(err, EINVAL, "%s: a %s name has 1 to 15 letters, digits, '-', '_', '.'",
			   path, what);
}

static bool config_device_valid(const char *name)
{
	size_t len = strlen(name);

	return len && len < IF_NAMESIZE && !strpbrk(name, "/: \t\n") && strcmp(name, ".") &&
	       strcmp(name, "..");
}

static int config_at(const struct nsl_json *v, struct nsl_err *err, const char *what)
{
	char path[128] = "";

	nsl_json_path(v, path, sizeof(path));
	return nsl_err_set(err, EINVAL, "%s: %s", path, what);
}

/* An address and the length of its network, as in "10.1.0.2/24". */
static bool config_prefix_valid(const char *text)
{
	char address[CONFIG_ADDRESS_LEN];
	const char *slash = strchr(text, '/');
	uint8_t bytes[16];
	unsigned long len;
	char *end;

	if (!slash || slash - text >= (long)sizeof(address) || slash[1] < '0' || slash[1] > '9')
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	len = strtoul(slash + 1, &end, 10);
	if (*end)
		return false;
	return (inet_pton(AF_INET, address, bytes) == 1 && len <= 32) ||
	       (inet_pton(AF_INET6, address, bytes) == 1 && len <= 128);
}

static int config_port_addresses(struct config_port *port, const struct nsl_json *obj,
				 struct nsl_err *err)
{
	const struct nsl_json *list = NULL;
	const struct nsl_json *v;
	const char *text = "";
	int there = nsl_json_get_array(obj, "addresses", &list, err);

	if (there <= 0)
		return there;
	port->addresses = calloc(nsl_json_count(list) + 1, sizeof(*port->addresses));
	if (!port->addresses)
		return nsl_err_set(err, ENOMEM, "out of memory");
	nsl_json_for_each(v, list) {
		if (nsl_json_str(v, &text, err))
			return -EINVAL;
		if (strlen(text) >= CONFIG_ADDRESS_LEN || !config_prefix_valid(text))
			return config_at(v, err, "must be as 192.0.2.1/24 or 2001:db8::1/64");
		strcpy(port->addresses[port->address_count++], text);
	}
	return 0;
}

static int config_port_device(struct config_port *port, const struct nsl_json *v,
			      const char *device, struct nsl_err *err)
{
	if (!config_device_valid(device))
		return config_at(v, err, "must be the name of a device");
	strcpy(port->device, device);
	return 0;
}

/* An object, or the device's name alone. */
static int config_port_fill(struct config_port *port, const struct nsl_json *v,
			    struct nsl_err *err)
{
	static const char *const names[] = { "device", "addresses", "bypass_netfilter", NULL };
	const char *device = "";

	if (nsl_json_type(v) == NSL_JSON_STRING)
		return nsl_json_str(v, &device, err) ? -EINVAL :
			config_port_device(port, v, device, err);
	if (nsl_json_is(v, NSL_JSON_OBJECT, err) || nsl_json_only(v, names, err) < 0 ||
	    nsl_json_need_str(v, "device", &device, err) < 0 ||
	    config_port_device(port, nsl_json_member(v, "device"), device, err) ||
	    nsl_json_get_bool(v, "bypass_netfilter", &port->bypass_netfilter, err) < 0 ||
	    config_port_addresses(port, v, err) < 0)
		return -EINVAL;
	return 0;
}

static int config_port_add(struct config *config, const char *slice, const struct nsl_json *v,
			   struct nsl_err *err)
{
	struct config_port *port;
	size_t i;

	if (config_port_name(v, nsl_json_name(v), "port", err))
		return -EINVAL;
	port = reallocarray(config->ports, config->port_count + 1, sizeof(*port));
	if (!port)
		return nsl_err_set(err, ENOMEM, "out of memory");
	config->ports = port;
	port += config->port_count++;
	memset(port, 0, sizeof(*port));
	strcpy(port->slice, slice);	/* lengths: config_port_name() */
	strcpy(port->port, nsl_json_name(v));
	if (config_port_fill(port, v, err))
		return -EINVAL;
	for (i = 0; i + 1 < config->port_count; i++) {
		if (!strcmp(config->ports[i].device, port->device))
			return config_at(v, err, "another port has that device");
	}
	return 0;
}

static int config_ports(const struct nsl_json *root, struct config *config, struct nsl_err *err)
{
	const struct nsl_json *map = NULL;
	const struct nsl_json *slice;
	const struct nsl_json *v;
	int there = nsl_json_get_object(root, "ports", &map, err);

	if (there <= 0)
		return there;
	nsl_json_for_each(slice, map) {
		if (config_port_name(slice, nsl_json_name(slice), "slice", err) ||
		    nsl_json_is(slice, NSL_JSON_OBJECT, err))
			return -EINVAL;
		nsl_json_for_each(v, slice) {
			if (config_port_add(config, nsl_json_name(slice), v, err))
				return -EINVAL;
		}
	}
	return 0;
}

static int config_fill(struct config *config, const struct nsl_json *root, struct nsl_err *err)
{
	static const char *const names[] = {
		"node", "state_dir", "run_dir", "listen", "heartbeat_ms", "dead_ms", "peers",
		"ports", NULL
	};

	if (nsl_json_is(root, NSL_JSON_OBJECT, err) || nsl_json_only(root, names, err) < 0 ||
	    config_node_name(root, "node", config->node, err) ||
	    config_dir(root, "state_dir", CONFIG_STATE_DIR, &config->state_dir, err) ||
	    config_dir(root, "run_dir", CONFIG_RUN_DIR, &config->run_dir, err) ||
	    config_listen(root, config, err) < 0 || config_times(root, config, err) < 0 ||
	    config_peers(root, config, err) < 0 || config_ports(root, config, err) < 0)
		return -EINVAL;
	return 0;
}

/**
 * config_parse - read the settings
 * @root: the file's value
 * @err: which member is wrong
 *
 * Return: them, or NULL.
 */
struct config *config_parse(const struct nsl_json *root, struct nsl_err *err)
{
	struct config *config = calloc(1, sizeof(*config));

	if (!config) {
		nsl_err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	if (config_fill(config, root, err)) {
		config_free(config);
		return NULL;
	}
	return config;
}

/**
 * config_read - read the settings' file
 * @path: where it is
 * @err: what is wrong with it
 *
 * Return: the settings, or NULL.
 */
struct config *config_read(const char *path, struct nsl_err *err)
{
	struct nsl_json *root = nsl_json_read(path, err);
	struct config *config = NULL;

	if (!root)
		return NULL;	/* the text names the file */
	config = config_parse(root, err);
	if (!config)
		nsl_err_prefix(err, "%s", path);
	nsl_json_free(root);
	return config;
}

/**
 * config_free - forget the settings
 * @config: them, or NULL
 */
void config_free(struct config *config)
{
	if (!config)
		return;
	while (config->port_count)
		free(config->ports[--config->port_count].addresses);
	free(config->state_dir);
	free(config->run_dir);
	free(config->peers);
	free(config->ports);
	free(config);
}

/**
 * config_port_find - what a slice's port is on this node
 * @config: the settings
 * @slice: the slice's name
 * @port: the slice's name for the port
 *
 * Return: it, or NULL where no map says.
 */
const struct config_port *config_port_find(const struct config *config, const char *slice,
					   const char *port)
{
	size_t i;

	for (i = 0; i < config->port_count; i++) {
		const struct config_port *p = &config->ports[i];

		if (!strcmp(p->slice, slice) && !strcmp(p->port, port))
			return p;
	}
	return NULL;
}
