// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of peers, and the port that they connect to. */
#include "clock.h"
#include "lib/err.h"
#include "log.h"
#include "peer_int.h"
#include "store.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEERS_STRANGERS		32	/* connections of unknown origin at a time */
#define PEERS_LISTEN_RETRY_MS	2000
#define PEERS_BACKLOG		16

/* --- the table --- */

struct peer *peers_next(struct peers *peers, struct peer *after)
{
	struct peer *peer = after ? after->next : peers->first;

	while (peer && peer->removed)
		peer = peer->next;
	return peer;
}

struct peer *peers_find(struct peers *peers, const char *name)
{
	struct peer *peer = NULL;

	while ((peer = peers_next(peers, peer))) {
		if (!strcmp(peer->config.name, name))
			return peer;
	}
	return NULL;
}

struct peer *peers_only(struct peers *peers)
{
	struct peer *peer = peers_next(peers, NULL);

	return peer && !peers_next(peers, peer) ? peer : NULL;
}

void peers_handle(struct peers *peers, enum wire_type type, peer_handler fn, void *arg)
{
	assert(type < PEER_TYPES && !peers->handle[type].fn);
	peers->handle[type].fn = fn;
	peers->handle[type].arg = arg;
}

int peers_watch(struct peers *peers, const struct peer_watch *watch, void *arg)
{
	struct peer_watcher **at = &peers->watchers;
	struct peer_watcher *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->watch = *watch;
	w->arg = arg;
	while (*at)
		at = &(*at)->next;
	*at = w;
	return 0;
}

const struct tls_pin *peers_own_pin(const struct peers *peers)
{
	return tls_own_pin(peers->tls);
}

static bool config_peer_has(const struct config_peer *config, const struct tls_pin *pin)
{
	return tls_pin_equal(&config->pin, pin) ||
	       (config->has_next && tls_pin_equal(&config->next, pin));
}

static bool peers_allowed(void *arg, const struct tls_pin *pin)
{
	struct peers *peers = arg;
	struct peer *peer = NULL;

	while ((peer = peers_next(peers, peer))) {
		if (config_peer_has(&peer->config, pin))
			return true;
	}
	return false;
}

/* --- the port --- */

static unsigned int peers_strangers(const struct peers *peers)
{
	const struct conn *c;
	unsigned int count = 0;

	for (c = peers->conns; c; c = c->next)
		count += !c->peer;
	return count;
}

static void peers_accept(struct evconnlistener *listener, evutil_socket_t fd,
			 struct sockaddr *from, int len, void *arg)
{
	char host[64] = "an unknown address";
	struct peers *peers = arg;

	(void)listener;
	if (peers->closing || peers_strangers(peers) >= PEERS_STRANGERS) {
		close(fd);
		return;
	}
	getnameinfo(from, (socklen_t)len, host, sizeof(host), NULL, 0, NI_NUMERICHOST);
	conn_accept(peers, fd, host);
}

static struct evconnlistener *peers_bind(struct peers *peers, const char *address)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct evconnlistener *listener;
	struct addrinfo *list;
	char port[8];

	snprintf(port, sizeof(port), "%u", peers->config->listen_port);
	if (getaddrinfo(address, port, &hints, &list))
		return NULL;
	listener = evconnlistener_new_bind(peers->base, peers_accept, peers,
					   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
					   LEV_OPT_REUSEABLE, PEERS_BACKLOG, list->ai_addr,
					   (int)list->ai_addrlen);
	freeaddrinfo(list);
	return listener;
}

/* "" is every address: one IPv6 socket takes both families, where there is IPv6. */
static void peers_listen(struct peers *peers)
{
	const char *address = peers->config->listen_address;
	struct timeval tv = clock_timeval(PEERS_LISTEN_RETRY_MS);

	if (peers->listener || !peers->config->listen || peers->closing)
		return;
	peers->listener = peers_bind(peers, address[0] ? address : "::");
	if (!peers->listener && !address[0])
		peers->listener = peers_bind(peers, "0.0.0.0");
	if (peers->listener)
		return;
	log_error("port %u of %s cannot be listened on: %s", peers->config->listen_port,
		  address[0] ? address : "every address", strerror(errno));
	event_add(peers->listen_retry, &tv);
}

static void peers_unlisten(struct peers *peers)
{
	event_del(peers->listen_retry);
	if (peers->listener)
		evconnlistener_free(peers->listener);
	peers->listener = NULL;
}

static void peers_listen_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	peers_listen(arg);
}

/* The port is open exactly as long as there is somebody to come. */
static void peers_port(struct peers *peers)
{
	if (peers_next(peers, NULL))
		peers_listen(peers);
	else
		peers_unlisten(peers);
}

/* --- changes --- */

/**
 * peers_check - could this peer be added or changed?
 * @peers: the table
 * @config: what it would be
 * @fresh: it must not be there yet
 * @err: why not
 *
 * Return: 0, -EEXIST, -ENOENT, -EINVAL. Nothing is changed.
 */
int peers_check(struct peers *peers, const struct config_peer *config, bool fresh,
		struct nsl_err *err)
{
	struct peer *same = peers_find(peers, config->name);
	struct peer *peer = NULL;

	if (fresh && same)
		return nsl_err_set(err, EEXIST, "there is a peer %s already", config->name);
	if (!fresh && !same)
		return nsl_err_set(err, ENOENT, "there is no peer %s", config->name);
	if (config_peer_has(config, peers_own_pin(peers)))
		return nsl_err_set(err, EINVAL, "that is this node's own pin");
	while ((peer = peers_next(peers, peer))) {
		if (peer != same && (config_peer_has(&peer->config, &config->pin) ||
				     (config->has_next &&
				      config_peer_has(&peer->config, &config->next))))
			return nsl_err_set(err, EEXIST, "peer %s has that pin",
					   peer->config.name);
	}
	return 0;
}

/* Connections whose key does not count any more. */
static void peers_end_conns(struct peers *peers, struct peer *peer, const char *why)
{
	struct tls_pin pin;
	struct conn *c;

	for (c = peers->conns; c; c = c->next) {
		if (c->peer != peer || (link_pin(c->link, &pin) && !peer->removed &&
					config_peer_has(&peer->config, &pin)))
			continue;
		link_end(c->link, true, "%s", why);
	}
}

/* Those that were removed are found too: a peer that comes back is the same one. */
static struct peer *peers_find_any(struct peers *peers, const char *name)
{
	struct peer *peer = peers->first;

	while (peer && strcmp(peer->config.name, name))
		peer = peer->next;
	return peer;
}

/**
 * peers_set - add a peer, or change one
 * @peers: the table
 * @config: what it is
 * @static_config: it stands in the file
 *
 * Return: 0 or -ENOMEM.
 */
int peers_set(struct peers *peers, const struct config_peer *config, bool static_config)
{
	struct peer *peer = peers_find_any(peers, config->name);

	if (!peer) {
		peer = peer_new(peers, config);
		if (!peer)
			return -ENOMEM;
		peer->next = peers->first;
		peers->first = peer;
	}
	peer->config = *config;
	peer->static_config = static_config;
	peer->removed = false;
	peers_end_conns(peers, peer, "the settings have changed");
	if (peers->listen_retry) {
		peers_port(peers);
		peer_dial_soon(peer);
	}
	return 0;
}

/**
 * peers_remove - this node is no peer any more
 * @peers: the table
 * @peer: it
 */
void peers_remove(struct peers *peers, struct peer *peer)
{
	peer->removed = true;
	event_del(peer->retry);
	peers_end_conns(peers, peer, "the peer was removed");
	peers_port(peers);
}

static bool config_names(const struct config *config, const char *name)
{
	size_t i;

	for (i = 0; i < config->peer_count; i++) {
		if (!strcmp(config->peers[i].name, name))
			return true;
	}
	return false;
}

/* What the file says wins over what a command said. */
static int peers_from_config(struct peers *peers)
{
	size_t i;

	for (i = 0; i < peers->config->peer_count; i++) {
		const struct config_peer *c = &peers->config->peers[i];

		if (config_peer_has(c, peers_own_pin(peers)))
			log_error("peer %s: that is this node's own pin: left out", c->name);
		else if (peers_set(peers, c, true))
			return -ENOMEM;
	}
	return 0;
}

/**
 * peers_reload - the file was read again
 * @peers: the table
 * @config: the new settings, which replace the old ones from now on
 *
 * Return: 0 or -ENOMEM.
 */
int peers_reload(struct peers *peers, const struct config *config)
{
	struct peer *peer = NULL;

	while ((peer = peers_next(peers, peer))) {
		if (peer->static_config && !config_names(config, peer->config.name))
			peers_remove(peers, peer);
	}
	peers->config = config;
	peers_unlisten(peers);
	peers_port(peers);
	return peers_from_config(peers);
}

/* --- opening and closing --- */

struct peers_load {
	struct peers	*peers;
	int		error;
};

static int peers_load_row(struct peers *peers, const struct store_row *row)
{
	struct config_peer c = { .port = (uint16_t)store_int(row, 2) };

	snprintf(c.name, sizeof(c.name), "%s", store_text(row, 0));
	snprintf(c.address, sizeof(c.address), "%s", store_text(row, 1));
	if (tls_pin_parse(store_text(row, 3), &c.pin, NULL))
		return -EINVAL;
	c.has_next = !store_null(row, 4);
	if (c.has_next && tls_pin_parse(store_text(row, 4), &c.next, NULL))
		return -EINVAL;
	return peers_set(peers, &c, false);
}

static void peers_loaded(void *arg, const struct store_result *res)
{
	struct peers_load *load = arg;
	unsigned int i;

	load->error = res->error;
	for (i = 0; i < res->row_count && !load->error; i++)
		load->error = peers_load_row(load->peers, store_row_at(res, i));
}

static int peers_load(struct peers *peers, struct store *store, struct nsl_err *err)
{
	struct peers_load load = { .peers = peers };
	struct store_tx *tx = store_tx_new(store);

	store_add(tx, SQL_PEER_ALL, "");
	store_commit_wait(tx, peers_loaded, &load);
	if (!load.error)
		load.error = peers_from_config(peers);
	if (load.error)
		return nsl_err_set(err, -load.error, "the stored peers cannot be read: %s",
				   strerror(-load.error));
	return 0;
}

/**
 * peers_open - the node's key and its peers
 * @base: the loop
 * @config: the node's settings
 * @node: the node
 * @store: where the peers are
 * @err: why not
 *
 * Context: before the loop runs.
 * Return: them, or NULL.
 */
struct peers *peers_open(struct event_base *base, const struct config *config, struct node *node,
			 struct store *store, struct nsl_err *err)
{
	struct peers *peers = calloc(1, sizeof(*peers));

	if (!peers) {
		nsl_err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	peers->base = base;
	peers->config = config;
	peers->node = node;
	peers->tls = tls_open(config->state_dir, peers_allowed, peers, err);
	if (!peers->tls || peers_load(peers, store, err)) {
		peers_close(peers);
		return NULL;
	}
	return peers;
}

void peers_start(struct peers *peers)
{
	struct peer *peer = NULL;

	peers->listen_retry = evtimer_new(peers->base, peers_listen_again, peers);
	if (!peers->listen_retry) {
		log_error("out of memory");
		abort();
	}
	peers_port(peers);
	while ((peer = peers_next(peers, peer)))
		peer_dial_soon(peer);
}

void peers_goodbye(struct peers *peers, const char *why)
{
	struct conn *c;

	peers->closing = true;
	peers_unlisten(peers);
	for (c = peers->conns; c; c = c->next)
		link_end(c->link, true, "%s", why);
}

bool peers_quiet(const struct peers *peers)
{
	return !peers->conns;
}

void peers_stop(struct peers *peers)
{
	struct peer *peer;

	peers->closing = true;
	for (peer = peers->first; peer; peer = peer->next)
		peer_is_now_down(peer, "this node stops");
	while (peers->conns)
		conn_free(peers->conns);
}

void peers_close(struct peers *peers)
{
	struct peer_watcher *w;
	struct peer *peer;

	if (!peers)
		return;
	peers_stop(peers);
	if (peers->listen_retry) {
		peers_unlisten(peers);
		event_free(peers->listen_retry);
	}
	while ((peer = peers->first)) {
		peers->first = peer->next;
		peer_free(peer);
	}
	while ((w = peers->watchers)) {
		peers->watchers = w->next;
		free(w);
	}
	tls_close(peers->tls);
	free(peers);
}
