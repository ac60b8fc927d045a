/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan of an upgrade: which slices go to which release, in which order,
 * with which checks. Pure.
 *
 *	{ "peer": "second",			optional where there is one only
 *	  "reset": "slice" | "agent",		what the other node resets; default "slice"
 *	  "slices": [
 *	    { "slice": "red",
 *	      "release": "base 1.1",		NAME VERSION, NAME-VERSION or its hash
 *	      "order": 1,			default 1: lower ones are at their end before
 *						the handover of a higher one begins
 *	      "checks": [ { "ping": "10.1.0.10" }, { "routes": 1000 } ] } ],
 *	  "handovers": 1,			so many at once; default 1
 *	  "lease_ms": 30000, "guard_ms": 10000,	of the handover: Documentation/handover.md
 *	  "health_ms": 60000,			for a worker to be well, and for the checks
 *	  "redundant": true,			afterwards the first node stands by at the new release
 *	  "home": false,			mastership goes back to the first node at the end
 *	  "confirm": "auto" | "operator" }	who says that a slice is well
 */
#ifndef SLICED_PLAN_H
#define SLICED_PLAN_H

#include <linux/netslice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nsl_err;
struct nsl_json;

#define PLAN_PEER_LEN		32
#define PLAN_RELEASE_LEN	80
#define PLAN_SLICES		1024
#define PLAN_CHECKS		64

enum plan_reset { PLAN_RESET_SLICE, PLAN_RESET_AGENT };

enum plan_check_kind {
	PLAN_CHECK_PING,	/* an address that must answer, seen from the slice */
	PLAN_CHECK_ROUTES,	/* at least so many in the generation */
};

struct plan_check {
	enum plan_check_kind	kind;
	uint8_t			address[16];	/* network order */
	uint8_t			address_len;	/* 4 or 16 */
	uint32_t		routes;
	char			text[64];	/* as it stands in the plan, for people */
};

struct plan_slice {
	char			slice[NETSLICE_NAME_LEN];
	char			release[PLAN_RELEASE_LEN];	/* NAME-VERSION or hash */
	uint32_t		order;
	struct plan_check	*checks;
	size_t			check_count;
};

struct plan {
	char			peer[PLAN_PEER_LEN];	/* "": the only one */
	enum plan_reset		reset;
	struct plan_slice	*slices;		/* by order, then as written */
	size_t			slice_count;
	uint32_t		handovers;
	uint32_t		lease_ms;
	uint32_t		guard_ms;
	uint32_t		health_ms;
	bool			redundant;
	bool			home;
	bool			operator;	/* confirms */
	char			*text;		/* the whole, as JSON on one line */
};

/* NULL with @err naming the member that is wrong. */
struct plan *plan_from_json(const struct nsl_json *root, struct nsl_err *err);
struct plan *plan_parse(const char *text, size_t len, struct nsl_err *err);
void plan_free(struct plan *plan);
const struct plan_slice *plan_slice(const struct plan *plan, const char *slice);
const char *plan_reset_name(enum plan_reset reset);

#endif
