// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/release.c agent/sliced/intake.c agent/sliced/fetch.c agent/sliced/serve.c */
/* link: agent/sliced/ctl_release.c agent/sliced/bundle.c agent/sliced/manifest.c */
/* link: agent/sliced/peer.c agent/sliced/peers.c agent/sliced/peer_conn.c agent/sliced/link.c */
/* link: agent/sliced/ask.c agent/sliced/flow.c agent/sliced/wire.c agent/sliced/wire_join.c */
/* link: agent/sliced/tls.c agent/sliced/node.c agent/sliced/config.c agent/sliced/store.c */
/* link: agent/sliced/store_tx.c agent/sliced/store_schema.c agent/sliced/mailbox.c */
/* link: agent/sliced/work.c agent/sliced/log.c */
/* link: agent/lib/err.c agent/lib/json.c agent/lib/jsonscan.c agent/lib/jsonw.c */
/*
 * The table of releases on two nodes, joined by real TLS: imported, fetched,
 * kept over a restart, removed; and what a broken bundle, node or connection
 * does to it: nothing.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "sliced/ctl.h"
#include "sliced/fetch.h"
#include "sliced/log.h"
#include "sliced/peers.h"
#include "sliced/program.h"
#include "sliced/release.h"
#include "sliced/sliced.h"
#include "sliced/store.h"
#include "sliced/work.h"
#include "release_nodes.h"

/* --- what stands in for others --- */

static struct {
	unsigned int	answers;
	bool		ok;
	char		code[32];
	char		text[500];
} said;
static const struct ctl_command *commands;

int ctl_register(struct ctl *ctl, const struct ctl_command *table, void *arg)
{
	(void)ctl;
	(void)arg;
	commands = table;
	return 0;
}

void ctl_ok(struct ctl_req *req, struct nsl_jw *result)
{
	char *text = result ? nsl_jw_take(result) : NULL;

	(void)req;
	said.answers++;
	said.ok = true;
	snprintf(said.text, sizeof(said.text), "%s", text ? text : "{}");
	free(text);
}

void ctl_fail(struct ctl_req *req, const char *code, const char *arg, const char *fmt, ...)
{
	va_list ap;

	(void)req;
	(void)arg;
	said.answers++;
	said.ok = false;
	snprintf(said.code, sizeof(said.code), "%s", code);
	va_start(ap, fmt);
	vsnprintf(said.text, sizeof(said.text), fmt, ap);
	va_end(ap);
}

void ctl_fail_err(struct ctl_req *req, const struct nsl_err *err)
{
	ctl_fail(req, "invalid", NULL, "%s", err->text);
}

/* The kernel takes programs that begin with "good". */
int program_load_wait(const char *path, struct nsl_err *err)
{
	char text[5] = "";
	int fd = open(path, O_RDONLY);
	ssize_t len = read(fd, text, 4);

	if (len == 4 && !strcmp(text, "good"))
		return fd;
	close(fd);
	return nsl_err_set(err, EACCES, "the kernel refuses the program");
}

static void setup(void)
{
	log_setup("test", false);
	signal(SIGPIPE, SIG_IGN);
	strcpy(top + strlen(top) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	base = event_base_new();
	memset(&said, 0, sizeof(said));
	side_make(&a, "a", true);
	side_make(&b, "b", true);
}

static void teardown(void)
{
	side_close(&a);
	side_close(&b);
	event_base_free(base);
	run("rm -r %s", top);
}

/* --- releases --- */

/* A bundle in @top/NAME-VERSION; its file "data" has @size bytes. */
static void make_bundle(const char *name, const char *version, unsigned int size,
			const char *program)
{
	run("mkdir -p %s/%s-%s/sub && cd %s/%s-%s && echo run > worker && : > sub/empty && "
	    "head -c %u /dev/urandom > data && printf '%s' > p.o && "
	    "printf '{\"name\":\"%s\",\"version\":\"%s\",\"schemas\":[1],\"worker\":\"worker\","
	    "\"program\":\"p.o\",\"files\":{\"worker\":\"%%s\",\"sub/empty\":\"%%s\",\"data\":\"%%s\","
	    "\"p.o\":\"%%s\"}}' $(for f in worker sub/empty data p.o; do "
	    "sha256sum < $f | cut -c-64; done) > manifest.json",
	    top, name, version, top, name, version, size, program, name, version);
}

static struct {
	unsigned int		count;
	bool			ok;
	char			hash[MANIFEST_HASH_LEN + 1];
	char			why[500];
} got;

static void on_done(void *arg, const struct release *r, const char *why)
{
	ck_assert_ptr_eq(arg, &got);
	ck_assert(!r == !!why);
	got.count++;
	got.ok = r;
	snprintf(got.hash, sizeof(got.hash), "%s", r ? r->hash : "");
	snprintf(got.why, sizeof(got.why), "%s", why ? why : "");
}

static void import(struct side *s, const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	got.count = 0;
	release_import(s->sliced.releases, path, on_done, &got);
	ck_assert_uint_eq(got.count, 0);
	until(got.count);
}

static void import_good(struct side *s, const char *name)
{
	import(s, name);
	ck_assert_msg(got.ok, "%s", got.why);
}

/* Places and what is staged. */
static unsigned int entries(const struct side *s)
{
	struct dirent *entry;
	unsigned int count = 0;
	char path[100];
	DIR *d;

	snprintf(path, sizeof(path), "%s/releases", s->dir);
	d = opendir(path);
	while (d && (entry = readdir(d)))
		count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	if (d)
		closedir(d);
	return count;
}

START_TEST(test_import)
{
	const struct release *r;
	struct nsl_err err;
	char hash[MANIFEST_HASH_LEN + 1];

	make_bundle("base", "1.0", 1000, "good");
	import_good(&a, "base-1.0");
	strcpy(hash, got.hash);
	import_good(&a, "base-1.0");	/* again: the same */
	ck_assert_str_eq(got.hash, hash);
	r = release_find(a.sliced.releases, hash);
	ck_assert_ptr_nonnull(r);
	ck_assert_ptr_eq(release_find_named(a.sliced.releases, "base", "1.0"), r);
	ck_assert_ptr_eq(release_resolve(a.sliced.releases, "base-1.0", &err), r);
	ck_assert_ptr_eq(release_resolve(a.sliced.releases, hash, &err), r);
	hash[10] = '\0';
	ck_assert_ptr_eq(release_resolve(a.sliced.releases, hash, &err), r);
	hash[5] = '\0';
	ck_assert_ptr_null(release_resolve(a.sliced.releases, hash, &err));
	ck_assert_ptr_null(release_resolve(a.sliced.releases, "base-1.1", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "base-1.1"));
	ck_assert_int_eq(access(r->worker, X_OK), 0);
	ck_assert_int_eq(access(r->program, R_OK), 0);
	until(entries(&a) == 1);
}
END_TEST

START_TEST(test_import_wrong)
{
	make_bundle("base", "1.0", 1000, "good");
	make_bundle("bad", "1.0", 1000, "evil");
	import(&a, "bad-1.0");
	ck_assert(!got.ok);
	ck_assert_str_eq(got.why, "p.o: the kernel refuses the program");
	run("echo x >> %s/base-1.0/data", top);
	import(&a, "base-1.0");
	ck_assert(!got.ok);
	ck_assert_ptr_nonnull(strstr(got.why, "data: its hash is"));
	ck_assert_ptr_null(release_next(a.sliced.releases, NULL));
	until(entries(&a) == 0);
}
END_TEST

/* One name and version is one content. */
START_TEST(test_clash)
{
	make_bundle("base", "1.0", 1000, "good");
	import_good(&a, "base-1.0");
	make_bundle("base", "1.0", 1000, "good");
	import(&a, "base-1.0");
	ck_assert(!got.ok);
	ck_assert_ptr_nonnull(strstr(got.why, "another release base-1.0"));
	until(entries(&a) == 1);
}
END_TEST

/* Kept over a restart; what a crash left is gone; what is damaged is mended by an import. */
START_TEST(test_restart)
{
	const struct release *r;

	make_bundle("base", "1.0", 1000, "good");
	make_bundle("base", "1.1", 1000, "good");
	import_good(&a, "base-1.0");
	import_good(&a, "base-1.1");
	side_close(&a);
	run("cd %s/releases && mkdir -p .tmp-1/x $(printf %%064d 5) && rm %s/worker", a.dir, got.hash);
	side_open(&a, true);
	ck_assert_uint_eq(entries(&a), 2);
	ck_assert_ptr_nonnull(release_find_named(a.sliced.releases, "base", "1.0"));
	ck_assert_ptr_null(release_find(a.sliced.releases, got.hash));
	for (r = release_next(a.sliced.releases, NULL); r && !r->damage;
	     r = release_next(a.sliced.releases, r))
		;
	ck_assert_ptr_nonnull(r);
	ck_assert_ptr_nonnull(strstr(r->damage, "worker: is missing"));
	import_good(&a, "base-1.1");
	r = release_find(a.sliced.releases, got.hash);
	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(access(r->worker, X_OK), 0);
	until(entries(&a) == 2);
}
END_TEST

static void fetch(struct side *s, const char *hash)
{
	got.count = 0;
	release_fetch(s->sliced.releases, other(s), hash, on_done, &got);
	ck_assert_uint_eq(got.count, 0);
	until(got.count);
}

static const unsigned int sizes[] = { 0, 1, FETCH_CHUNK, FETCH_CHUNK + 1, 5000000 };

START_TEST(test_fetch)
{
	char hash[MANIFEST_HASH_LEN + 1];

	join();
	make_bundle("base", "1.0", sizes[_i], "good");
	import_good(&b, "base-1.0");
	strcpy(hash, got.hash);
	release_fetch(a.sliced.releases, other(&a), hash, on_done, &got);
	release_fetch(a.sliced.releases, other(&a), hash, on_done, &got);
	got.count = 0;
	until(got.count == 2);
	ck_assert_msg(got.ok, "%s", got.why);
	ck_assert_str_eq(got.hash, hash);
	run("diff -r %s/releases/%s %s/releases/%s", a.dir, hash, b.dir, hash);
	ck_assert_int_eq(access(release_find(a.sliced.releases, hash)->worker, X_OK), 0);
	fetch(&a, hash);	/* it is here */
	ck_assert(got.ok);
	until(entries(&a) == 1);
}
END_TEST

/* More than run at a time. */
START_TEST(test_fetch_many)
{
	char name[20], hash[5][MANIFEST_HASH_LEN + 1];
	unsigned int i;

	join();
	for (i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "1.%u", i);
		make_bundle("base", name, 300000 * i, "good");
		snprintf(name, sizeof(name), "base-1.%u", i);
		import_good(&b, name);
		strcpy(hash[i], got.hash);
	}
	got.count = 0;
	for (i = 0; i < 5; i++)
		release_fetch(a.sliced.releases, other(&a), hash[i], on_done, &got);
	until(got.count == 5);
	for (i = 0; i < 5; i++)
		ck_assert_ptr_nonnull(release_find(a.sliced.releases, hash[i]));
}
END_TEST

START_TEST(test_fetch_none)
{
	char none[MANIFEST_HASH_LEN + 1];

	snprintf(none, sizeof(none), "%064d", 7);
	join();
	fetch(&a, none);
	ck_assert(!got.ok);
	ck_assert_ptr_nonnull(strstr(got.why, "it has no release"));
	fetch(&a, "../../etc");
	ck_assert(!got.ok);
}
END_TEST

/* The other node's copy has changed on its disk. */
START_TEST(test_fetch_spoilt)
{
	char hash[MANIFEST_HASH_LEN + 1];

	join();
	make_bundle("base", "1.0", 100000, "good");
	import_good(&b, "base-1.0");
	strcpy(hash, got.hash);
	run("echo x >> %s/releases/%s/data", b.dir, hash);
	fetch(&a, hash);
	ck_assert(!got.ok);
	ck_assert_ptr_nonnull(strstr(got.why, "data: its hash is"));
	until(entries(&a) == 0);
	run("rm %s/releases/%s/data", b.dir, hash);
	fetch(&a, hash);
	ck_assert(!got.ok);
	ck_assert_ptr_nonnull(strstr(got.why, "could not read"));
	until(entries(&a) == 0);
}
END_TEST

START_TEST(test_fetch_cut)
{
	char hash[MANIFEST_HASH_LEN + 1];
	int i;

	join();
	make_bundle("base", "1.0", 8000000, "good");
	import_good(&b, "base-1.0");
	strcpy(hash, got.hash);
	got.count = 0;
	release_fetch(a.sliced.releases, other(&a), hash, on_done, &got);
	for (i = 0; i < 500 && !entries(&a); i++)
		tick();		/* it is coming */
	peer_drop(other(&a), "test");
	until(got.count);
	ck_assert(!got.ok);
	until(entries(&a) == 0);
	until(peer_is_up(other(&a)) && peer_is_up(other(&b)));
	run_ms(200);
	fetch(&a, hash);
	ck_assert_msg(got.ok, "%s", got.why);
}
END_TEST

/* The daemon ends in the middle: nothing is called afterwards, nothing leaks. */
START_TEST(test_fetch_end)
{
	char hash[MANIFEST_HASH_LEN + 1];
	int i;

	join();
	make_bundle("base", "1.0", 8000000, "good");
	import_good(&b, "base-1.0");
	strcpy(hash, got.hash);
	release_fetch(a.sliced.releases, other(&a), hash, on_done, &got);
	for (i = 0; i < _i * 5; i++)
		tick();
	release_forget(a.sliced.releases, &got);
	side_close(&a);
	side_open(&a, true);
	ck_assert_uint_le(entries(&a), 1);
}
END_TEST

/* --- an evil node --- */

struct part {
	uint32_t file, flags;
	uint64_t offset;
	const char *data;
};

static const struct part evil[][4] = {
	{ { 1, 1, 0, "x" } },				/* no manifest first */
	{ { 0, 1, 0, "{}" } },				/* a wrong one */
	{ { 0, 0, 0, "M" }, { 0, 1, 1, "M" } },
	{ { 0, 1, 0, "M" }, { 2, 1, 0, "x" } },		/* another file than the next */
	{ { 0, 1, 0, "M" }, { 1, 0, 5, "x" } },		/* not its beginning */
	{ { 0, 1, 0, "M" }, { 1, 0, 0, "x" }, { 1, 1, 0, "x" } },
	{ { 0, 3, 0, "M" } },				/* the last, too early */
	{ { 0, 1, 0, "M" }, { 1, 2, 0, "run\n" } },	/* the last, without an end */
	{ { 0, 1, 0, "M" }, { 1, 3, 0, "other\n" } },	/* another content */
	{ { 0, 1, 0, "M" }, { 1, 4, 0, "" } },
	{ { 0, 1, 0, "M" }, { 1, 3, 0, "run\n" } },	/* another release than was asked for */
	{ { 0, 1, 0, "M" }, { 0xffffffff, 1, 0, "x" } },
};

#define SOME_HASH "8e6b6bd1cb66e6c5a2ae8f1eb9a0c0f1b1d8a6d4e23b6a3c7f4a4f6a2b4f3d11"

static void evil_asked(void *arg, const struct peer_msg *msg)
{
	static const char manifest[] = "{\"name\":\"e\",\"version\":\"1\",\"schemas\":[1],"
		"\"worker\":\"w\",\"files\":{\"w\":\"%s\"}}";
	const struct part *p = arg;
	struct fetch_head head = { 0 };
	uint8_t body[FETCH_HEAD_LEN + 600];
	unsigned char digest[32];
	char hash[65], data[600];
	const char *want;
	unsigned int i;

	ck_assert_int_gt(nsl_json_need_str(msg->json, "hash", &want, NULL), 0);
	EVP_Digest("run\n", 4, digest, NULL, EVP_sha256(), NULL);
	for (i = 0; i < 32; i++)
		snprintf(hash + 2 * i, 3, "%02x", digest[i]);
	peer_answer(peer_token(msg), NULL);
	for (i = 0; i < 4 && p[i].data; i++) {
		strcpy(head.hash, want);
		head.file = p[i].file;
		head.flags = p[i].flags;
		head.offset = p[i].offset;
		if (!strcmp(p[i].data, "M"))
			snprintf(data, sizeof(data), manifest, hash);
		else
			snprintf(data, sizeof(data), "%s", p[i].data);
		fetch_put_head(body, &head);
		memcpy(body + FETCH_HEAD_LEN, data, strlen(data));
		peer_send_data(msg->peer, WIRE_RELEASE_CHUNK, "", body, FETCH_HEAD_LEN + strlen(data));
	}
}

START_TEST(test_evil)
{
	side_close(&b);
	side_make(&b, "c", false);
	peers_handle(b.sliced.peers, WIRE_NEED_RELEASE, evil_asked, (void *)evil[_i]);
	join();
	fetch(&a, SOME_HASH);
	ck_assert(!got.ok);
	ck_assert(got.why[0]);
	until(entries(&a) == 0);
	ck_assert_ptr_null(release_next(a.sliced.releases, NULL));
	ck_assert(peer_is_up(other(&a)));
}
END_TEST

/* What nobody asked for is dropped; what has no head shows a broken node. */
START_TEST(test_unasked)
{
	uint8_t body[FETCH_HEAD_LEN] = { 0 };

	join();
	peer_send_data(other(&b), WIRE_RELEASE_CHUNK, "", body, sizeof(body));
	run_ms(200);
	ck_assert(peer_is_up(other(&a)));
	peer_send_data(other(&b), WIRE_RELEASE_CHUNK, "", body, 7);
	until(!peer_is_up(other(&a)));
}
END_TEST

/* --- commands --- */

static void command(struct side *s, const char *name, const char *fmt, ...)
{
	const struct ctl_command *c = commands;
	struct nsl_json *args;
	char text[500];
	va_list ap;

	while (strcmp(c->name, name))
		c++;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	args = nsl_json_parse(text, strlen(text), NULL);
	ck_assert_ptr_nonnull(args);
	memset(&said, 0, sizeof(said));
	c->run(s->sliced.releases, NULL, args);
	nsl_json_free(args);
	until(said.answers);
	ck_assert_uint_eq(said.answers, 1);
}

START_TEST(test_commands)
{
	const struct release *r;

	make_bundle("base", "1.0", 10, "good");
	command(&a, "release.import", "{\"path\":\"base-1.0\"}");
	ck_assert_str_eq(said.code, "invalid");
	command(&a, "release.import", "{\"path\":\"%s/none\"}", top);
	ck_assert_str_eq(said.code, "refused");
	command(&a, "release.import", "{\"path\":\"%s/base-1.0\"}", top);
	ck_assert(said.ok);
	command(&a, "release.show", "{}");
	ck_assert_ptr_nonnull(strstr(said.text, "\"name\":\"base\",\"version\":\"1.0\""));
	command(&a, "release.show", "{\"release\":\"base-9\"}");
	ck_assert_str_eq(said.code, "unknown");
	r = release_hold(release_find_named(a.sliced.releases, "base", "1.0"));
	command(&a, "release.remove", "{\"release\":\"base-1.0\"}");
	ck_assert_str_eq(said.code, "busy");
	release_put(r);
	command(&a, "release.remove", "{}");
	ck_assert_str_eq(said.code, "invalid");
	command(&a, "release.remove", "{\"hash\":\"%s\"}", r->hash);
	ck_assert(said.ok);
	ck_assert_ptr_null(release_next(a.sliced.releases, NULL));
	ck_assert_uint_eq(entries(&a), 0);
	import_good(&a, "base-1.0");
}
END_TEST

static void stored(void *arg, const struct store_result *res)
{
	*(int *)arg = res->error ? res->error : 1;
}

/* The store knows what slices run. */
START_TEST(test_remove_in_use)
{
	struct store_tx *tx;
	int done = 0;

	make_bundle("base", "1.0", 10, "good");
	import_good(&a, "base-1.0");
	tx = store_tx_new(a.sliced.store);
	store_add(tx, SQL_SLICE_NEW, "ssissiuunnui", "red", "{}", (int64_t)1, got.hash, got.hash,
		  (int64_t)1, (uint64_t)1, (uint64_t)1, (uint64_t)1, (int64_t)0);
	store_commit(tx, stored, &done);
	until(done);
	ck_assert_int_eq(done, 1);
	command(&a, "release.remove", "{\"release\":\"base-1.0\"}");
	ck_assert_str_eq(said.code, "busy");
	ck_assert_ptr_nonnull(release_find(a.sliced.releases, got.hash));
	ck_assert_uint_eq(entries(&a), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("release");
	TCase *tc = tcase_create("release");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 2 * LIMIT_S);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_import);
	tcase_add_test(tc, test_import_wrong);
	tcase_add_test(tc, test_clash);
	tcase_add_test(tc, test_restart);
	tcase_add_loop_test(tc, test_fetch, 0, (int)(sizeof(sizes) / sizeof(sizes[0])));
	tcase_add_test(tc, test_fetch_many);
	tcase_add_test(tc, test_fetch_none);
	tcase_add_test(tc, test_fetch_spoilt);
	tcase_add_test(tc, test_fetch_cut);
	tcase_add_loop_test(tc, test_fetch_end, 0, 8);
	tcase_add_loop_test(tc, test_evil, 0, (int)(sizeof(evil) / sizeof(evil[0])));
	tcase_add_test(tc, test_unasked);
	tcase_add_test(tc, test_commands);
	tcase_add_test(tc, test_remove_in_use);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
