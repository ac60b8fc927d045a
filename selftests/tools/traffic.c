// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * traffic - UDP whose every packet is numbered
 *
 * `send` numbers them, `recv` keeps account of many flows, `sum` holds one
 * against the other: what was sent and never arrived is lost.
 */
#include <stdio.h>
#include <string.h>

#include "lib/opt.h"
#include "lib/traffic.h"

static const char usage[] =
"usage: traffic send --to ADDR --port P --flow ID --rate PPS [--size BYTES]\n"
"                    [--count N] [--duration S] [--bind ADDR] [--device IF]\n"
"                    [--tos N] [--ttl N] [--name TEXT]\n"
"                    [--report FILE] [--interval MS [--series FILE]]\n"
"       traffic recv --port P --report FILE [--bind ADDR]... [--device IF]\n"
"                    [--drain MS] [--ranges N] [--interval MS [--series FILE]]\n"
"       traffic sum  --sent FILE... --received FILE... [--report FILE]\n"
"                    [--max-gap MS]\n"
"  send ends at --count, at --duration or on SIGTERM; recv on SIGTERM, after\n"
"  --drain ms (500) without a packet. SIGUSR1 rewrites the report at once. The\n"
"  report of recv exists as soon as it listens.\n"
"  Exit status: 0 passed, 1 lost, duplicated or not measurable, 2 usage.\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{ "send", traffic_send },
	{ "recv", traffic_recv },
	{ "sum", traffic_sum },
};

int main(int argc, char **argv)
{
	opt_program = "traffic";
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argc - 2, argv + 2);
	fputs(usage, stderr);
	return EXIT_CANNOT;
}
