// SPDX-License-Identifier: GPL-2.0-only
/* Requests about generations. */
#include <linux/bpf.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "generation.h"
#include "netns.h"
#include "nl.h"
#include "program.h"
#include "slice.h"

#define NETSLICE_NL_GEN_CHANGE	(NETSLICE_NL_CHANGE | NETSLICE_NL_CP_TERM)

static struct bpf_prog *netslice_nl_prog(struct genl_info *info)
{
	struct nlattr *fd = info->attrs[NETSLICE_A_PROG_FD];

	return fd ? netslice_program_get(nla_get_u32(fd), info->extack) : NULL;
}

int netslice_nl_gen_stage(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct netslice_gen_spec spec = {
		.copy = nla_get_flag(attrs[NETSLICE_A_GEN_COPY]),
		.release = attrs[NETSLICE_A_RELEASE] ? nla_data(attrs[NETSLICE_A_RELEASE]) : "",
		.schema = attrs[NETSLICE_A_SCHEMA] ? nla_get_u32(attrs[NETSLICE_A_SCHEMA]) : 0,
	};
	struct netslice_nl_ctx ctx;
	int err;

	err = netslice_nl_need(info, NETSLICE_A_GEN);
	if (err)
		return err;
	spec.id = nla_get_u64(attrs[NETSLICE_A_GEN]);
	spec.prog = netslice_nl_prog(info);
	if (IS_ERR(spec.prog))
		return PTR_ERR(spec.prog);
	err = netslice_nl_begin(info, NETSLICE_NL_GEN_CHANGE, &ctx);
	if (!err) {
		err = netslice_gen_stage(ctx.slice, &spec, info->extack);
		netslice_nl_end(&ctx);
	}
	if (err && spec.prog)
		netslice_program_put(spec.prog);
	return err;
}

int netslice_nl_gen_seal(struct sk_buff *skb, struct genl_info *info)
{
	static const int needed[] = {
		NETSLICE_A_GEN, NETSLICE_A_ROUTES4, NETSLICE_A_ROUTES6, NETSLICE_A_DIGEST,
	};
	struct netslice_nl_ctx ctx;
	struct netslice_seal seal;
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(needed); i++)
		if (netslice_nl_need(info, needed[i]))
			return -EINVAL;
	seal.routes4 = nla_get_u32(info->attrs[NETSLICE_A_ROUTES4]);
	seal.routes6 = nla_get_u32(info->attrs[NETSLICE_A_ROUTES6]);
	nla_memcpy(seal.digest, info->attrs[NETSLICE_A_DIGEST], sizeof(seal.digest));

	err = netslice_nl_begin(info, NETSLICE_NL_GEN_CHANGE, &ctx);
	if (err)
		return err;
	err = netslice_gen_seal(ctx.slice, nla_get_u64(info->attrs[NETSLICE_A_GEN]), &seal,
				info->extack);
	netslice_nl_end(&ctx);
	return err;
}

int netslice_nl_gen_drop(struct sk_buff *skb, struct genl_info *info)
{
	struct netslice_nl_ctx ctx;
	int err;

	err = netslice_nl_need(info, NETSLICE_A_GEN);
	if (err)
		return err;
	err = netslice_nl_begin(info, NETSLICE_NL_GEN_CHANGE, &ctx);
	if (err)
		return err;
	err = netslice_gen_drop(ctx.slice, nla_get_u64(info->attrs[NETSLICE_A_GEN]), info->extack);
	netslice_nl_end(&ctx);
	return err;
}

static int netslice_nl_put_digest(struct sk_buff *skb, const struct netslice_generation *gen)
{
	struct netslice_digest_value total;
	u8 packed[NETSLICE_DIGEST_LEN];

	netslice_rib_digest(&gen->rib, &total);
	netslice_digest_pack(&total, packed);
	return nla_put(skb, NETSLICE_A_DIGEST, sizeof(packed), packed);
}

static int netslice_nl_gen_put(struct sk_buff *skb, const struct netslice_generation *gen)
{
	if (nla_put_string(skb, NETSLICE_A_SLICE, gen->slice->name) ||
	    netslice_nl_put_u64(skb, NETSLICE_A_GEN, gen->id) ||
	    nla_put_u8(skb, NETSLICE_A_GEN_STATE, gen->state) ||
	    nla_put_string(skb, NETSLICE_A_RELEASE, gen->release) ||
	    nla_put_u32(skb, NETSLICE_A_SCHEMA, gen->schema) ||
	    nla_put_u32(skb, NETSLICE_A_ROUTES4, netslice_rib_count(&gen->rib, AF_INET)) ||
	    nla_put_u32(skb, NETSLICE_A_ROUTES6, netslice_rib_count(&gen->rib, AF_INET6)) ||
	    netslice_nl_put_u64(skb, NETSLICE_A_SEQ, gen->slice->seq) ||
	    netslice_nl_put_u64(skb, NETSLICE_A_LACKS, gen->lacks) ||
	    (gen->prog &&
	     nla_put_u32(skb, NETSLICE_A_PROG_ID, netslice_program_id(gen->prog))))
		return -EMSGSIZE;
	return netslice_nl_put_digest(skb, gen);
}

static int netslice_nl_gen_fill(struct sk_buff *skb, struct netlink_callback *cb,
				struct netslice_slice *slice, unsigned long *item)
{
	const struct netslice_generation *gens[] = {
		slice->previous, netslice_gen_find(slice, 0), slice->standby,
	};
	void *header;

	for (; *item < ARRAY_SIZE(gens); (*item)++) {
		if (!gens[*item])
			continue;
		header = netslice_nl_dump_put(skb, cb, NETSLICE_CMD_GEN_GET);
		if (!header)
			return -EMSGSIZE;
		if (netslice_nl_gen_put(skb, gens[*item])) {
			genlmsg_cancel(skb, header);
			return -EMSGSIZE;
		}
		genlmsg_end(skb, header);
	}
	return 0;
}

int netslice_nl_gen_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return netslice_nl_dump(skb, cb, netslice_nl_gen_fill);
}

static int netslice_nl_put_buckets(struct sk_buff *skb, const struct netslice_generation *gen,
				   u32 first, u32 count)
{
	struct netslice_digest_value *all;
	struct nlattr *attr;
	u32 i;

	attr = nla_reserve(skb, NETSLICE_A_BUCKETS, count * NETSLICE_DIGEST_LEN);
	if (!attr)
		return -EMSGSIZE;
	all = kvcalloc(NETSLICE_DIGEST_BUCKETS, sizeof(*all), GFP_KERNEL);
	if (!all)
		return -ENOMEM;
	netslice_rib_digest_buckets(&gen->rib, all);
	for (i = 0; i < count; i++)
		netslice_digest_pack(&all[first + i],
				     (u8 *)nla_data(attr) + i * NETSLICE_DIGEST_LEN);
	kvfree(all);
	return 0;
}

static int netslice_nl_digest_put(struct sk_buff *skb, const struct netslice_generation *gen,
				  u32 first, u32 count)
{
	int err;

	err = netslice_nl_gen_put(skb, gen);
	if (err || !count)
		return err;
	if (nla_put_u32(skb, NETSLICE_A_BUCKET_FIRST, first) ||
	    nla_put_u32(skb, NETSLICE_A_BUCKET_COUNT, count))
		return -EMSGSIZE;
	return netslice_nl_put_buckets(skb, gen, first, count);
}

static int netslice_nl_bucket_range(struct genl_info *info, u32 *first, u32 *count)
{
	struct nlattr *a = info->attrs[NETSLICE_A_BUCKET_FIRST];
	struct nlattr *n = info->attrs[NETSLICE_A_BUCKET_COUNT];

	*first = a ? nla_get_u32(a) : 0;
	*count = n ? nla_get_u32(n) : 0;
	if (*first > NETSLICE_DIGEST_BUCKETS || *count > NETSLICE_DIGEST_BUCKETS - *first) {
		NL_SET_ERR_MSG_ATTR(info->extack, n ? n : a, "there are only 1024 buckets");
		return -ERANGE;
	}
	return 0;
}

/* The generation that GEN names, the active one without it. */
static struct netslice_generation *netslice_nl_gen(struct genl_info *info,
						   const struct netslice_nl_ctx *ctx)
{
	struct nlattr *id = info->attrs[NETSLICE_A_GEN];
	struct netslice_generation *gen;

	gen = netslice_gen_find(ctx->slice, id ? nla_get_u64(id) : 0);
	if (gen)
		return gen;
	if (id)
		NL_SET_ERR_MSG_ATTR(info->extack, id, "the slice has no generation of that number");
	else
		NL_SET_ERR_MSG(info->extack, "no generation of the slice is active");
	return ERR_PTR(-ENOENT);
}

int netslice_nl_digest_get(struct sk_buff *skb, struct genl_info *info)
{
	struct netslice_generation *gen;
	struct netslice_nl_ctx ctx;
	struct sk_buff *msg;
	u32 first, count;
	void *header;
	int err;

	err = netslice_nl_bucket_range(info, &first, &count);
	if (err)
		return err;
	msg = netslice_nl_reply_new(info, NETSLICE_CMD_DIGEST_GET,
				    NLMSG_DEFAULT_SIZE + count * NETSLICE_DIGEST_LEN, &header);
	if (!msg)
		return -ENOMEM;
	err = netslice_nl_begin(info, NETSLICE_NL_SLICE, &ctx);
	if (err)
		goto free;
	gen = netslice_nl_gen(info, &ctx);
	err = IS_ERR(gen) ? PTR_ERR(gen) : netslice_nl_digest_put(msg, gen, first, count);
	netslice_nl_end(&ctx);
	if (err)
		goto free;
	return netslice_nl_reply(info, msg, header);
free:
	nlmsg_free(msg);
	return err;
}
