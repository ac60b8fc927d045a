// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stream - one TCP connection at a fixed rate, open from first to last
 *
 * `run` sends bytes that follow from their offset; `serve` checks and echoes
 * them; `run` checks the echo. The connection is broken when it ends before
 * all that was sent came back right, whatever the reason.
 */
#include <stdio.h>
#include <string.h>

#include "lib/opt.h"
#include "lib/stream.h"

static const char usage[] =
"usage: stream serve --port P [--bind ADDR] --report FILE\n"
"       stream run --to ADDR --port P --rate BYTES_PER_S --report FILE\n"
"                  [--bind ADDR] [--duration S] [--linger S] [--name TEXT]\n"
"                  [--connect S] [--interval MS [--series FILE]]\n"
"  Both end on SIGTERM (run also at --duration): run then waits --linger (30)\n"
"  seconds for the rest of the echo. SIGUSR1 rewrites the report at once. The\n"
"  report exists as soon as serve listens and run is connected.\n"
"  Exit status: 0 whole, 1 broken, 2 usage.\n";

int main(int argc, char **argv)
{
	opt_program = "stream";
	if (argc > 1 && !strcmp(argv[1], "serve"))
		return stream_serve(argc - 2, argv + 2);
	if (argc > 1 && !strcmp(argv[1], "run"))
		return stream_run(argc - 2, argv + 2);
	fputs(usage, stderr);
	return EXIT_CANNOT;
}
