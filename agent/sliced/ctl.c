// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket RUN/sliced.sock. A line is a JSON object.
 *
 * Request	{"id": 1, "cmd": "peer.add", "args": {...}}
 *		id: a whole number or a string of at most 64 bytes; args may be absent
 * Answer	{"id": 1, "ok": true, "result": {...}}
 *		{"id": 1, "ok": false, "error": {"code", "text", "arg"}}
 *		arg only where an argument was wrong
 * Event	{"id": 1, "event": {...}}, before the answer
 *
 * What is no request is answered with "id": null; after a line that is too
 * long the connection is closed. Requests of a client run at the same time;
 * it may have CTL_OPEN of them.
 */
#include "ctl.h"

#include "ctl_int.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CTL_LINE	(16U * 1024 * 1024)
#define CTL_OPEN	32
#define CTL_SLOW	(4U * 1024 * 1024)	/* unread by the client: events are dropped */
#define CTL_GROUP	"netslice"
#define CTL_GROUPS	256

struct ctl_table {
	struct ctl_table		*next;
	const struct ctl_command	*commands;
	void				*arg;
};

struct ctl_client {
	struct ctl_client	*next;
	struct ctl		*ctl;
	struct bufferevent	*bev;
	unsigned int		open;
	bool			ending;	/* freed when nothing is open and its output is out */
};

struct ctl_req {
	struct ctl_req		*next;
	struct ctl		*ctl;
	struct ctl_client	*client;	/* NULL: it went away, the command does not know */
	char			id[160];	/* as JSON */
	void			(*gone)(void *arg);
	void			*gone_arg;
};

struct ctl {
	struct event_base	*base;
	struct evconnlistener	*listener;
	char			path[108];
	struct ctl_table	*tables;
	struct ctl_client	*clients;
	struct ctl_req		*reqs;
};

/* --- answers --- */

static void ctl_put(struct ctl_client *client, const char *id, const char *kind, const char *body)
{
	if (evbuffer_add_printf(bufferevent_get_output(client->bev), "{\"id\":%s,%s:%s}\n", id,
				kind, body) < 0)
		client->ending = true;
}

static void ctl_req_free(struct ctl_req *req)
{
	struct ctl_req **at = &req->ctl->reqs;

	while (*at != req)
		at = &(*at)->next;
	*at = req->next;
	if (req->client)
		req->client->open--;
	free(req);
}

static char *ctl_text(struct nsl_jw *json)
{
	return json ? nsl_jw_take(json) : strdup("{}");
}

static void ctl_error_json(struct nsl_jw *w, const char *code, const char *arg, const char *text)
{
	nsl_jw_object(w, NULL);
	nsl_jw_str(w, "code", code);
	nsl_jw_str(w, "text", text);
	if (arg && arg[0])
		nsl_jw_str(w, "arg", arg);
	nsl_jw_end(w);
}

static void ctl_put_error(struct ctl_client *client, const char *id, const char *code,
			  const char *arg, const char *text)
{
	struct nsl_jw w = { 0 };
	char *error;

	ctl_error_json(&w, code, arg, text);
	error = nsl_jw_take(&w);
	ctl_put(client, id, "\"ok\":false,\"error\"",
		error ? error : "{\"code\":\"failed\",\"text\":\"out of memory\"}");
	free(error);
}

void ctl_ok(struct ctl_req *req, struct nsl_jw *result)
{
	char *text = ctl_text(result);

	if (req->client && text)
		ctl_put(req->client, req->id, "\"ok\":true,\"result\"", text);
	else if (req->client)
		ctl_put_error(req->client, req->id, "failed", NULL, "out of memory");
	free(text);
	ctl_req_free(req);
}

void ctl_fail(struct ctl_req *req, const char *code, const char *arg, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (req->client)
		ctl_put_error(req->client, req->id, code, arg, text);
	ctl_req_free(req);
}

static const char *ctl_code(int code)
{
	switch (code) {
	case EINVAL:
		return "invalid";
	case ENOENT:
		return "unknown";
	case EEXIST:
		return "exists";
	case ESTALE:
		return "stale";
	case EBUSY:
		return "busy";
	case EPERM:
	case EACCES:
		return "refused";
	default:
		return "failed";
	}
}

void ctl_fail_err(struct ctl_req *req, const struct nsl_err *err)
{
	ctl_fail(req, ctl_code(err->code), err->attr, "%s", err->text);
}

int ctl_event(struct ctl_req *req, struct nsl_jw *event)
{
	char *text = ctl_text(event);
	int err = 0;

	if (!text)
		return -ENOMEM;
	if (!req->client)
		err = -EPIPE;
	else if (evbuffer_get_length(bufferevent_get_output(req->client->bev)) > CTL_SLOW)
		err = -EAGAIN;
	else
		ctl_put(req->client, req->id, "\"event\"", text);
	free(text);
	return err;
}

void ctl_on_gone(struct ctl_req *req, void (*gone)(void *arg), void *arg)
{
	req->gone = gone;
	req->gone_arg = arg;
}

/* --- requests --- */

static const struct ctl_command *ctl_find(struct ctl *ctl, const char *name, void **arg)
{
	const struct ctl_command *command;
	struct ctl_table *table;

	for (table = ctl->tables; table; table = table->next) {
		for (command = table->commands; command->name; command++) {
			if (!strcmp(command->name, name)) {
				*arg = table->arg;
				return command;
			}
		}
	}
	return NULL;
}

static int ctl_id(const struct nsl_json *v, char out[160])
{
	struct nsl_jw w = { 0 };
	const char *text;
	uint64_t number;
	int len;
	char *json;

	if (!v)
		return -EINVAL;
	if (nsl_json_type(v) == NSL_JSON_NUMBER)
		return nsl_json_u64(v, &number, NULL) ? -EINVAL :
			(snprintf(out, 160, "%llu", (unsigned long long)number), 0);
	if (nsl_json_str(v, &text, NULL) || strlen(text) > 64)
		return -EINVAL;
	nsl_jw_str(&w, NULL, text);
	json = nsl_jw_take(&w);
	len = json ? snprintf(out, 160, "%s", json) : 160;
	free(json);
	return len < 160 ? 0 : -EINVAL;
}

static struct ctl_req *ctl_req_new(struct ctl_client *client, const char *id)
{
	struct ctl_req *req = calloc(1, sizeof(*req));

	if (!req)
		return NULL;
	req->ctl = client->ctl;
	req->client = client;
	snprintf(req->id, sizeof(req->id), "%s", id);
	req->next = client->ctl->reqs;
	client->ctl->reqs = req;
	client->open++;
	return req;
}

static const char *const ctl_no_args[] = { NULL };

static void ctl_run(struct ctl_client *client, const char *id, const struct ctl_command *command,
		    void *arg, const struct nsl_json *args)
{
	const char *const *allowed = command->allowed ? command->allowed : ctl_no_args;
	struct nsl_err err = { 0 };
	struct ctl_req *req;

	if (nsl_json_only(args, allowed, &err) < 0) {
		ctl_put_error(client, id, "invalid", err.attr, err.text);
		return;
	}
	req = ctl_req_new(client, id);
	if (req)
		command->run(arg, req, args);
	else
		ctl_put_error(client, id, "failed", NULL, "out of memory");
}

static void ctl_request(struct ctl_client *client, const char *id, const struct nsl_json *root)
{
	static const char *const names[] = { "id", "cmd", "args", NULL };
	const struct nsl_json *args = NULL;
	const struct ctl_command *command;
	struct nsl_json *none = NULL;
	struct nsl_err err = { 0 };
	const char *name = "";
	void *arg = NULL;

	if (nsl_json_only(root, names, &err) < 0 || nsl_json_need_str(root, "cmd", &name, &err) < 0 ||
	    nsl_json_get_object(root, "args", &args, &err) < 0) {
		ctl_put_error(client, id, "invalid", NULL, err.text);
		return;
	}
	command = ctl_find(client->ctl, name, &arg);
	if (!args)
		args = none = nsl_json_parse("{}", 2, NULL);
	if (!command)
		ctl_put_error(client, id, "unknown-command", "cmd", "there is no such command");
	else if (client->open >= CTL_OPEN)
		ctl_put_error(client, id, "busy", NULL, "too many requests are open");
	else if (!args)
		ctl_put_error(client, id, "failed", NULL, "out of memory");
	else
		ctl_run(client, id, command, arg, args);
	nsl_json_free(none);
}

static void ctl_line(struct ctl_client *client, const char *line, size_t len)
{
	struct nsl_err err = { 0 };
	struct nsl_json *root = nsl_json_parse(line, len, &err);
	char id[160];

	if (!root || nsl_json_is(root, NSL_JSON_OBJECT, &err))
		ctl_put_error(client, "null", "invalid", NULL, err.text);
	else if (ctl_id(nsl_json_member(root, "id"), id))
		ctl_put_error(client, "null", "invalid", "id",
			      "id: must be a whole number or a short string");
	else
		ctl_request(client, id, root);
	nsl_json_free(root);
}

/* --- clients --- */

/* Requests whose commands asked to be told that the client is gone end now. */
static void ctl_tell_gone(struct ctl_client *client)
{
	struct ctl_req *req = client->ctl->reqs;

	while (req) {
		if (req->client != client || !req->gone) {
			req = req->next;
			continue;
		}
		req->gone(req->gone_arg);
		ctl_req_free(req);
		req = client->ctl->reqs;	/* it may have ended others */
	}
}

static void ctl_client_free(struct ctl_client *client)
{
	struct ctl_client **at = &client->ctl->clients;
	struct ctl_req *req;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	ctl_tell_gone(client);
	/* the others end by themselves, into nothing */
	for (req = client->ctl->reqs; req; req = req->next) {
		if (req->client == client)
			req->client = NULL;
	}
	bufferevent_free(client->bev);
	free(client);
}

/* Nothing more is read from it; what is open is answered still. */
static void ctl_client_end(struct ctl_client *client)
{
	client->ending = true;
	bufferevent_disable(client->bev, EV_READ);
	ctl_tell_gone(client);
	if (!client->open && !evbuffer_get_length(bufferevent_get_output(client->bev)))
		ctl_client_free(client);
}

static void ctl_readable(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct ctl_client *client = arg;
	size_t len;
	char *line;

	while (!client->ending && (line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF))) {
		ctl_line(client, line, len);
		free(line);
	}
	if (!client->ending && evbuffer_get_length(in) > CTL_LINE) {
		ctl_put_error(client, "null", "invalid", NULL, "the line is too long");
		ctl_client_end(client);
	}
}

static void ctl_drained(struct bufferevent *bev, void *arg)
{
	struct ctl_client *client = arg;

	(void)bev;
	if (client->ending && !client->open)
		ctl_client_free(client);
}

/*
 * A client may close its sending side after its last request, as a pipe from
 * a script does: it gets the answers to what is open, but streams end.
 */
static void ctl_client_event(struct bufferevent *bev, short what, void *arg)
{
	struct ctl_client *client = arg;

	(void)bev;
	if (what & BEV_EVENT_ERROR)
		ctl_client_free(client);
	else if (what & BEV_EVENT_EOF)
		ctl_client_end(client);
}

static bool ctl_in_group(int fd, gid_t gid, gid_t group)
{
	gid_t groups[CTL_GROUPS];
	socklen_t len = sizeof(groups);
	socklen_t i;

	if (gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (i = 0; i < len / sizeof(gid_t); i++) {
		if (groups[i] == group)
			return true;
	}
	return false;
}

/* The socket's mode says the same; this holds whatever became of the file. */
static bool ctl_may(int fd)
{
	const struct group *group = getgrnam(CTL_GROUP);
	socklen_t len = sizeof(struct ucred);
	struct ucred cred;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return false;
	if (cred.uid == 0 || cred.uid == geteuid())
		return true;
	return group && ctl_in_group(fd, cred.gid, group->gr_gid);
}

static void ctl_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
		       int len, void *arg)
{
	struct ctl_client *client = calloc(1, sizeof(*client));
	struct ctl *ctl = arg;

	(void)listener;
	(void)from;
	(void)len;
	if (client && ctl_may(fd))
		client->bev = bufferevent_socket_new(ctl->base, fd, BEV_OPT_CLOSE_ON_FREE |
						     BEV_OPT_DEFER_CALLBACKS);
	if (!client || !client->bev) {
		log_notice("a client of the control socket was refused");
		close(fd);
		free(client);
		return;
	}
	client->ctl = ctl;
	client->next = ctl->clients;
	ctl->clients = client;
	bufferevent_setcb(client->bev, ctl_readable, ctl_drained, ctl_client_event, client);
	bufferevent_enable(client->bev, EV_READ | EV_WRITE);
}

/* --- the socket --- */

/* A socket file that nobody answers on is a dead daemon's. */
static int ctl_clear(const struct sockaddr_un *sun, struct nsl_err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool alive;

	if (fd < 0)
		return nsl_err_set(err, errno, "%s: %s", sun->sun_path, strerror(errno));
	alive = !connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	close(fd);
	if (alive)
		return nsl_err_set(err, EBUSY, "%s: another sliced answers there", sun->sun_path);
	unlink(sun->sun_path);
	return 0;
}

static int ctl_bind(const struct sockaddr_un *sun, struct nsl_err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const struct group *group = getgrnam(CTL_GROUP);
	mode_t mask = umask(0117);
	int rc = fd < 0 ? -1 : bind(fd, (const struct sockaddr *)sun, sizeof(*sun));

	umask(mask);
	if (!rc && group)
		rc = chown(sun->sun_path, geteuid(), group->gr_gid);
	if (!rc)
		return fd;
	nsl_err_set(err, errno, "%s: %s", sun->sun_path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int ctl_listen(struct ctl *ctl, struct nsl_err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	memcpy(sun.sun_path, ctl->path, sizeof(sun.sun_path));
	if (ctl_clear(&sun, err))
		return -1;
	fd = ctl_bind(&sun, err);
	if (fd < 0)
		return -1;
	ctl->listener = evconnlistener_new(ctl->base, ctl_accept, ctl, LEV_OPT_CLOSE_ON_FREE |
					   LEV_OPT_CLOSE_ON_EXEC, 16, fd);
	if (!ctl->listener) {
		close(fd);
		return nsl_err_set(err, ENOMEM, "%s: cannot be listened on", ctl->path);
	}
	return 0;
}

/**
 * ctl_open - make the control socket
 * @base: the loop
 * @run_dir: where
 * @err: why not
 *
 * Context: before the loop runs. Clients are served once it does.
 * Return: it, or NULL.
 */
struct ctl *ctl_open(struct event_base *base, const char *run_dir, struct nsl_err *err)
{
	struct ctl *ctl = calloc(1, sizeof(*ctl));

	if (!ctl) {
		nsl_err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	ctl->base = base;
	if (snprintf(ctl->path, sizeof(ctl->path), "%s/sliced.sock", run_dir) >=
	    (int)sizeof(ctl->path)) {
		nsl_err_set(err, ENAMETOOLONG, "%s: the path is too long for a socket", run_dir);
		free(ctl);
		return NULL;
	}
	if (ctl_listen(ctl, err)) {
		free(ctl);
		return NULL;
	}
	return ctl;
}

int ctl_register(struct ctl *ctl, const struct ctl_command *commands, void *arg)
{
	struct ctl_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->commands = commands;
	table->arg = arg;
	table->next = ctl->tables;
	ctl->tables = table;
	return 0;
}

/**
 * ctl_stop - no more clients
 * @ctl: it
 *
 * Context: the loop has ended. What clients have not read is tried once more.
 */
void ctl_stop(struct ctl *ctl)
{
	if (ctl->listener) {
		evconnlistener_free(ctl->listener);
		ctl->listener = NULL;
		unlink(ctl->path);
	}
	while (ctl->clients) {
		struct bufferevent *bev = ctl->clients->bev;

		evbuffer_write(bufferevent_get_output(bev), bufferevent_getfd(bev));
		ctl_client_free(ctl->clients);
	}
}

void ctl_close(struct ctl *ctl)
{
	struct ctl_table *table;

	if (!ctl)
		return;
	ctl_stop(ctl);
	while (ctl->reqs)
		ctl_req_free(ctl->reqs);
	while ((table = ctl->tables)) {
		ctl->tables = table->next;
		free(table);
	}
	free(ctl);
}
