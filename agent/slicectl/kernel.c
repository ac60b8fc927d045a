// SPDX-License-Identifier: GPL-2.0-or-later
/* What the objects share of talking to the kernel. */
#include "ctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int ctl_open(struct ctl *ctl)
{
	return ctl->p.client ? 0 : nsl_client_open(&ctl->p.client, NULL, &ctl->err);
}

int ctl_open_rtnl(struct ctl *ctl)
{
	return ctl->p.rtnl ? 0 : nsl_rtnl_open(&ctl->p.rtnl, NULL, &ctl->err);
}

void ctl_close(struct ctl *ctl)
{
	nsl_plumb_close(&ctl->p);
}

int ctl_request(struct ctl *ctl, uint8_t cmd, const struct nsl_attrs *a)
{
	int ret = ctl_open(ctl);

	return ret ? ret : nsl_request(ctl->p.client, cmd, a, NULL, NULL, &ctl->err);
}

/**
 * ctl_slice - read a slice
 * @ctl: this run
 * @slice: its name
 * @out: gets it
 *
 * Return: 0 or a negative errno.
 */
int ctl_slice(struct ctl *ctl, const char *slice, struct nsl_attrs *out)
{
	struct nsl_attrs key = { 0 };
	int ret = ctl_open(ctl);

	nsl_set_slice(&key, slice);
	return ret ? ret : nsl_get(ctl->p.client, NETSLICE_CMD_SLICE_GET, &key, out, &ctl->err);
}

/* A term that was not given is read, and then compared with itself by the kernel. */
int ctl_need_cp_term(struct ctl *ctl, struct nsl_attrs *a)
{
	struct nsl_attrs slice;
	int ret;

	if (nsl_has(a, CP_TERM))
		return 0;
	ret = ctl_slice(ctl, a->slice, &slice);
	if (!ret)
		nsl_set_cp_term(a, slice.cp_term);
	return ret;
}

int ctl_need_fp_term(struct ctl *ctl, struct nsl_attrs *a)
{
	struct nsl_attrs slice;
	int ret;

	if (nsl_has(a, FP_TERM))
		return 0;
	ret = ctl_slice(ctl, a->slice, &slice);
	if (!ret)
		nsl_set_fp_term(a, slice.fp_term);
	return ret;
}

static int find_active(const struct nsl_reply *r, void *ctx)
{
	if (nsl_has(&r->a, GEN) && r->a.gen_state == NETSLICE_GEN_ACTIVE)
		*(uint64_t *)ctx = r->a.gen;
	return 0;
}

/**
 * ctl_active - number of the active generation
 * @ctl: this run
 * @slice: of this slice
 * @gen: gets it, 0 for none
 *
 * Return: 0 or a negative errno.
 */
int ctl_active(struct ctl *ctl, const char *slice, uint64_t *gen)
{
	struct nsl_attrs key = { 0 };
	int ret = ctl_open(ctl);

	*gen = 0;
	nsl_set_slice(&key, slice);
	return ret ? ret : nsl_dump(ctl->p.client, NETSLICE_CMD_GEN_GET, &key, find_active, gen,
				    &ctl->err);
}

/**
 * ctl_device - print a device by its name, or by its index where it has none here
 * @ctl: this run
 * @key: member in JSON
 * @label: word in text
 * @ifindex: the device
 */
void ctl_device(struct ctl *ctl, const char *key, const char *label, uint32_t ifindex)
{
	char name[IF_NAMESIZE];

	if (!if_indextoname(ifindex, name))
		snprintf(name, sizeof(name), "if%u", ifindex);
	out_text(&ctl->out, key, label, name);
}
