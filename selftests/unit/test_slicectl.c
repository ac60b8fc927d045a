// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/slicectl/args.c agent/slicectl/routearg.c agent/slicectl/out.c */
/* link: agent/lib/attrs.c agent/lib/name.c agent/lib/route.c agent/lib/err.c */
/* link: agent/lib/json.c agent/lib/jsonscan.c agent/lib/jsonw.c */
/*
 * The command line: arguments by their tables, and routes as text, which are
 * shown in the form in which they are read.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slicectl/ctl.h"
#include "slicectl/routearg.h"

static const struct word pos[] = { W_POS_SLICE, W_POS_GEN, W_END };
static const struct word words[] = {
	W_CP_TERM, W_OWNER, W_FORCE, W_NUMBER("schema", "N", SCHEMA),
	{ .name = "role", .type = WORD_ENUM, .attr = NETSLICE_A_ROLE, .names = NSL_ROLE },
	{ .name = "address", .type = WORD_ADDRESS, .attr = NETSLICE_A_ADDRESS },
	{ .name = "vmac", .type = WORD_MAC, .attr = NETSLICE_A_VMAC },
	{ .name = "digest", .type = WORD_DIGEST, .attr = NETSLICE_A_DIGEST },
	{ .name = "vrf", .type = WORD_TEXT, .extra = X_VRF },
	{ .name = "timeout", .type = WORD_NUMBER, .extra = X_TIMEOUT, .min = 5, .max = 10 },
	W_END
};
static const struct verb verb = { .name = "test", .pos = pos, .words = words };

#define WORDS_MAX	256

static int split(char *text, char **argv)
{
	char *save = NULL, *word;
	int argc = 0;

	for (word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	return argc;
}

static int parse(struct ctl *ctl, struct args *args, const char *line)
{
	static char text[4096];
	static char *argv[WORDS_MAX];

	memset(ctl, 0, sizeof(*ctl));
	ctl->verb = &verb;
	snprintf(text, sizeof(text), "%s", line);
	return args_parse(ctl, args, split(text, argv), argv);
}

START_TEST(test_every_word)
{
	struct args args;
	struct ctl ctl;

	ck_assert_int_eq(parse(&ctl, &args, "red 18446744073709551615 force role master vrf v "
			       "timeout 7 cp-term 0x10 owner me schema 4294967295 "
			       "address 2001:db8::1 vmac 02:0a:0B:00:00:ff "
			       "digest 000102030405060708090a0B0c0d0e0F"), 0);
	ck_assert_str_eq(args.a.slice, "red");
	ck_assert_uint_eq(args.a.gen, UINT64_MAX);
	ck_assert(nsl_has(&args.a, FORCE));
	ck_assert_uint_eq(args.a.role, NETSLICE_ROLE_MASTER);
	ck_assert_str_eq(args.text[X_VRF], "v");
	ck_assert_uint_eq(args.number[X_TIMEOUT], 7);
	ck_assert_uint_eq(args.a.cp_term, 16);
	ck_assert_str_eq(args.a.owner, "me");
	ck_assert_uint_eq(args.a.schema, UINT32_MAX);
	ck_assert_uint_eq(args.a.address_len, 16);
	ck_assert_mem_eq(args.a.vmac, "\x02\x0a\x0b\x00\x00\xff", 6);
	ck_assert_mem_eq(args.a.digest, "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17", 16);
}
END_TEST

static const struct {
	const char *line, *says;
} bad[] = {
	{ "", "SLICE: is missing" }, { "red", "GEN: is missing" },
	{ "red x", "GEN \"x\": is no number" }, { "red -1", "is no number" },
	{ "red 1 cp-term 18446744073709551616", "is not from 0" },
	{ "red 1 cp-term 0x10000000000000000", "is not from 0" },
	{ "red 1 cp-term 0x", "is no number" }, { "red 1 cp-term +1", "is no number" },
	{ "red 1 cp-term 1.5", "is no number" }, { "red 1 schema 4294967296", "is too large" },
	{ "red 1 timeout 4", "is not from 5 to 10" }, { "red 1 timeout 11", "is not from 5 to 10" },
	{ "red 1 role mastre", "is none of standby, ready, master, draining" },
	{ "red 1 address 10.0.0", "is no IPv4 or IPv6 address" },
	{ "red 1 vmac 02:00:00:00:00", "is no MAC address" },
	{ "red 1 vmac 02:00:00:00:00:0", "is no MAC address" },
	{ "red 1 vmac 02-00-00-00-00-00", "is no MAC address" },
	{ "red 1 vmac 02:00:00:00:00:00:", "is no MAC address" },
	{ "red 1 vmac 2:0:0:0:0:0", "is no MAC address" },
	{ "red 1 digest 00", "is not 32 hexadecimal digits" },
	{ "red 1 digest 000102030405060708090a0b0c0d0e0g", "is not 32 hexadecimal digits" },
	{ "red 1 digest 000102030405060708090a0b0c0d0e0f0", "is not 32 hexadecimal digits" },
	{ "red 1 forc", "\"forc\": is no word" }, { "red 1 force force", "stands twice" },
	{ "red 1 owner", "its value is missing" }, { "red 1 vrf v vrf v", "stands twice" },
	{ "abcdefghijklmnop 1", "SLICE \"abcdefghijklmnop\": is too long" },
};

START_TEST(test_bad_words)
{
	struct args args;
	struct ctl ctl;

	ck_assert_int_eq(parse(&ctl, &args, bad[_i].line), CTL_USAGE);
	ck_assert_msg(strstr(ctl.err.text, bad[_i].says) != NULL, "%s: %s", bad[_i].line,
		      ctl.err.text);
}
END_TEST

static int read_route(struct ctl *ctl, struct nsl_route *r, const char *line, bool key)
{
	static char text[8192];
	static char *argv[WORDS_MAX];

	memset(ctl, 0, sizeof(*ctl));
	snprintf(text, sizeof(text), "%s", line);
	return route_read(ctl, split(text, argv), argv, key, r);
}

static const struct {
	const char *read, *shown;
} routes[] = {
	{ "10.0.0.0/8 port west", NULL },
	{ "10.0.0.0/8 via 192.0.2.1 port west weight 2", NULL },
	{ "10.0.0.0/8 port west via 192.0.2.1 weight 1", "10.0.0.0/8 via 192.0.2.1 port west" },
	{ "unicast default proto 7 port west", "0.0.0.0/0 proto 7 port west" },
	{ "blackhole 2001:db8::/32", NULL }, { "punt 192.0.2.1", "punt 192.0.2.1/32" },
	{ "prohibit 10.0.0.0/8 proto 255", NULL },
	{ "2001:db8::/32 nexthop via 2001:db8::1 port west weight 256 nexthop port east", NULL },
	{ "10.0.0.0/8 nexthop port west", "10.0.0.0/8 port west" },
	{ "10.0.0.0/8 via 2001:db8::1 port west", NULL },
};

START_TEST(test_routes)
{
	struct nsl_route r, again;
	char name[] = "/tmp/test_slicectl.XXXXXX", line[256] = "";
	int fd = mkstemp(name), out = dup(STDOUT_FILENO);
	struct ctl ctl;
	FILE *f;

	ck_assert_msg(!read_route(&ctl, &r, routes[_i].read, false), "%s", ctl.err.text);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	out_item(&ctl.out);
	route_print(&ctl.out, &r);
	out_item_end(&ctl.out);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	f = fopen(name, "r");
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	fclose(f);
	unlink(name);
	line[strcspn(line, "\n")] = '\0';
	ck_assert_str_eq(line, routes[_i].shown ? routes[_i].shown : routes[_i].read);
	ck_assert_int_eq(read_route(&ctl, &again, line, false), 0);
	ck_assert_int_eq(nsl_route_cmp(&r, &again), 0);
	ck_assert_uint_eq(r.nexthops, again.nexthops);
	close(fd);
	close(out);
}
END_TEST

static const struct {
	const char *line, *says;
} bad_routes[] = {
	{ "", "destination is missing" }, { "blackhole", "destination is missing" },
	{ "10.0.0.0/8", "needs a next hop" }, { "10.0.0.0/8 via 192.0.2.1", "without a port" },
	{ "10.0.0.0/8 port", "port \"\"" }, { "10.0.0.0/8 port west via", "via \"\"" },
	{ "10.0.0.0/8 port abcdefghijklmnop", "no valid name" },
	{ "10.0.0.0/8 port west weight 0", "weight \"0\"" },
	{ "10.0.0.0/8 port west weight 257", "weight \"257\"" },
	{ "10.0.0.0/8 port west proto 256", "proto \"256\"" },
	{ "10.0.0.0/8 prt west", "\"prt\": is no word of a route" },
	{ "10.0.0.0/8 port west nexthop port east", "either one next hop" },
	{ "10.0.0.0/8 nexthop nexthop port east", "without a port" },
	{ "blackhole 10.0.0.0/8 port west", "only a unicast route" },
	{ "10.0.0.0/33 port west", "from 0 to 32" }, { "10.0.0.1/8 port west", "bits beyond" },
	{ "2001:db8::/32 via 192.0.2.1 port west", "IPv4 next hop" },
	{ "nosuch 10.0.0.0/8", "not an IPv4 or IPv6 prefix" },
};

START_TEST(test_bad_routes)
{
	struct nsl_route r;
	struct ctl ctl;

	ck_assert_int_eq(read_route(&ctl, &r, bad_routes[_i].line, false), CTL_USAGE);
	ck_assert_msg(strstr(ctl.err.text, bad_routes[_i].says) != NULL, "%s: %s",
		      bad_routes[_i].line, ctl.err.text);
}
END_TEST

START_TEST(test_routes_to_delete)
{
	struct nsl_route r;
	struct ctl ctl;

	ck_assert_int_eq(read_route(&ctl, &r, "10.0.0.0/8", true), 0);
	ck_assert_uint_eq(r.nexthops, 0);
}
END_TEST

START_TEST(test_members)
{
	char line[4096] = "10.0.0.0/8";
	struct nsl_route r;
	struct ctl ctl;
	int i;

	for (i = 0; i < NETSLICE_MAX_NEXTHOPS; i++)
		strcat(line, " nexthop via 192.0.2.1 port west weight 2");
	ck_assert_int_eq(read_route(&ctl, &r, line, false), 0);
	ck_assert_uint_eq(r.nexthops, NETSLICE_MAX_NEXTHOPS);
	strcat(line, " nexthop port west");
	ck_assert_int_eq(read_route(&ctl, &r, line, false), CTL_USAGE);
	ck_assert_ptr_nonnull(strstr(ctl.err.text, "more than 32"));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("slicectl");
	TCase *tc = tcase_create("slicectl");

	tcase_add_test(tc, test_every_word);
	tcase_add_loop_test(tc, test_bad_words, 0, sizeof(bad) / sizeof(*bad));
	tcase_add_loop_test(tc, test_routes, 0, sizeof(routes) / sizeof(*routes));
	tcase_add_loop_test(tc, test_bad_routes, 0, sizeof(bad_routes) / sizeof(*bad_routes));
	tcase_add_test(tc, test_routes_to_delete);
	tcase_add_test(tc, test_members);
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
