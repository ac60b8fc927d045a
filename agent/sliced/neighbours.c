// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Read and installed in work threads. Only neighbours on lan ports cross, which both
 * nodes share; this node's own addresses and virtual addresses are left out
 * where they are installed.
 */
#include "neighbours.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/jsonw.h"
#include "lib/rtnl.h"
#include "log.h"
#include "peer.h"
#include "sliced.h"
#include "slices_int.h"
#include "work.h"

#define NEIGHBOURS_ASK_MS	30000
#define NEIGHBOURS_MAX		65536
#define STATES_KNOWN	(NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

struct neighbour {
	char			port[NETSLICE_NAME_LEN];
	struct nsl_neigh	n;
};

struct neighbours_job {
	struct slice		*slice;
	struct kern_port	port[NETSLICE_MAX_PORTS];
	size_t			ports;
	struct neighbour	*list;
	size_t			count;
	size_t			size;
	const char		*reading;	/* port that is read */
	int			code;
	struct nsl_err		err;
	/* of a reader */
	char			peer[NODE_NAME_LEN];
	slice_done		done;
	void			*arg;
	/* of an installer */
	struct peer_token	token;
	struct definition_gateway *gateway;
	size_t			gateways;
};

static void job_free(struct neighbours_job *job)
{
	free(job->list);
	free(job->gateway);
	free(job);
}

static int list_add(struct neighbours_job *job, const char *port, const struct nsl_neigh *n)
{
	struct neighbour *list;
	size_t size;

	if (job->count == job->size) {
		size = job->size ? job->size * 2 : 64;
		list = realloc(job->list, size * sizeof(*list));
		if (!list)
			return -ENOMEM;
		job->list = list;
		job->size = size;
	}
	snprintf(job->list[job->count].port, NETSLICE_NAME_LEN, "%s", port);
	job->list[job->count++].n = *n;
	return 0;
}

/* ---- reading, in a thread ---- */

static bool multicast(const struct nsl_neigh *n)
{
	return n->addr_len == 4 ? n->addr[0] >= 224 : n->addr[0] == 0xff;
}

static void read_one(const struct nsl_neigh *n, void *ctx)
{
	struct neighbours_job *job = ctx;

	if (!n->has_lladdr || !(n->state & STATES_KNOWN) || multicast(n) ||
	    job->count == NEIGHBOURS_MAX)
		return;
	if (list_add(job, job->reading, n))
		job->code = nsl_err_set(&job->err, ENOMEM, "out of memory");
}

static void read_run(void *arg)
{
	struct neighbours_job *job = arg;
	struct nsl_rtnl *rt;
	size_t i;

	job->code = nsl_rtnl_open(&rt, NULL, &job->err);
	for (i = 0; i < job->ports && !job->code; i++) {
		if (!job->port[i].ifindex || job->port[i].kind != NETSLICE_PORT_LAN)
			continue;
		job->reading = job->port[i].name;
		job->code = nsl_neigh_each(rt, (int)job->port[i].ifindex, read_one, job,
					   &job->err);
	}
	nsl_rtnl_close(rt);
}

/* ---- installing, in a thread ---- */

static const void *ifaddr_bytes(const struct ifaddrs *i, uint8_t *len)
{
	if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET) {
		*len = 4;
		return &((struct sockaddr_in *)i->ifa_addr)->sin_addr;
	}
	if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET6) {
		*len = 16;
		return &((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr;
	}
	return NULL;
}

static bool own_address(const struct ifaddrs *addrs, const char *device,
			const struct nsl_neigh *n)
{
	const struct ifaddrs *i;
	const void *addr;
	uint8_t len;

	for (i = addrs; i; i = i->ifa_next) {
		addr = strcmp(i->ifa_name, device) ? NULL : ifaddr_bytes(i, &len);
		if (addr && len == n->addr_len && !memcmp(addr, n->addr, len))
			return true;
	}
	return false;
}

static bool virtual_address(const struct neighbours_job *job, const struct neighbour *nb)
{
	size_t i;

	for (i = 0; i < job->gateways; i++)
		if (!strcmp(job->gateway[i].port, nb->port) &&
		    job->gateway[i].address_len == nb->n.addr_len &&
		    !memcmp(job->gateway[i].address, nb->n.addr, nb->n.addr_len))
			return true;
	return false;
}

static const struct kern_port *port_of(const struct neighbours_job *job, const char *name)
{
	size_t i;

	for (i = 0; i < job->ports; i++)
		if (!strcmp(job->port[i].name, name) && job->port[i].ifindex &&
		    job->port[i].kind == NETSLICE_PORT_LAN)
			return &job->port[i];
	return NULL;
}

static void install_one(struct neighbours_job *job, struct nsl_rtnl *rt,
			const struct ifaddrs *addrs, struct neighbour *nb)
{
	const struct kern_port *port = port_of(job, nb->port);
	char device[IFNAMSIZ];

	if (!port || virtual_address(job, nb) || !if_indextoname(port->ifindex, device) ||
	    own_address(addrs, device, &nb->n))
		return;
	nb->n.ifindex = (int)port->ifindex;
	nb->n.has_lladdr = true;
	nb->n.state = NUD_STALE;
	nb->n.flags = NTF_EXT_LEARNED;
	if (nsl_neigh_set(rt, &nb->n, &job->err) && !job->code)
		job->code = job->err.code ? -job->err.code : -EIO;
}

static void install_run(void *arg)
{
	struct neighbours_job *job = arg;
	struct ifaddrs *addrs = NULL;
	struct nsl_rtnl *rt;
	size_t i;

	job->code = nsl_rtnl_open(&rt, NULL, &job->err);
	if (!job->code && getifaddrs(&addrs))
		job->code = nsl_err_set(&job->err, errno, "addresses: %s", strerror(errno));
	for (i = 0; i < job->count && addrs; i++)
		install_one(job, rt, addrs, &job->list[i]);
	if (addrs)
		freeifaddrs(addrs);
	nsl_rtnl_close(rt);
}

/* ---- the message ---- */

static void put_one(struct nsl_jw *w, const struct neighbour *nb)
{
	const uint8_t *m = nb->n.lladdr;
	char text[INET6_ADDRSTRLEN];

	if (!inet_ntop(nb->n.addr_len == 4 ? AF_INET : AF_INET6, nb->n.addr, text, sizeof(text)))
		return;
	nsl_jw_object(w, NULL);
	nsl_jw_str(w, "port", nb->port);
	nsl_jw_str(w, "address", text);
	nsl_jw_fmt(w, "lladdr", "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		   m[5]);
	nsl_jw_end(w);
}

static int get_lladdr(const char *text, uint8_t mac[6])
{
	unsigned int b[6], i;
	char end;

	if (strlen(text) != 17 ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6)
		return -EINVAL;
	for (i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
	return mac[0] & 1 ? -EINVAL : 0;
}

static int get_one(const struct nsl_json *obj, struct neighbours_job *job, struct nsl_err *err)
{
	struct nsl_neigh n = { 0 };
	const char *address, *lladdr;
	char port[NETSLICE_NAME_LEN];

	if (nsl_json_is(obj, NSL_JSON_OBJECT, err) < 0 ||
	    nsl_json_need_text(obj, "port", port, sizeof(port), err) < 0 ||
	    nsl_json_need_str(obj, "address", &address, err) < 0 ||
	    nsl_json_need_str(obj, "lladdr", &lladdr, err) < 0)
		return -EINVAL;
	if (inet_pton(AF_INET, address, n.addr) == 1)
		n.addr_len = 4;
	else if (inet_pton(AF_INET6, address, n.addr) == 1)
		n.addr_len = 16;
	if (!n.addr_len || multicast(&n))
		return nsl_err_set(err, EINVAL, "\"%s\" is no neighbour's address", address);
	if (get_lladdr(lladdr, n.lladdr))
		return nsl_err_set(err, EINVAL, "\"%s\" is no neighbour's MAC", lladdr);
	if (job->count == NEIGHBOURS_MAX || list_add(job, port, &n))
		return nsl_err_set(err, E2BIG, "too many neighbours");
	return 0;
}

static int get_all(const struct nsl_json *json, struct neighbours_job *job, struct nsl_err *err)
{
	const struct nsl_json *list, *v;

	if (nsl_json_need_array(json, "neighbours", &list, err) < 0)
		return -EINVAL;
	nsl_json_for_each(v, list)
		if (get_one(v, job, err) < 0)
			return -EINVAL;
	return 0;
}

/* ---- sending ---- */

static void send_end(struct neighbours_job *job, int code, const char *why)
{
	job->done(job->arg, code, why);
	job_free(job);
}

static void send_answered(void *arg, const struct peer_answer *answer)
{
	send_end(arg, answer->outcome == PEER_OK ? 0 :
		 answer->outcome == PEER_DOWN ? -ENOTCONN : -EIO, answer->text);
}

static void read_done(void *arg)
{
	struct neighbours_job *job = arg;
	struct sliced *sliced = slices_sliced(job->slice->slices);
	struct peer *peer = peers_find(sliced->peers, job->peer);
	struct nsl_jw w = { 0 };
	size_t i;

	if (job->code || !peer) {
		send_end(job, job->code ? job->code : -ENOTCONN,
			 job->code ? job->err.text : "the other node is not known any more");
		return;
	}
	nsl_jw_object(&w, NULL);
	nsl_jw_array(&w, "neighbours");
	for (i = 0; i < job->count; i++)
		put_one(&w, &job->list[i]);
	nsl_jw_end(&w);
	nsl_jw_end(&w);
	peer_ask_json(peer, WIRE_NEIGHBOURS, job->slice->name, &w, NEIGHBOURS_ASK_MS,
		      send_answered, job);
}

static void ports_known(void *arg, int code, const struct kern_port *ports, size_t count)
{
	struct neighbours_job *job = arg;
	struct work *work = slices_sliced(job->slice->slices)->work;
	int ret;

	if (code) {
		send_end(job, code, "the ports cannot be read");
		return;
	}
	if (count)
		memcpy(job->port, ports, count * sizeof(*ports));
	job->ports = count;
	ret = work_start(work, read_run, read_done, job);
	if (ret)
		send_end(job, ret, "no thread could be started");
}

void neighbours_send(struct slice *s, struct peer *peer, slice_done done, void *arg)
{
	struct neighbours_job *job = slices_alloc(sizeof(*job));

	job->slice = s;
	snprintf(job->peer, sizeof(job->peer), "%s", peer_name(peer));
	job->done = done;
	job->arg = arg;
	kern_ports(slices_sliced(s->slices)->kern, s->name, ports_known, job);
}

/* ---- taking ---- */

static void install_end(struct neighbours_job *job, const char *why)
{
	struct nsl_jw w = { 0 };

	if (why) {
		peer_refuse(job->token, "failed", "%s", why);
	} else {
		nsl_jw_object(&w, NULL);
		nsl_jw_u64(&w, "installed", job->count);
		nsl_jw_end(&w);
		peer_answer(job->token, &w);
	}
	job_free(job);
}

static void install_done(void *arg)
{
	struct neighbours_job *job = arg;

	install_end(job, job->code ? job->err.text : NULL);
}

static void install_ports(void *arg, int code, const struct kern_port *ports, size_t count)
{
	struct neighbours_job *job = arg;

	if (code) {
		install_end(job, "the ports cannot be read");
		return;
	}
	if (count)
		memcpy(job->port, ports, count * sizeof(*ports));
	job->ports = count;
	if (work_start(slices_sliced(job->slice->slices)->work, install_run, install_done, job))
		install_end(job, "no thread could be started");
}

static void install_gateways(struct neighbours_job *job, const struct definition *def)
{
	job->gateway = slices_alloc((def->gateway_count + 1) * sizeof(*job->gateway));
	if (def->gateway_count)
		memcpy(job->gateway, def->gateways, def->gateway_count * sizeof(*job->gateway));
	job->gateways = def->gateway_count;
}

static void on_neighbours(void *arg, const struct peer_msg *msg)
{
	struct slices *ss = arg;
	struct slice *s = slices_find(ss, msg->slice);
	struct neighbours_job *job;
	struct nsl_err err;

	if (!s || !s->def || (*s->peer && strcmp(s->peer, peer_name(msg->peer)))) {
		peer_refuse(peer_token(msg), "no-slice", "slice \"%s\" is not shared with this node",
			    msg->slice);
		return;
	}
	job = slices_alloc(sizeof(*job));
	job->slice = s;
	job->token = peer_token(msg);
	if (get_all(msg->json, job, &err)) {
		peer_refuse(job->token, "invalid", "%s", err.text);
		job_free(job);
		return;
	}
	install_gateways(job, s->def);
	kern_ports(ss->sliced->kern, s->name, install_ports, job);
}

int neighbours_init(struct sliced *sliced, struct nsl_err *err)
{
	(void)err;
	peers_handle(sliced->peers, WIRE_NEIGHBOURS, on_neighbours, sliced->slices);
	return 0;
}

void neighbours_exit(struct sliced *sliced)
{
	(void)sliced;
}
