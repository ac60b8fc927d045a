// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/config.c */
/* link: agent/sliced/tls.c */
/* link: agent/sliced/log.c */
/* link: agent/sliced/wire.c */
/* link: agent/lib/err.c */
/* link: agent/lib/json.c */
/* link: agent/lib/jsonscan.c */
/*
 * The node's settings: what is right is taken as it stands, what is wrong is
 * named by its path.
 */
#include <check.h>
#include <string.h>

#include "lib/json.h"
#include "sliced/config.h"

#define PIN_A "0000000000000000000000000000000000000000000000000000000000000001"
#define PIN_B "sha256:FFfe000000000000000000000000000000000000000000000000000000000002"

static struct config *parse(const char *text, struct nsl_err *err)
{
	struct nsl_json *root = nsl_json_parse(text, strlen(text), err);
	struct config *config;

	ck_assert_msg(root, "%s: %s", text, err->text);
	config = config_parse(root, err);
	nsl_json_free(root);
	return config;
}

START_TEST(test_smallest)
{
	struct nsl_err err = { 0 };
	struct config *config = parse("{\"node\": \"first\"}", &err);

	ck_assert_msg(config, "%s", err.text);
	ck_assert_str_eq(config->node, "first");
	ck_assert_str_eq(config->state_dir, "/var/lib/netslice");
	ck_assert_str_eq(config->run_dir, "/run/netslice");
	ck_assert(config->listen);
	ck_assert_uint_eq(config->listen_port, CONFIG_PORT);
	ck_assert_uint_eq(config->peer_count, 0);
	config_free(config);
}
END_TEST

START_TEST(test_whole)
{
	struct nsl_err err = { 0 };
	const struct config_port *port;
	struct config *config = parse(
		"{\"node\": \"first\", \"state_dir\": \"/s\", \"run_dir\": \"/r\","
		" \"listen\": {\"address\": \"2001:db8::1\", \"port\": 99},"
		" \"heartbeat_ms\": 100, \"dead_ms\": 400,"
		" \"peers\": [{\"name\": \"second\", \"address\": \"192.0.2.2\", \"pin\": \"" PIN_A "\"},"
		"             {\"name\": \"third\", \"port\": 1, \"pin\": \"" PIN_B "\", \"next_pin\": \"" PIN_A "\"}],"
		" \"ports\": {\"red\": {\"west\": {\"device\": \"eth1.11\", \"bypass_netfilter\": true,"
		"   \"addresses\": [\"10.1.0.2/24\", \"fd00:1::2/64\"]}, \"east\": \"eth2\"},"
		"   \"blue\": {\"west\": \"eth3\"}}}", &err);

	ck_assert_msg(config, "%s", err.text);
	ck_assert_str_eq(config->listen_address, "2001:db8::1");
	ck_assert_uint_eq(config->listen_port, 99);
	ck_assert_uint_eq(config->heartbeat_ms, 100);
	ck_assert_uint_eq(config->peer_count, 2);
	ck_assert_uint_eq(config->peers[0].port, CONFIG_PORT);
	ck_assert_uint_eq(config->peers[0].pin.b[31], 1);
	ck_assert(!config->peers[0].has_next);
	ck_assert_str_eq(config->peers[1].address, "");
	ck_assert_uint_eq(config->peers[1].pin.b[0], 0xff);
	ck_assert(config->peers[1].has_next);
	port = config_port_find(config, "red", "west");
	ck_assert_ptr_nonnull(port);
	ck_assert_str_eq(port->device, "eth1.11");
	ck_assert(port->bypass_netfilter);
	ck_assert_uint_eq(port->address_count, 2);
	ck_assert_str_eq(port->addresses[1], "fd00:1::2/64");
	ck_assert_str_eq(config_port_find(config, "blue", "west")->device, "eth3");
	ck_assert_ptr_null(config_port_find(config, "blue", "east"));
	config_free(config);
}
END_TEST

START_TEST(test_no_listening)
{
	struct nsl_err err = { 0 };
	struct config *config = parse("{\"node\": \"n\", \"listen\": false}", &err);

	ck_assert_ptr_nonnull(config);
	ck_assert(!config->listen);
	config_free(config);
}
END_TEST

static const struct {
	const char *text;
	const char *names;	/* stands in the error */
} wrong[] = {
	{ "[]", "object" },
	{ "{}", "node" },
	{ "{\"node\": 1}", "node" },
	{ "{\"node\": \"\"}", "node" },
	{ "{\"node\": \"a b\"}", "node" },
	{ "{\"node\": \"0123456789012345678901234567890123\"}", "node" },
	{ "{\"node\": \"n\", \"Node\": \"n\"}", "Node" },
	{ "{\"node\": \"n\", \"state_dir\": \"relative\"}", "state_dir" },
	{ "{\"node\": \"n\", \"run_dir\": 3}", "run_dir" },
	{ "{\"node\": \"n\", \"listen\": 3}", "listen" },
	{ "{\"node\": \"n\", \"listen\": {\"port\": 0}}", "listen.port" },
	{ "{\"node\": \"n\", \"listen\": {\"port\": 65536}}", "listen.port" },
	{ "{\"node\": \"n\", \"listen\": {\"port\": 1.5}}", "listen.port" },
	{ "{\"node\": \"n\", \"listen\": {\"address\": \"router.example\"}}", "listen.address" },
	{ "{\"node\": \"n\", \"listen\": {\"addres\": \"::\"}}", "addres" },
	{ "{\"node\": \"n\", \"heartbeat_ms\": 1}", "heartbeat_ms" },
	{ "{\"node\": \"n\", \"heartbeat_ms\": 1000, \"dead_ms\": 1999}", "dead_ms" },
	{ "{\"node\": \"n\", \"peers\": {}}", "peers" },
	{ "{\"node\": \"n\", \"peers\": [{}]}", "peers[0].name" },
	{ "{\"node\": \"n\", \"peers\": [{\"name\": \"x\"}]}", "pin" },
	{ "{\"node\": \"n\", \"peers\": [{\"name\": \"x\", \"pin\": \"12\"}]}", "peers[0].pin" },
	{ "{\"node\": \"n\", \"peers\": [{\"name\": \"x\", \"pin\": \"" PIN_A "\", \"address\": \"1.2.3\"}]}",
	  "peers[0].address" },
	{ "{\"node\": \"n\", \"peers\": [{\"name\": \"x\", \"pin\": \"" PIN_A "\"},"
	  " {\"name\": \"x\", \"pin\": \"" PIN_B "\"}]}", "peers[1]" },
	{ "{\"node\": \"n\", \"peers\": [{\"name\": \"x\", \"pin\": \"" PIN_A "\"},"
	  " {\"name\": \"y\", \"pin\": \"" PIN_A "\"}]}", "peers[1]" },
	{ "{\"node\": \"n\", \"ports\": {\"a/b\": {}}}", "slice name" },
	{ "{\"node\": \"n\", \"ports\": {\"red\": []}}", "ports.red" },
	{ "{\"node\": \"n\", \"ports\": {\"red\": {\"0123456789abcdef\": \"eth0\"}}}", "port name" },
	{ "{\"node\": \"n\", \"ports\": {\"red\": {\"w\": 5}}}", "ports.red.w" },
	{ "{\"node\": \"n\", \"ports\": {\"red\": {\"w\": \"eth/0\"}}}", "ports.red.w" },
	{ "{\"node\": \"n\", \"ports\": {\"red\": {\"w\": \"0123456789abcdef\"}}}", "ports.red.w" },
	{ "{\"node\": \"n\", \"ports\": {\"red\": {\"w\": {}}}}", "ports.red.w.device" },
	{ "{\"node\": \"n\", \"ports\": {\"red\": {\"w\": {\"device\": \"e\", \"mtu\": 1}}}}", "mtu" },
	{ "{\"node\": \"n\", \"ports\": {\"red\": {\"w\": {\"device\": \"e\", \"addresses\": [\"10.0.0.1\"]}}}}",
	  "addresses[0]" },
	{ "{\"node\": \"n\", \"ports\": {\"red\": {\"w\": {\"device\": \"e\", \"addresses\": [\"10.0.0.1/33\"]}}}}",
	  "addresses[0]" },
	{ "{\"node\": \"n\", \"ports\": {\"red\": {\"w\": {\"device\": \"e\", \"addresses\": [\"::1/129\"]}}}}",
	  "addresses[0]" },
	{ "{\"node\": \"n\", \"ports\": {\"red\": {\"w\": {\"device\": \"e\", \"addresses\": [\"::1/+5\"]}}}}",
	  "addresses[0]" },
	{ "{\"node\": \"n\", \"ports\": {\"red\": {\"w\": \"eth0\", \"e\": \"eth0\"}}}", "ports.red.e" },
};

START_TEST(test_wrong)
{
	struct nsl_err err = { 0 };
	struct config *config = parse(wrong[_i].text, &err);

	ck_assert_msg(!config, "taken: %s", wrong[_i].text);
	ck_assert_msg(strstr(err.text, wrong[_i].names), "%s: the error is \"%s\"", wrong[_i].text,
		      err.text);
}
END_TEST

START_TEST(test_pins)
{
	struct nsl_err err = { 0 };
	char text[TLS_PIN_TEXT];
	struct tls_pin pin;

	ck_assert_int_eq(tls_pin_parse(PIN_B, &pin, &err), 0);
	tls_pin_text(&pin, text);
	ck_assert_str_eq(text, "fffe000000000000000000000000000000000000000000000000000000000002");
	ck_assert_int_lt(tls_pin_parse("sha256:", &pin, &err), 0);
	ck_assert_int_lt(tls_pin_parse(PIN_A "0", &pin, &err), 0);
	ck_assert_int_lt(tls_pin_parse("g" PIN_A, &pin, &err), 0);
	ck_assert_int_lt(tls_pin_parse(
		"x000000000000000000000000000000000000000000000000000000000000001", &pin, &err), 0);
	ck_assert_int_eq(pin.b[0], 0xff);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tc = tcase_create("config");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, test_smallest);
	tcase_add_test(tc, test_whole);
	tcase_add_test(tc, test_no_listening);
	tcase_add_loop_test(tc, test_wrong, 0, (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_test(tc, test_pins);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
