// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/backup.c agent/sliced/backup_send.c agent/sliced/backup_receive.c */
/* link: agent/sliced/backup_cp.c agent/sliced/routeset.c agent/sliced/wire.c */
/* link: agent/lib/route.c agent/lib/digest.c agent/lib/err.c agent/lib/attrs.c agent/lib/name.c */
/* link: agent/lib/msg.c agent/lib/json.c agent/lib/jsonscan.c agent/lib/jsonw.c */
/*
 * Hot backup between two nodes. Their kernels, the connection and the workers are
 * played by the test: two sets of routes, and one queue of what is to happen, in
 * which messages may be lost, spoilt or held, and events too.
 */
#include "backup_world.h"

/* Turned into a hot standby whose kernel follows. */
static unsigned int followed_calls;

static void followed(void *arg, int code, const char *why)
{
	(void)arg;
	(void)why;
	ck_assert_int_eq(code, 0);
	followed_calls++;
}

static void both(void)
{
	receive();
	send_out_of_first();
	run();
	ck_assert_uint_eq(node[1].copied, 1);
	copy_is_equal();
}

START_TEST(test_full)
{
	both();
	ck_assert_uint_ge(node[0].equal, 1);
	ck_assert_uint_eq(node[0].equal_seq, 40);
	ck_assert_uint_eq(backup_equal_seq(&node[0].slice), 40);
	ck_assert_uint_ge(node[1].equal, 1);
	ck_assert_uint_eq(routeset_count(node[1].kernel), 0);	/* not followed: not touched */
	ck_assert_uint_eq(node[0].failed + node[1].failed + dropped, 0);
}
END_TEST

START_TEST(test_changes)
{
	unsigned int i;

	both();
	for (i = 0; i < 50; i++)
		change(i, NULL);
	for (i = 40; i < 200; i++)
		change(i, "east");
	run();
	copy_is_equal();
	backup_check(&node[0].slice);
	run();
	ck_assert_uint_eq(node[0].equal_seq, node[0].seq);
	ck_assert_uint_eq(node[1].copied, 1);	/* all by changes */
}
END_TEST

/* Changes that come while the full set is read and sent are in it, or follow it. */
START_TEST(test_changes_meanwhile)
{
	unsigned int i;

	receive();
	send_out_of_first();
	for (i = 0; i < 300; i++) {
		change(i, i % 3 ? "east" : NULL);
		step();
	}
	run();
	copy_is_equal();
	ck_assert_uint_eq(node[1].copied, 1);
	backup_check(&node[0].slice);
	run();
	ck_assert_uint_eq(node[0].equal_seq, node[0].seq);
}
END_TEST

START_TEST(test_follow)
{
	unsigned int i, was = followed_calls;

	both();
	backup_follow(&node[1].slice, followed, NULL);
	run();
	ck_assert_uint_eq(followed_calls, was + 1);
	ck_assert(routeset_equal(node[1].kernel, node[0].kernel));
	ck_assert_uint_eq(node[1].syncs, 1);
	for (i = 0; i < 30; i++)
		change(i, i % 2 ? "east" : NULL);
	run();
	ck_assert(routeset_equal(node[1].kernel, node[0].kernel));
	ck_assert_uint_eq(node[1].syncs, 1);
	ck_assert_uint_eq(node[1].edits, 30);
	backup_check(&node[0].slice);
	run();
	ck_assert_uint_eq(node[0].equal_seq, node[0].seq);
	backup_unfollow(&node[1].slice);
	change(100, NULL);
	run();
	copy_is_equal();
	ck_assert_uint_eq(node[1].edits, 30);
}
END_TEST

/* What somebody else did to the follower's generation shows: it is not called equal. */
START_TEST(test_follower_differs)
{
	struct nsl_route r = route(1, "west");
	uint64_t before;

	both();
	backup_follow(&node[1].slice, followed, NULL);
	run();
	before = node[0].equal;
	routeset_del(node[1].kernel, &r);
	backup_check(&node[0].slice);
	run();
	ck_assert_uint_eq(node[0].equal, before);
	/* by comparing again and again it comes to a full copy, and that repairs it */
	run_until(&node[1].copied, 1);
	run();
	ck_assert(routeset_equal(node[1].kernel, node[0].kernel));
}
END_TEST

START_TEST(test_lost_change)
{
	both();
	lose_delta = 2;
	change(1, NULL);
	change(2, NULL);
	change(3, NULL);
	run();
	ck_assert_ptr_null(backup_copy(&node[1].slice, NULL));	/* void, not wrong */
	run_until(&node[1].copied, 1);
	copy_is_equal();
}
END_TEST

START_TEST(test_lost_event)
{
	both();
	change(1, NULL);
	run();
	node[0].seq++;	/* one that was never told */
	change(2, NULL);
	run_until(&node[1].copied, 1);
	copy_is_equal();
}
END_TEST

START_TEST(test_spoilt_full)
{
	spoil_routes = 1;
	receive();
	send_out_of_first();
	run();
	ck_assert_uint_eq(node[1].copied, 0);
	ck_assert_uint_eq(node[0].failed, 1);
	run_until(&node[1].copied, 0);
	copy_is_equal();
}
END_TEST

START_TEST(test_receiver_is_late)
{
	send_out_of_first();
	run();
	ck_assert_uint_eq(node[1].copied, 0);
	receive();
	run_until(&node[1].copied, 0);
	copy_is_equal();
}
END_TEST

START_TEST(test_connection_lost)
{
	both();
	up = false;
	node[0].peers->down(node[0].peers_arg, (struct peer *)&node[1], "cut");
	change(1, NULL);
	change(2, "east");
	run();
	ck_assert_uint_eq(backup_equal_seq(&node[0].slice), 0);
	up = true;
	node[0].peers->up(node[0].peers_arg, (struct peer *)&node[1], NULL);
	run();
	ck_assert_uint_eq(node[1].copied, 2);
	copy_is_equal();
}
END_TEST

START_TEST(test_turned_round)
{
	both();
	backup_follow(&node[1].slice, followed, NULL);
	run();
	node[1].seq = 3;
	backup_start(&node[0].slice, (struct peer *)&node[1], BACKUP_RECEIVE, &ops, &node[0]);
	backup_start(&node[1].slice, (struct peer *)&node[0], BACKUP_SEND, &ops, &node[1]);
	run();
	ck_assert_uint_eq(node[0].copied, 1);
	ck_assert_int_eq(backup_direction(&node[0].slice), BACKUP_RECEIVE);
	ck_assert(routeset_equal(backup_copy(&node[0].slice, NULL), node[1].kernel));
	ck_assert_uint_eq(backup_equal_seq(&node[1].slice), 3);
	change(5, NULL);	/* of the one that receives: goes nowhere */
	run();
	ck_assert_uint_eq(routeset_count(node[1].kernel), 3000);
}
END_TEST

/* The worker's state: kept durably by the other node, given to its worker. */
START_TEST(test_worker_state)
{
	both();
	ck_assert_str_eq(node[1].kept, "{\"all\":1}");
	ck_assert_str_eq(node[1].restored, "{\"all\":1}");
	ck_assert_str_eq(node[0].kept, "{\"all\":1}");	/* the CP master's own too */
	ck_assert_ptr_null(node[0].restored);
	state_say(&node[0], false, 8, "{\"more\":2}");
	run();
	ck_assert_str_eq(node[1].restored, "{\"more\":2}");
	ck_assert_str_eq(node[1].kept, "{\"all\":1}");
	ck_assert_uint_eq(node[1].restores, 2);
	backup_stop(&node[0].slice);
	state_say(&node[0], true, 9, "{\"all\":9}");
	run();
	ck_assert_uint_eq(node[1].restores, 2);
	ck_assert_str_eq(node[0].kept, "{\"all\":9}");
}
END_TEST

/* Whatever a peer sends: refused, and nothing has changed. */
START_TEST(test_bad_messages)
{
	static const char *const seals[] = {
		"{}", "{\"op\":\"what\"}", "{\"op\":\"end\"}",
		"{\"op\":\"end\",\"seq\":\"1\",\"routes4\":0,\"routes6\":0,\"digest\":\"00\"}",
		"{\"op\":\"end\",\"seq\":\"1\",\"routes4\":0,\"routes6\":0,"
		"\"digest\":\"0123456789abcdef0123456789abcdef\"}",
	};
	struct node *n = &node[1];
	unsigned int i;

	both();
	for (i = 0; i < sizeof(seals) / sizeof(*seals); i++)
		send_to((struct peer *)n, WIRE_SEAL, seals[i], strlen(seals[i]), 0);
	send_to((struct peer *)n, WIRE_FP_DIGEST, seals[3], strlen(seals[3]), 0);
	send_to((struct peer *)n, WIRE_CP_FULL, "{\"seq\":1}", 9, 0);
	run();
	ck_assert_uint_eq(dropped, 0);
	send_to((struct peer *)n, WIRE_FP_DELTA, "abc", 3, 0);
	send_to((struct peer *)n, WIRE_FP_DELTA, "", 0, 0);
	send_to((struct peer *)n, WIRE_SEAL, "{\"op\":\"begin\"}", 14, 0);
	send_to((struct peer *)n, WIRE_ROUTES, "\xff\xff\xff\xff", 4, 0);
	run();
	ck_assert_uint_eq(dropped, 3);
	copy_is_equal();
	ck_assert_str_eq(n->kept, "{\"all\":1}");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backup");
	TCase *tc = tcase_create("two nodes");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, test_full);
	tcase_add_test(tc, test_changes);
	tcase_add_test(tc, test_changes_meanwhile);
	tcase_add_test(tc, test_follow);
	tcase_add_test(tc, test_follower_differs);
	tcase_add_test(tc, test_lost_change);
	tcase_add_test(tc, test_lost_event);
	tcase_add_test(tc, test_spoilt_full);
	tcase_add_test(tc, test_receiver_is_late);
	tcase_add_test(tc, test_connection_lost);
	tcase_add_test(tc, test_turned_round);
	tcase_add_test(tc, test_worker_state);
	tcase_add_test(tc, test_bad_messages);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
