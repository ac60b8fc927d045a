// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/**
 * struct line - what has come of the answer so far
 * @text: bytes that were read
 * @len: how many
 * @size: allocated
 * @used: bytes of the line that was looked at last
 */
struct line {
	char *text;
	size_t len;
	size_t size;
	size_t used;
};

static int daemon_connect(struct ctl *ctl)
{
	const char *path = ctl->socket ? ctl->socket : DAEMON_SOCKET;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, code;

	if (strlen(path) >= sizeof(addr.sun_path))
		return nsl_err_set(&ctl->err, ENAMETOOLONG, "%.100s...: too long", path);
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	code = errno;
	if (fd >= 0)
		close(fd);
	return nsl_err_set(&ctl->err, code, "%s: %s%s", path, strerror(code),
			   code == ENOENT || code == ECONNREFUSED ?
			   ": is the daemon sliced running?" : "");
}

static int send_all(struct ctl *ctl, int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len) {
		n = send(fd, text, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return nsl_err_set(&ctl->err, errno, "sending to sliced: %s",
					   strerror(errno));
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int daemon_send(struct ctl *ctl, int fd, const struct daemon_request *request)
{
	struct nsl_jw w = { 0 };
	char *text;
	size_t len;
	int ret;

	nsl_jw_object(&w, NULL);
	nsl_jw_u64(&w, "id", 1);
	nsl_jw_str(&w, "cmd", request->cmd);
	nsl_jw_object(&w, "args");
	if (request->args)
		request->args(&w, request->ctx);
	nsl_jw_end(&w);
	nsl_jw_end(&w);
	text = nsl_jw_take(&w);
	if (!text)
		return nsl_err_set(&ctl->err, ENOMEM, "out of memory");
	len = strlen(text);
	text[len] = '\n';
	ret = send_all(ctl, fd, text, len + 1);
	free(text);
	return ret;
}

static int line_room(struct line *line)
{
	size_t size = line->size ? line->size * 2 : 65536;
	char *text;

	if (line->len < line->size)
		return 0;
	if (line->len > NSL_JSON_SIZE)
		return -EMSGSIZE;
	text = realloc(line->text, size);
	if (!text)
		return -ENOMEM;
	line->text = text;
	line->size = size;
	return 0;
}

/* Return: length of the next line without its end, or a negative errno. */
static ssize_t line_next(struct line *line, int fd)
{
	size_t looked = 0;
	char *end;
	ssize_t n;

	line->len -= line->used;
	memmove(line->text, line->text + line->used, line->len);
	for (;;) {
		end = memchr(line->text + looked, '\n', line->len - looked);
		if (end) {
			line->used = (size_t)(end - line->text) + 1;
			return end - line->text;
		}
		looked = line->len;
		if (line_room(line))
			return -EMSGSIZE;
		n = recv(fd, line->text + line->len, line->size - line->len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		line->len += (size_t)n;
	}
}

static int answer_error(struct ctl *ctl, const struct nsl_json *answer)
{
	const char *text = "refused without a reason", *arg = NULL, *code = "failed";
	const struct nsl_json *error;

	if (nsl_json_get_object(answer, "error", &error, NULL) == 1) {
		nsl_json_get_str(error, "text", &text, NULL);
		nsl_json_get_str(error, "arg", &arg, NULL);
		nsl_json_get_str(error, "code", &code, NULL);
	}
	/* The user wrote no request: its members are the words of the command. */
	if (!strncmp(text, "args.", 5))
		text += 5;
	if (arg && !strstr(text, arg))
		return nsl_err_set(&ctl->err, EPROTO, "%s: %s", arg, text);
	return nsl_err_set(&ctl->err, EPROTO, "%s", text);
}

/* Return: 1 for an event, 0 for the end, or a negative errno. */
static int answer_one(struct ctl *ctl, const struct daemon_request *request,
		      const struct nsl_json *answer)
{
	const struct nsl_json *part;
	bool good = false;

	if (nsl_json_get_object(answer, "event", &part, NULL) == 1) {
		if (request->event)
			request->event(part, request->ctx);
		return 1;
	}
	if (nsl_json_need_bool(answer, "ok", &good, &ctl->err) < 0)
		return nsl_err_prefix(&ctl->err, "sliced's answer");
	if (!good)
		return answer_error(ctl, answer);
	if (request->result && nsl_json_get_object(answer, "result", &part, NULL) == 1)
		return request->result(part, request->ctx);
	return 0;
}

static int daemon_answer(struct ctl *ctl, int fd, const struct daemon_request *request)
{
	struct line line = { 0 };
	struct nsl_json *answer;
	ssize_t len;
	int ret = line_room(&line) ? -ENOMEM : 1;

	while (ret > 0) {
		len = line_next(&line, fd);
		if (len < 0) {
			ret = nsl_err_set(&ctl->err, (int)-len, "sliced ended the connection: %s",
					  strerror((int)-len));
			break;
		}
		answer = nsl_json_parse(line.text, (size_t)len, &ctl->err);
		if (!answer) {
			ret = nsl_err_prefix(&ctl->err, "sliced's answer");
			break;
		}
		ret = answer_one(ctl, request, answer);
		nsl_json_free(answer);
	}
	free(line.text);
	return ret;
}

/**
 * daemon_ask - make a request of sliced and wait for its end
 * @ctl: this run
 * @request: the request
 *
 * Return: 0 or a negative errno.
 */
int daemon_ask(struct ctl *ctl, const struct daemon_request *request)
{
	int fd = daemon_connect(ctl), ret;

	if (fd < 0)
		return fd;
	ret = daemon_send(ctl, fd, request);
	if (!ret)
		ret = daemon_answer(ctl, fd, request);
	close(fd);
	return ret;
}

void daemon_put(struct nsl_jw *w, const struct args *args, enum extra extra, const char *name)
{
	if (args->has[extra])
		nsl_jw_str(w, name, args->text[extra]);
}

/**
 * daemon_path - a path as the daemon, which runs elsewhere, can open it
 * @ctl: this run
 * @path: a path
 * @out: gets it from the root
 * @size: of @out
 *
 * Return: 0 or a negative errno.
 */
int daemon_path(struct ctl *ctl, const char *path, char *out, size_t size)
{
	char *full = realpath(path, NULL);
	int ret = 0;

	if (!full)
		return nsl_err_set(&ctl->err, errno, "\"%.100s\": %s", path, strerror(errno));
	if (strlen(full) >= size)
		ret = nsl_err_set(&ctl->err, ENAMETOOLONG, "\"%.100s\": too long", path);
	else
		strcpy(out, full);
	free(full);
	return ret;
}

/* ---- printing ---- */

static void print_scalar(const struct nsl_json *v)
{
	struct nsl_jw w = { 0 };
	const char *text;
	char *json;

	if (!nsl_json_str(v, &text, NULL)) {
		fputs(text, stdout);
		return;
	}
	nsl_jw_json(&w, NULL, v);
	json = nsl_jw_take(&w);
	fputs(json ? json : "?", stdout);
	free(json);
}

static bool is_scalar(const struct nsl_json *v)
{
	enum nsl_json_type type = nsl_json_type(v);

	return type != NSL_JSON_ARRAY && type != NSL_JSON_OBJECT;
}

static void print_indent(unsigned int depth)
{
	fputc('\n', stdout);
	while (depth--)
		fputs("    ", stdout);
}

/* An empty string says nothing. */
static bool is_shown(const struct nsl_json *v)
{
	const char *text;

	return is_scalar(v) && (nsl_json_str(v, &text, NULL) || text[0]);
}

static void print_tree(const struct nsl_json *v, unsigned int depth);

/* Scalars in the line, the first without its name; what contains more beneath. */
static void print_object(const struct nsl_json *v, unsigned int depth)
{
	const struct nsl_json *c;
	bool first = true;

	nsl_json_for_each(c, v) {
		if (!is_shown(c))
			continue;
		if (!first)
			printf(" %s ", nsl_json_name(c));
		print_scalar(c);
		first = false;
	}
	nsl_json_for_each(c, v) {
		if (is_scalar(c) || !nsl_json_count(c))
			continue;
		if (!first)
			print_indent(depth + 1);
		printf("%s", nsl_json_name(c));
		first = false;
		print_tree(c, depth + 1);
	}
}

static void print_tree(const struct nsl_json *v, unsigned int depth)
{
	const struct nsl_json *c;

	if (nsl_json_type(v) == NSL_JSON_OBJECT) {
		print_indent(depth + 1);
		print_object(v, depth + 1);
		return;
	}
	nsl_json_for_each(c, v) {
		if (is_scalar(c)) {
			fputc(' ', stdout);
			print_scalar(c);
		} else {
			print_tree(c, depth);
		}
	}
}

/* A result that is nothing but a list stands for it. */
static const struct nsl_json *whole(const struct nsl_json *v)
{
	const struct nsl_json *only = nsl_json_first(v);

	return nsl_json_count(v) == 1 && nsl_json_type(only) == NSL_JSON_ARRAY ? only : v;
}

static void print_json(struct out *o, const struct nsl_json *v, bool pretty)
{
	struct nsl_jw w = { .pretty = pretty && o->pretty };
	char *text;

	nsl_jw_json(&w, NULL, v);
	text = nsl_jw_take(&w);
	puts(text ? text : "null");
	free(text);
}

void daemon_print(struct out *o, const struct nsl_json *v)
{
	const struct nsl_json *c;

	v = whole(v);
	if (o->json) {
		print_json(o, v, true);
		return;
	}
	if (nsl_json_type(v) != NSL_JSON_ARRAY) {
		if (!nsl_json_count(v))
			return;
		print_object(v, 0);
		fputc('\n', stdout);
		return;
	}
	nsl_json_for_each(c, v) {
		if (is_scalar(c))
			print_scalar(c);
		else
			print_object(c, 0);
		fputc('\n', stdout);
	}
}

void daemon_print_line(struct out *o, const struct nsl_json *v)
{
	if (o->json) {
		print_json(o, v, false);
	} else {
		print_object(v, 0);
		fputc('\n', stdout);
	}
	fflush(stdout);
}
