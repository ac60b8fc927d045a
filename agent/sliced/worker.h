/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker contract's codec: one JSON object a line, both ways. Pure. What the
 * messages mean stands in Documentation/releases.md.
 */
#ifndef SLICED_WORKER_H
#define SLICED_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nsl_err;
struct nsl_json;
struct nsl_jw;

#define WORKER_CONTRACT		1
#define WORKER_LINE_MAX		(1024 * 1024 + 64 * 1024)	/* holds the longest definition */
#define WORKER_STATE_MAX	(512 * 1024)	/* bytes of a state's data as text */
#define WORKER_BATCH_MAX	4096		/* routes in one message */
#define WORKER_TEXT_LEN		200
#define WORKER_SCHEMAS		16

enum worker_type {	/* that come from a worker */
	WORKER_HELLO,
	WORKER_LOADED,
	WORKER_MIGRATED,
	WORKER_BECAME,
	WORKER_ROUTES,
	WORKER_STATE,
	WORKER_RESTORED,
	WORKER_HEALTH,
	WORKER_ERROR,
};

enum worker_role { WORKER_STANDBY, WORKER_MASTER };

enum worker_op { WORKER_FULL_BEGIN, WORKER_FULL_END, WORKER_ADD, WORKER_DEL };

struct worker_msg {
	enum worker_type	type;
	uint64_t		id;		/* of the request that it answers, 0: none */
	/* hello */
	char			name[32];
	char			version[32];
	uint32_t		schemas[WORKER_SCHEMAS];
	size_t			schema_count;
	/* loaded, migrated */
	uint32_t		schema;
	const struct nsl_json	*config;	/* migrated: an object */
	/* routes: each is read by nsl_route_from_json() or worker_route_key() */
	enum worker_op		op;
	const struct nsl_json	*routes;	/* add, del: an array */
	uint64_t		count;		/* full-end: all that were added since full-begin */
	/* became */
	enum worker_role	role;
	uint64_t		cp_term;
	/* state */
	uint64_t		seq;
	uint64_t		since;		/* delta: what it was before */
	bool			full;
	const struct nsl_json	*data;		/* an object */
	/* health, error */
	bool			ok;
	char			text[WORKER_TEXT_LEN];
	struct nsl_json		*root;		/* owns what the above point to */
};

/* 0, or a negative errno: the line breaks the contract. Free with worker_msg_free(). */
int worker_msg_parse(struct worker_msg *msg, const char *line, size_t len, struct nsl_err *err);
void worker_msg_free(struct worker_msg *msg);
const char *worker_type_name(enum worker_type type);
const char *worker_role_name(enum worker_role role);

/* A route to delete: {"dst"} alone. */
struct nsl_route;
int worker_route_key(const struct nsl_json *obj, struct nsl_route *r, struct nsl_err *err);

/*
 * Requests: a line with its newline, malloc'd, NULL when memory ran out. JSON
 * that is passed as text must be one valid object.
 */
char *worker_load_line(uint64_t id, uint32_t schema, const char *definition);
char *worker_become_line(uint64_t id, enum worker_role role, uint64_t cp_term);
char *worker_backup_line(uint64_t id, bool full, uint64_t since);
char *worker_restore_line(uint64_t id, bool full, uint64_t seq, const char *data);
char *worker_health_line(uint64_t id);
char *worker_stop_line(void);

#endif
