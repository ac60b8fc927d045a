// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sliced: the daemon of a netslice node.
 *
 * What is here is order only: everything is made in one order, and ended in
 * the reverse. Between the loop's end and the modules' there is one more step,
 * in which all that is under way (questions to the peer, transactions, jobs)
 * ends, so that no callback comes to a module that is gone.
 */
#include "clock.h"
#include "config.h"
#include "ctl_int.h"
#include "lib/err.h"
#include "log.h"
#include "modules.h"
#include "node.h"
#include "peers.h"
#include "sliced.h"
#include "store.h"
#include "super.h"
#include "work.h"

#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAIN_END_MS	1000	/* for the last answers to leave */
#define MAIN_END_STEP	10

enum { MAIN_SIGNALS = 3 };

struct daemon {
	struct sliced	sliced;		/* first: it is found from there */
	const char	*path;		/* of the configuration */
	struct config	*config;
	struct config	*old[2];	/* replaced, but others may hold pointers into it */
	struct config	*fresh;		/* just read, by a job */
	struct nsl_err	fresh_err;
	struct event	*signal[MAIN_SIGNALS];
	struct event	*end;		/* ticks while the last answers leave */
	unsigned int	end_ms;
	bool		supervised;
	bool		ending;
	bool		restart;
	bool		reloading;
	size_t		modules;	/* begun */
};

struct options {
	const char	*path;
	bool		test;
	bool		verbose;
	bool		single;
	bool		supervised;
};

/* --- the end --- */

static void main_end_tick(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	d->end_ms += MAIN_END_STEP;
	if (peers_quiet(d->sliced.peers) || d->end_ms >= MAIN_END_MS)
		event_base_loopbreak(d->sliced.base);
}

static void main_end(struct daemon *d, const char *why)
{
	const struct timeval tv = clock_timeval(MAIN_END_STEP);

	if (d->ending)
		return;
	d->ending = true;
	log_notice("ending: %s", why);
	peers_goodbye(d->sliced.peers, why);
	if (event_add(d->end, &tv))
		event_base_loopbreak(d->sliced.base);
}

int sliced_restart(struct sliced *sliced, const char *why)
{
	struct daemon *d = (struct daemon *)sliced;

	if (!d->supervised)
		return -ENOTSUP;
	d->restart = true;
	main_end(d, why);
	return 0;
}

void sliced_stop(struct sliced *sliced)
{
	main_end((struct daemon *)sliced, "this node's daemon stops");
}

/* --- reading the configuration again --- */

static void reload_run(void *arg)
{
	struct daemon *d = arg;

	d->fresh = config_read(d->path, &d->fresh_err);
}

static void reload_warn(const struct config *old, const struct config *fresh)
{
	if (strcmp(old->node, fresh->node) || strcmp(old->state_dir, fresh->state_dir) ||
	    strcmp(old->run_dir, fresh->run_dir))
		log_warn("node, state_dir and run_dir change with a restart only");
}

static void reload_done(void *arg)
{
	struct daemon *d = arg;

	d->reloading = false;
	if (!d->fresh) {
		log_error("the configuration stays as it was: %s", d->fresh_err.text);
		return;
	}
	reload_warn(d->config, d->fresh);
	config_free(d->old[1]);
	d->old[1] = d->old[0];
	d->old[0] = d->config;
	d->config = d->fresh;
	d->fresh = NULL;
	d->sliced.config = d->config;
	if (peers_reload(d->sliced.peers, d->config))
		log_error("the peers were not all taken over: out of memory");
	log_notice("the configuration was read again");
}

static void main_signal(evutil_socket_t sig, short what, void *arg)
{
	struct daemon *d = arg;

	(void)what;
	if (sig != SIGHUP)
		sliced_stop(&d->sliced);
	else if (d->reloading || work_start(d->sliced.work, reload_run, reload_done, d))
		log_error("the configuration was not read again");
	else
		d->reloading = true;
}

static int main_signals(struct daemon *d)
{
	static const int sigs[MAIN_SIGNALS] = { SIGTERM, SIGINT, SIGHUP };
	int i;

	d->end = event_new(d->sliced.base, -1, EV_PERSIST, main_end_tick, d);
	if (!d->end)
		return -1;
	for (i = 0; i < MAIN_SIGNALS; i++) {
		d->signal[i] = evsignal_new(d->sliced.base, sigs[i], main_signal, d);
		if (!d->signal[i] || event_add(d->signal[i], NULL))
			return -1;
	}
	return 0;
}

/* --- the beginning --- */

static int main_foundation(struct daemon *d, struct nsl_err *err)
{
	struct sliced *s = &d->sliced;

	s->config = d->config;
	s->node = node_open(s->config, err);
	if (!s->node)
		return -1;
	s->base = event_base_new();
	s->work = s->base ? work_new(s->base) : NULL;
	if (!s->work || main_signals(d))
		return nsl_err_set(err, ENOMEM, "the event loop cannot be made");
	s->store = store_open(s->base, s->config->state_dir, err);
	if (!s->store || node_load(s->node, s->store, err))
		return -1;
	s->peers = peers_open(s->base, s->config, s->node, s->store, err);
	if (!s->peers)
		return -1;
	s->ctl = ctl_open(s->base, s->config->run_dir, err);
	if (!s->ctl || ctl_node_init(s, err) || ctl_peer_init(s, err))
		return -1;
	return 0;
}

static int main_modules(struct daemon *d, struct nsl_err *err)
{
	for (; modules[d->modules].name; d->modules++) {
		if (modules[d->modules].init(&d->sliced, err))
			return nsl_err_prefix(err, "%s", modules[d->modules].name);
	}
	return 0;
}

static void main_free(struct daemon *d)
{
	struct sliced *s = &d->sliced;
	int i;

	if (s->ctl)
		ctl_stop(s->ctl);
	if (s->peers)
		peers_stop(s->peers);
	if (s->work)
		work_stop(s->work);
	if (s->store)
		store_stop(s->store);
	while (d->modules)
		modules[--d->modules].exit(s);
	ctl_close(s->ctl);
	peers_close(s->peers);
	store_close(s->store);
	for (i = 0; i < MAIN_SIGNALS; i++) {
		if (d->signal[i])
			event_free(d->signal[i]);
	}
	if (d->end)
		event_free(d->end);
	work_free(s->work);
	if (s->base)
		event_base_free(s->base);
	node_close(s->node);
	config_free(d->config);
	config_free(d->fresh);
	config_free(d->old[0]);
	config_free(d->old[1]);
}

static int main_run(const struct options *options, struct config *config)
{
	struct daemon d = {
		.path = options->path,
		.config = config,
		.supervised = options->supervised,
	};
	struct nsl_err err = { 0 };
	int code = EXIT_SUCCESS;

	signal(SIGPIPE, SIG_IGN);
	if (main_foundation(&d, &err) || main_modules(&d, &err)) {
		log_error("%s", err.text);
		code = 2;
	} else {
		log_notice("started, process %d", getpid());
		peers_start(d.sliced.peers);
		event_base_dispatch(d.sliced.base);
	}
	main_free(&d);
	return d.restart ? EXIT_RESTART : code;
}

/* --- the command line --- */

static void main_usage(FILE *out)
{
	fprintf(out,
		"usage: sliced [OPTION]...\n"
		"  -c, --config FILE  read FILE instead of " CONFIG_PATH "\n"
		"  -t, --test         read the configuration, say what is wrong, and end\n"
		"  -v, --verbose      log details\n"
		"  -1, --single       no supervising process: nothing starts the daemon\n"
		"                     again, and a reset at depth agent is refused\n"
		"  -h, --help         this text\n");
}

/* -1: go on; else the exit status. */
static int main_options(int argc, char *const argv[], struct options *options)
{
	static const struct option list[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "test", no_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "single", no_argument, NULL, '1' },
		{ SUPER_CHILD + 2, no_argument, NULL, 'S' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:tv1h", list, NULL)) != -1) {
		switch (c) {
		case 'c':
			options->path = optarg;
			break;
		case 't':
			options->test = true;
			break;
		case 'v':
			options->verbose = true;
			break;
		case '1':
			options->single = true;
			break;
		case 'S':
			options->supervised = true;
			break;
		case 'h':
			main_usage(stdout);
			return EXIT_SUCCESS;
		default:
			main_usage(stderr);
			return 1;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "sliced: %s: unexpected\n", argv[optind]);
	main_usage(stderr);
	return 1;
}

int main(int argc, char *argv[])
{
	struct options options = { .path = CONFIG_PATH };
	struct nsl_err err = { 0 };
	struct config *config;
	char prefix[64];
	int code = main_options(argc, argv, &options);

	if (code >= 0)
		return code;
	config = config_read(options.path, &err);
	if (!config) {
		fprintf(stderr, "sliced: %s\n", err.text);
		return 2;
	}
	snprintf(prefix, sizeof(prefix), "sliced[%s]", config->node);
	log_setup(prefix, options.verbose);
	if (!options.test && (options.single || options.supervised))
		return main_run(&options, config);	/* frees the settings */
	config_free(config);
	return options.test ? EXIT_SUCCESS : super_run(argv);
}
