// SPDX-License-Identifier: GPL-2.0-or-later
/* What is to be in the kernel, out of definition and port map. */
#include "apply.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply_int.h"
#include "work.h"

void apply_note(struct apply_job *job, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	job->changes++;
	if (job->texts == APPLY_TEXTS)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) >= 0)
		job->text[job->texts++] = text;
	va_end(ap);
}

int apply_check(const struct definition *def, const struct config *config, struct nsl_err *err)
{
	size_t i;

	for (i = 0; i < def->port_count; i++)
		if (!config_port_find(config, def->name, def->ports[i].name))
			return nsl_err_set(err, ENOENT,
					   "port \"%s\" of slice \"%s\": this node's settings map it to no device",
					   def->ports[i].name, def->name);
	return 0;
}

static void job_free(struct apply_job *job)
{
	size_t i;

	for (i = 0; i < job->ports; i++)
		free(job->port[i].address);
	while (job->texts)
		free(job->text[--job->texts]);
	free(job->port);
	free(job->gateway);
	free(job);
}

/* "10.1.0.2/24": the settings were checked when they were read. */
static int address_read(struct apply_address *a, const char *text)
{
	char host[CONFIG_ADDRESS_LEN];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);

	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	if (inet_pton(AF_INET, host, a->addr) == 1)
		a->len = 4;
	else if (inet_pton(AF_INET6, host, a->addr) == 1)
		a->len = 16;
	else
		return -EINVAL;
	a->plen = slash ? (uint8_t)atoi(slash + 1) : (uint8_t)(a->len * 8);
	return 0;
}

static int job_port(struct apply_port *to, const struct definition_port *from,
		    const struct config_port *map)
{
	size_t i;

	memcpy(to->name, from->name, sizeof(to->name));
	to->kind = from->kind;
	memcpy(to->device, map->device, sizeof(to->device));
	to->bypass = map->bypass_netfilter;
	to->address = calloc(map->address_count + 1, sizeof(*to->address));
	if (!to->address)
		return -ENOMEM;
	for (i = 0; i < map->address_count; i++)
		if (!address_read(&to->address[to->addresses], map->addresses[i]))
			to->addresses++;
	return 0;
}

static int job_fill(struct apply_job *job, const struct apply_spec *spec)
{
	const struct definition *def = spec->def;
	const struct config_port *map;
	size_t i;

	job->port = calloc(def->port_count + 1, sizeof(*job->port));
	job->gateway = calloc(def->gateway_count + 1, sizeof(*job->gateway));
	if (!job->port || !job->gateway)
		return -ENOMEM;
	for (i = 0; i < def->port_count; i++) {
		map = config_port_find(spec->config, def->name, def->ports[i].name);
		if (!map && spec->look)
			apply_note(job, "port %s: this node's settings map it to no device",
				   def->ports[i].name);
		if (!map)
			continue;
		if (job_port(&job->port[job->ports++], &def->ports[i], map))
			return -ENOMEM;
	}
	if (def->gateway_count)
		memcpy(job->gateway, def->gateways, def->gateway_count * sizeof(*job->gateway));
	job->gateways = def->gateway_count;
	return 0;
}

static void job_done(void *arg)
{
	struct apply_job *job = arg;
	struct apply_result result = {
		.code = job->code,
		.why = job->err.text,
		.made = job->made,
		.changes = job->changes,
		.texts = job->texts,
		.text = (const char *const *)job->text,
	};

	job->done(job->arg, &result);
	job_free(job);
}

static int job_start(struct work *work, const struct apply_spec *spec, bool remove,
		     apply_done done, void *arg)
{
	struct apply_job *job = calloc(1, sizeof(*job));
	int ret;

	if (!job)
		return -ENOMEM;
	memcpy(job->slice, spec->def->name, sizeof(job->slice));
	memcpy(job->vrf, spec->def->vrf, sizeof(job->vrf));
	job->gen_first = spec->gen_first;
	job->cp_term = spec->cp_term;
	job->fp_term = spec->fp_term;
	job->look = spec->look;
	job->remove = remove;
	job->done = done;
	job->arg = arg;
	ret = job_fill(job, spec);
	if (!ret)
		ret = work_start(work, apply_run, job_done, job);
	if (ret)
		job_free(job);
	return ret;
}

int apply_start(struct work *work, const struct apply_spec *spec, apply_done done, void *arg)
{
	return job_start(work, spec, false, done, arg);
}

int apply_remove(struct work *work, const struct apply_spec *spec, apply_done done, void *arg)
{
	return job_start(work, spec, true, done, arg);
}
