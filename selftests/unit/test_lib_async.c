// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/lib/async.c agent/lib/events.c agent/lib/attrs.c agent/lib/name.c */
/* link: agent/lib/msg.c agent/lib/refusal.c agent/lib/route.c agent/lib/err.c */
/*
 * The asynchronous client and the listener, with the kernel played by the test
 * at the other end of a socket pair.
 */
#include <check.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/netslice.h"
#include "lib/sock.h"

#define FAMILY	33

static int kernel = -1;
static char got[512], log_text[512];
static uint64_t answer[NSL_RECV_SIZE / 8];

/* In place of agent/lib/sock.c. */
int nsl_sock_open(struct nsl_sock *s, int bus, const char *netns, struct nsl_err *err)
{
	int pair[2];

	(void)bus;
	(void)netns;
	memset(s, 0, sizeof(*s));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		return nsl_err_set(err, errno, "socketpair");
	kernel = pair[1];
	s->nl = mnl_socket_fdopen(pair[0]);
	return 0;
}

int nsl_sock_family(struct nsl_sock *s, struct nsl_err *err)
{
	(void)err;
	s->family = FAMILY;
	s->group = 1;
	return 0;
}

void nsl_sock_close(struct nsl_sock *s)
{
	if (s->nl)
		mnl_socket_close(s->nl);
	s->nl = NULL;
}

/* The multicast group is joined on the socket: say yes. */
int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len)
{
	(void)nl;
	(void)type;
	(void)buf;
	(void)len;
	return 0;
}

/* ---- the kernel ---- */

static struct nlmsghdr *request(void)
{
	static uint64_t buf[NSL_MSG_SIZE / 8];
	struct pollfd fd = { .fd = kernel, .events = POLLIN };

	ck_assert_int_eq(poll(&fd, 1, 20000), 1);
	ck_assert_int_gt(recv(kernel, buf, sizeof(buf), 0), 0);
	return (struct nlmsghdr *)buf;
}

static bool nothing_comes(void)
{
	struct pollfd fd = { .fd = kernel, .events = POLLIN };

	return !poll(&fd, 1, 50);
}

static void reply(uint32_t seq, uint16_t flags, const char *slice, uint64_t event_seq)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(answer);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));

	genl->cmd = event_seq ? NETSLICE_CMD_EVENT : NETSLICE_CMD_SLICE_GET;
	nlh->nlmsg_type = FAMILY;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = seq;
	mnl_attr_put_strz(nlh, NETSLICE_A_SLICE, slice);
	if (event_seq)
		mnl_attr_put_u64(nlh, NETSLICE_A_EVENT_SEQ, event_seq);
	ck_assert_int_gt(send(kernel, nlh, nlh->nlmsg_len, 0), 0);
}

static void finish(uint16_t type, uint32_t seq, uint16_t flags, int error)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(answer);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags | NLM_F_CAPPED | NLM_F_ACK_TLVS;
	nlh->nlmsg_seq = seq;
	e->error = error;
	if (error)
		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "because");
	ck_assert_int_gt(send(kernel, nlh, nlh->nlmsg_len, 0), 0);
}

/* ---- the program ---- */

static int on_reply(const struct nsl_reply *r, void *ctx)
{
	snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s:%s ", (char *)ctx, r->a.slice);
	return strcmp(r->a.slice, "bad") ? 0 : -EILSEQ;
}

static void on_done(int code, const struct nsl_err *err, void *ctx)
{
	snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s=%d ", (char *)ctx, code);
	if (code)
		snprintf(log_text, sizeof(log_text), "%s", err->text);
}

static void ask(struct nsl_async *a, char *name, bool dump, unsigned int flags)
{
	struct nsl_attrs attrs = { 0 };

	nsl_set_slice(&attrs, name);
	ck_assert_int_eq(nsl_async_request(a, NETSLICE_CMD_SLICE_GET, &attrs, dump, flags,
					   on_reply, on_done, name, NULL), 0);
}

static void dispatch(struct nsl_async *a)
{
	struct pollfd fd = { .fd = nsl_async_fd(a), .events = POLLIN };

	ck_assert_int_eq(poll(&fd, 1, 20000), 1);
	ck_assert_int_eq(nsl_async_dispatch(a, NULL), 0);
}

static bool asks_for(const struct nlmsghdr *nlh, const char *slice)
{
	struct nsl_reply r;

	ck_assert_uint_eq(nlh->nlmsg_type, FAMILY);
	return !nsl_parse(nlh, &r, NULL) && !strcmp(r.a.slice, slice);
}

static struct nsl_async *open_async(void)
{
	struct nsl_async *a;

	ck_assert_int_eq(nsl_async_open(&a, NULL, NULL), 0);
	return a;
}

START_TEST(test_one_after_the_other)
{
	struct nsl_async *a = open_async();
	struct nlmsghdr *nlh;

	ask(a, "one", false, 0);
	ask(a, "two", false, 0);
	ask(a, "three", false, 0);
	ask(a, "urgent", false, NSL_ASYNC_FIRST);
	ask(a, "urgent2", false, NSL_ASYNC_FIRST);
	ck_assert_uint_eq(nsl_async_pending(a), 5);
	nlh = request();
	ck_assert(asks_for(nlh, "one"));
	ck_assert(nothing_comes());
	ck_assert_int_eq(nsl_async_dispatch(a, NULL), 0);
	ck_assert_str_eq(got, "");
	reply(nlh->nlmsg_seq, 0, "red", 0);
	reply(nlh->nlmsg_seq + 9, 0, "of nobody", 0);
	finish(NLMSG_ERROR, nlh->nlmsg_seq, 0, 0);
	while (nsl_async_pending(a) == 5)
		dispatch(a);
	ck_assert_str_eq(got, "one:red one=0 ");
	nlh = request();
	ck_assert(asks_for(nlh, "urgent"));
	finish(NLMSG_ERROR, nlh->nlmsg_seq, 0, -ESTALE);
	dispatch(a);
	ck_assert_str_eq(log_text, "because (kernel: Stale file handle)");
	nlh = request();
	ck_assert(asks_for(nlh, "urgent2"));
	finish(NLMSG_ERROR, nlh->nlmsg_seq, 0, 0);
	dispatch(a);
	nlh = request();
	ck_assert(asks_for(nlh, "two"));
	finish(NLMSG_ERROR, nlh->nlmsg_seq, 0, 0);
	dispatch(a);
	ck_assert(asks_for(request(), "three"));
	got[0] = '\0';
	nsl_async_close(a);
	ck_assert_str_eq(got, "three=-125 ");
}
END_TEST

START_TEST(test_dump)
{
	struct nsl_async *a = open_async();
	struct nlmsghdr *nlh;

	ask(a, "dump", true, 0);
	nlh = request();
	ck_assert(nlh->nlmsg_flags & NLM_F_DUMP);
	reply(nlh->nlmsg_seq, NLM_F_MULTI, "a", 0);
	reply(nlh->nlmsg_seq, NLM_F_MULTI, "b", 0);
	finish(NLMSG_DONE, nlh->nlmsg_seq, NLM_F_MULTI, 0);
	while (nsl_async_pending(a))
		dispatch(a);
	ck_assert_str_eq(got, "dump:a dump:b dump=0 ");

	got[0] = '\0';
	ask(a, "dump", true, 0);
	nlh = request();
	reply(nlh->nlmsg_seq, NLM_F_MULTI, "a", 0);
	reply(nlh->nlmsg_seq, NLM_F_MULTI | NLM_F_DUMP_INTR, "b", 0);
	finish(NLMSG_DONE, nlh->nlmsg_seq, NLM_F_MULTI, 0);
	while (nsl_async_pending(a))
		dispatch(a);
	ck_assert_str_eq(got, "dump:a dump:b dump=-4 ");

	got[0] = '\0';
	ask(a, "dump", true, 0);
	nlh = request();
	reply(nlh->nlmsg_seq, NLM_F_MULTI, "bad", 0);
	reply(nlh->nlmsg_seq, NLM_F_MULTI, "b", 0);
	finish(NLMSG_DONE, nlh->nlmsg_seq, NLM_F_MULTI, 0);
	while (nsl_async_pending(a))
		dispatch(a);
	ck_assert_str_eq(got, "dump:bad dump=-84 ");
	nsl_async_close(a);
}
END_TEST

START_TEST(test_sending_fails)
{
	struct nsl_async *a = open_async();

	shutdown(kernel, SHUT_RD);
	ask(a, "lost", false, 0);
	while (nsl_async_pending(a))
		dispatch(a);
	ck_assert_str_eq(got, "lost=-32 ");
	nsl_async_close(a);
}
END_TEST

static struct nsl_async *again;

static void ask_again(int code, const struct nsl_err *err, void *ctx)
{
	on_done(code, err, ctx);
	ask(again, "second", false, 0);
}

START_TEST(test_asking_in_a_callback)
{
	struct nsl_attrs attrs = { 0 };
	struct nlmsghdr *nlh;

	again = open_async();
	ck_assert_int_eq(nsl_async_request(again, NETSLICE_CMD_SLICE_GET, &attrs, false, 0, NULL,
					   ask_again, "first", NULL), 0);
	nlh = request();
	finish(NLMSG_ERROR, nlh->nlmsg_seq, 0, 0);
	dispatch(again);
	nlh = request();
	ck_assert(asks_for(nlh, "second"));
	finish(NLMSG_ERROR, nlh->nlmsg_seq, 0, 0);
	dispatch(again);
	ck_assert_str_eq(got, "first=0 second=0 ");
	nsl_async_close(again);
}
END_TEST

/* ---- events ---- */

static void on_event(const struct nsl_reply *r, void *ctx)
{
	(void)ctx;
	snprintf(got + strlen(got), sizeof(got) - strlen(got), "%llu ",
		 (unsigned long long)r->a.event_seq);
}

static void on_resync(void *ctx)
{
	(void)ctx;
	strcat(got, "resync ");
}

START_TEST(test_events)
{
	static const struct nsl_events_ops ops = { .event = on_event, .resync = on_resync };
	static const uint64_t seqs[] = { 5, 6, 6, 7, 9, 8, 10 };
	struct nsl_events *e;
	unsigned int i;

	ck_assert_int_eq(nsl_events_open(&e, NULL, &ops, NULL, NULL), 0);
	ck_assert_int_eq(nsl_events_dispatch(e, NULL), 0);
	for (i = 0; i < sizeof(seqs) / sizeof(*seqs); i++)
		reply(0, 0, "red", seqs[i]);
	reply(0, 0, "no event", 0);
	ck_assert_int_eq(nsl_events_dispatch(e, NULL), 0);
	ck_assert_str_eq(got, "5 6 6 7 resync 9 8 10 ");
	nsl_events_close(e);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("lib: asynchronous");
	TCase *tc = tcase_create("asynchronous");

	tcase_add_test(tc, test_one_after_the_other);
	tcase_add_test(tc, test_dump);
	tcase_add_test(tc, test_sending_fails);
	tcase_add_test(tc, test_asking_in_a_callback);
	tcase_add_test(tc, test_events);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(suite());
	int failed;

	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
