// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generations.
 *
 * A slice has at most three: standby, which is being built or is sealed; active,
 * which moves the packets; previous, which is what was active before a switch that
 * nobody has committed yet. A slice is uncommitted while it has a previous one, or
 * while its confirm timer runs: the first switch of all has no previous, and rolls
 * back to no generation.
 *
 * Switch, commit and rollback work on many slices in three steps: check all,
 * which may fail; publish, which cannot; retire what is left over. All of a
 * namespace's slices are under its one lock, so nothing changes in between.
 *
 * A generation is freed after a grace period by the module's own work queue,
 * outside nn->lock, for it may hold a million routes. Until then it holds its
 * slice by a reference to the slice device. It holds no other device.
 */
#include <linux/hrtimer.h>
#include <linux/moduleparam.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include "compat.h"
#include "event.h"
#include "generation.h"
#include "netns.h"
#include "port.h"
#include "program.h"
#include "slice.h"
#include "trace.h"

static unsigned int netslice_max_routes = 2000000;
module_param_named(max_routes, netslice_max_routes, uint, 0644);
MODULE_PARM_DESC(max_routes, "limit on the routes of one generation, both families together");

static struct workqueue_struct *netslice_gen_wq;

static void netslice_gen_port_get(void *port)
{
	netslice_port_hold(port);
}

static void netslice_gen_port_put(void *port)
{
	netslice_port_put(port);
}

static const struct netslice_nhg_ops netslice_gen_nhg_ops = {
	.port_get = netslice_gen_port_get,
	.port_put = netslice_gen_port_put,
};

static struct netslice_generation *netslice_gen_active(const struct netslice_slice *slice)
{
	return rcu_dereference_protected(slice->active, lockdep_is_held(&slice->nn->lock));
}

static bool netslice_gen_uncommitted(const struct netslice_slice *slice)
{
	return slice->previous || slice->confirm_end;
}

static void netslice_gen_event(struct netslice_slice *slice, enum netslice_event event, u64 id)
{
	netslice_event(slice, event, &(struct netslice_event_info){ .gen = id }, GFP_KERNEL);
}

/**
 * netslice_gen_find() - a generation by its number
 * @slice: the slice
 * @id: the number, 0 for the active one
 *
 * Context: nn->lock.
 * Return: the generation, or NULL.
 */
struct netslice_generation *netslice_gen_find(struct netslice_slice *slice, u64 id)
{
	struct netslice_generation *active = netslice_gen_active(slice);

	if (!id || (active && active->id == id))
		return active;
	if (slice->standby && slice->standby->id == id)
		return slice->standby;
	if (slice->previous && slice->previous->id == id)
		return slice->previous;
	return NULL;
}

static void netslice_gen_free(struct netslice_generation *gen)
{
	struct netslice_slice *slice = gen->slice;

	netslice_rib_destroy(&gen->rib);
	mutex_lock(&slice->nn->lock);
	netslice_ports_reap(slice);
	mutex_unlock(&slice->nn->lock);
	if (gen->prog)
		netslice_program_put(gen->prog);
	free_percpu(gen->stats);
	/* Not before: the slice goes with its device. */
	netdev_put(slice->dev, &gen->dev_tracker);
	kfree(gen);
}

static void netslice_gen_free_work(struct work_struct *work)
{
	netslice_gen_free(container_of(to_rcu_work(work), struct netslice_generation, free_work));
}

/* No packet finds it any more. NULL is nothing to do. */
static void netslice_gen_retire(struct netslice_generation *gen)
{
	if (gen)
		queue_rcu_work(netslice_gen_wq, &gen->free_work);
}

static int netslice_gen_fill(struct netslice_generation *gen,
			     const struct netslice_generation *from)
{
	const struct netslice_rib_config config = {
		.ops = &netslice_gen_nhg_ops,
		.lock = &gen->slice->nn->lock,
		.max_routes = READ_ONCE(netslice_max_routes),
		.max_groups = NETSLICE_TABLE_VALUE_MAX,
		.gfp = GFP_KERNEL_ACCOUNT,
	};
	int err;

	gen->stats = __netdev_alloc_pcpu_stats(struct netslice_gen_stats, GFP_KERNEL_ACCOUNT);
	if (!gen->stats)
		return -ENOMEM;
	err = netslice_rib_init(&gen->rib, &config);
	if (err)
		goto stats_free;
	if (from)
		err = netslice_rib_copy(&gen->rib, &from->rib);
	if (err)
		goto rib_destroy;
	return 0;

rib_destroy:
	netslice_rib_destroy(&gen->rib);
stats_free:
	free_percpu(gen->stats);
	return err;
}

static struct netslice_generation *netslice_gen_new(struct netslice_slice *slice,
						    const struct netslice_gen_spec *spec,
						    const struct netslice_generation *from)
{
	struct netslice_generation *gen;
	int err;

	gen = kzalloc(sizeof(*gen), GFP_KERNEL_ACCOUNT);
	if (!gen)
		return ERR_PTR(-ENOMEM);
	gen->slice = slice;
	gen->id = spec->id;
	gen->state = NETSLICE_GEN_BUILDING;
	gen->schema = spec->schema;
	if (spec->release)
		strscpy(gen->release, spec->release, sizeof(gen->release));
	INIT_RCU_WORK(&gen->free_work, netslice_gen_free_work);
	err = netslice_gen_fill(gen, from);
	if (err) {
		kfree(gen);
		return ERR_PTR(err);
	}
	gen->prog = spec->prog;
	netdev_hold(slice->dev, &gen->dev_tracker, GFP_KERNEL);
	return gen;
}

static int netslice_gen_stage_check(const struct netslice_slice *slice,
				    const struct netslice_gen_spec *spec,
				    struct netlink_ext_ack *extack)
{
	if (slice->dead) {
		NL_SET_ERR_MSG(extack, "the slice is being removed");
		return -ENODEV;
	}
	if (slice->standby) {
		NETSLICE_ERR_FMT(extack, "a standby generation is there: drop it first",
				 "generation %llu is standby: drop it first", slice->standby->id);
		return -EEXIST;
	}
	if (spec->id <= slice->gen_last) {
		NETSLICE_ERR_FMT(extack, "that number, or a higher one, was used before",
				 "the next generation's number is %llu or higher",
				 slice->gen_last + 1);
		return -ERANGE;
	}
	if (spec->copy && !netslice_gen_active(slice)) {
		NL_SET_ERR_MSG(extack, "no generation is active that could be copied");
		return -ENOENT;
	}
	return 0;
}

/**
 * netslice_gen_stage() - make the standby generation
 * @slice: the slice
 * @spec: what it is; its program passes to the generation on success
 * @extack: says why not
 *
 * Context: nn->lock. Emits GEN_STAGE.
 * Return: 0, -EEXIST, -ERANGE, -ENOENT, -ENODEV, -ENOMEM.
 */
int netslice_gen_stage(struct netslice_slice *slice, const struct netslice_gen_spec *spec,
		       struct netlink_ext_ack *extack)
{
	struct netslice_generation *gen;
	int err;

	lockdep_assert_held(&slice->nn->lock);
	err = netslice_gen_stage_check(slice, spec, extack);
	if (err)
		return err;
	gen = netslice_gen_new(slice, spec, spec->copy ? netslice_gen_active(slice) : NULL);
	if (IS_ERR(gen))
		return PTR_ERR(gen);
	slice->standby = gen;
	slice->gen_last = gen->id;
	netslice_gen_event(slice, NETSLICE_EVENT_GEN_STAGE, gen->id);
	return 0;
}

static struct netslice_generation *netslice_gen_standby(const struct netslice_slice *slice, u64 id,
							struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&slice->nn->lock);
	if (slice->standby && slice->standby->id == id)
		return slice->standby;
	NETSLICE_ERR_FMT(extack, "no generation of that number is standby",
			 "generation %llu is not standby", id);
	return ERR_PTR(-ENOENT);
}

static int netslice_gen_seal_check(const struct netslice_generation *gen,
				   const struct netslice_seal *seal,
				   struct netlink_ext_ack *extack)
{
	struct netslice_digest_value total;
	u32 routes4 = netslice_rib_count(&gen->rib, AF_INET);
	u32 routes6 = netslice_rib_count(&gen->rib, AF_INET6);
	u8 digest[NETSLICE_DIGEST_LEN];

	if (routes4 != seal->routes4) {
		NETSLICE_ERR_FMT(extack, "the number of IPv4 routes differs",
				 "it holds %u IPv4 routes, not %u", routes4, seal->routes4);
		return -EBADMSG;
	}
	if (routes6 != seal->routes6) {
		NETSLICE_ERR_FMT(extack, "the number of IPv6 routes differs",
				 "it holds %u IPv6 routes, not %u", routes6, seal->routes6);
		return -EBADMSG;
	}
	netslice_rib_digest(&gen->rib, &total);
	netslice_digest_pack(&total, digest);
	if (memcmp(digest, seal->digest, sizeof(digest))) {
		NL_SET_ERR_MSG(extack, "the digest differs");
		return -EBADMSG;
	}
	return 0;
}

/**
 * netslice_gen_seal() - freeze the standby generation if it is what is believed
 * @slice: the slice
 * @id: of the generation
 * @seal: what the caller believes it holds
 * @extack: says what differs
 *
 * Context: nn->lock. Emits GEN_SEAL.
 * Return: 0, -ENOENT, -EALREADY, -EBADMSG.
 */
int netslice_gen_seal(struct netslice_slice *slice, u64 id, const struct netslice_seal *seal,
		      struct netlink_ext_ack *extack)
{
	struct netslice_generation *gen = netslice_gen_standby(slice, id, extack);
	int err;

	if (IS_ERR(gen))
		return PTR_ERR(gen);
	if (gen->state == NETSLICE_GEN_SEALED) {
		NL_SET_ERR_MSG(extack, "the generation is sealed already");
		return -EALREADY;
	}
	err = netslice_gen_seal_check(gen, seal, extack);
	if (err)
		return err;
	gen->state = NETSLICE_GEN_SEALED;
	netslice_gen_event(slice, NETSLICE_EVENT_GEN_SEAL, id);
	return 0;
}

/**
 * netslice_gen_drop() - free the standby generation
 * @slice: the slice
 * @id: of the generation
 * @extack: says why not
 *
 * Context: nn->lock. Emits GEN_DROP.
 * Return: 0 or -ENOENT.
 */
int netslice_gen_drop(struct netslice_slice *slice, u64 id, struct netlink_ext_ack *extack)
{
	struct netslice_generation *gen = netslice_gen_standby(slice, id, extack);

	if (IS_ERR(gen))
		return PTR_ERR(gen);
	slice->standby = NULL;
	netslice_gen_retire(gen);
	netslice_gen_event(slice, NETSLICE_EVENT_GEN_DROP, id);
	return 0;
}

static enum hrtimer_restart netslice_confirm_timer(struct hrtimer *timer)
{
	struct netslice_slice *slice = container_of(timer, struct netslice_slice, confirm_timer);

	queue_work(netslice_gen_wq, &slice->confirm_work);
	return HRTIMER_NORESTART;
}

static void netslice_confirm_start(struct netslice_slice *slice, u32 ms)
{
	slice->confirm_end = 0;
	if (!ms)
		return;
	slice->confirm_end = ktime_add_ms(ktime_get_boottime(), ms);
	hrtimer_start(&slice->confirm_timer, slice->confirm_end, HRTIMER_MODE_ABS_SOFT);
}

/* The work may be waiting for nn->lock; it then finds that no timer runs. */
static void netslice_confirm_stop(struct netslice_slice *slice)
{
	slice->confirm_end = 0;
	hrtimer_cancel(&slice->confirm_timer);
}

/**
 * netslice_gen_confirm_left() - how long until the confirm timer rolls back
 * @slice: the slice
 *
 * Context: nn->lock.
 * Return: milliseconds, at least 1; 0 when none runs.
 */
u32 netslice_gen_confirm_left(const struct netslice_slice *slice)
{
	if (!slice->confirm_end)
		return 0;
	return clamp_t(s64, ktime_ms_delta(slice->confirm_end, ktime_get_boottime()), 1, U32_MAX);
}

/* What switch, commit and rollback compare alike. */
static int netslice_entry_check(const struct netslice_switch *v, struct netlink_ext_ack *extack)
{
	const struct netslice_generation *active = netslice_gen_active(v->slice);
	u64 id = active ? active->id : 0;
	int err;

	if (v->slice->dead) {
		NL_SET_ERR_MSG(extack, "the slice is being removed");
		return -ENODEV;
	}
	err = netslice_slice_check_cp_term(v->slice, v->cp_term, extack);
	if (err)
		return err;
	if (id == v->expect)
		return 0;
	NETSLICE_ERR_FMT(extack, "another generation is active than was expected",
			 "slice %s: generation %llu is active, not %llu", v->slice->name, id,
			 v->expect);
	return -ESTALE;
}

static int netslice_switch_check(const struct netslice_switch *v, struct netlink_ext_ack *extack)
{
	const struct netslice_generation *gen;

	if (netslice_gen_uncommitted(v->slice)) {
		NETSLICE_ERR_FMT(extack, "the last switch is not committed yet",
				 "slice %s: generation %llu is not committed yet", v->slice->name,
				 v->expect);
		return -EBUSY;
	}
	gen = netslice_gen_standby(v->slice, v->gen, extack);
	if (IS_ERR(gen))
		return PTR_ERR(gen);
	if (gen->state == NETSLICE_GEN_SEALED)
		return 0;
	NETSLICE_ERR_FMT(extack, "the generation is not sealed",
			 "slice %s: generation %llu is not sealed", v->slice->name, v->gen);
	return -EINVAL;
}

static int netslice_commit_check(const struct netslice_switch *v, struct netlink_ext_ack *extack)
{
	if (v->expect)
		return 0;
	NL_SET_ERR_MSG(extack, "no generation is active that could be committed");
	return -ENOENT;
}

static int netslice_rollback_check(const struct netslice_switch *v, struct netlink_ext_ack *extack)
{
	if (netslice_gen_uncommitted(v->slice))
		return 0;
	NETSLICE_ERR_FMT(extack, "there is nothing to roll back to",
			 "slice %s: there is nothing to roll back to", v->slice->name);
	return -ENOENT;
}

typedef int (*netslice_entry_check_fn)(const struct netslice_switch *v,
				       struct netlink_ext_ack *extack);

/* Each slice once. A request names few slices, or is rare: no index is worth it. */
static int netslice_entries_unique(const struct netslice_switch *v, unsigned int n,
				   struct netlink_ext_ack *extack)
{
	unsigned int i, j;

	for (i = 1; i < n; i++)
		for (j = 0; j < i; j++)
			if (v[i].slice == v[j].slice) {
				NL_SET_BAD_ATTR(extack, v[i].attr);
				NL_SET_ERR_MSG(extack, "a slice is named twice");
				return -EINVAL;
			}
	return 0;
}

static int netslice_entries_check(const struct netslice_switch *v, unsigned int n,
				  netslice_entry_check_fn check, struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err;

	for (i = 0; i < n; i++) {
		err = netslice_entry_check(&v[i], extack);
		if (!err)
			err = check(&v[i], extack);
		if (err) {
			NL_SET_BAD_ATTR(extack, v[i].attr);
			return err;
		}
	}
	return netslice_entries_unique(v, n, extack);
}

/* Cannot fail. */
static void netslice_switch_publish(struct netslice_switch *v)
{
	struct netslice_slice *slice = v->slice;
	struct netslice_generation *gen = slice->standby;
	struct netslice_generation *old = netslice_gen_active(slice);

	netslice_rib_publish(&gen->rib);
	gen->state = NETSLICE_GEN_ACTIVE;
	rcu_assign_pointer(slice->active, gen);
	trace_netslice_switch(slice->name, old ? old->id : 0, gen->id);
	if (old) {
		old->state = NETSLICE_GEN_PREVIOUS;
		old->lacks = 0;
	}
	slice->previous = old;
	slice->standby = NULL;
	netslice_confirm_start(slice, v->confirm_ms);
}

/**
 * netslice_gen_switch() - sealed generations become active, in all slices or in none
 * @v: one entry for each slice
 * @n: how many
 * @extack: says why not, and points to the entry
 *
 * Context: nn->lock. Emits GEN_SWITCH for each slice.
 * Return: 0, -ESTALE, -EBUSY (uncommitted), -ENOENT, -EINVAL, -ENODEV.
 */
int netslice_gen_switch(struct netslice_switch *v, unsigned int n, struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err;

	err = netslice_entries_check(v, n, netslice_switch_check, extack);
	if (err)
		return err;
	for (i = 0; i < n; i++)
		netslice_switch_publish(&v[i]);
	for (i = 0; i < n; i++)
		netslice_gen_event(v[i].slice, NETSLICE_EVENT_GEN_SWITCH, v[i].gen);
	return 0;
}

/**
 * netslice_gen_commit() - free previous and stop the confirm timer
 * @v: one entry for each slice
 * @n: how many
 * @extack: says why not, and points to the entry
 *
 * A slice that has nothing uncommitted is left as it is: whoever lost the answer
 * may ask again.
 *
 * Context: nn->lock. Emits GEN_COMMIT for each slice that was uncommitted.
 * Return: 0, -ESTALE, -ENOENT, -EINVAL, -ENODEV.
 */
int netslice_gen_commit(struct netslice_switch *v, unsigned int n, struct netlink_ext_ack *extack)
{
	struct netslice_slice *slice;
	unsigned int i;
	int err;

	err = netslice_entries_check(v, n, netslice_commit_check, extack);
	if (err)
		return err;
	for (i = 0; i < n; i++) {
		slice = v[i].slice;
		if (!netslice_gen_uncommitted(slice))
			continue;
		netslice_confirm_stop(slice);
		netslice_gen_retire(slice->previous);
		slice->previous = NULL;
		netslice_gen_event(slice, NETSLICE_EVENT_GEN_COMMIT, v[i].expect);
	}
	return 0;
}

/* Cannot fail. Return: changes that the generation now active lacks. */
static u64 netslice_rollback_publish(struct netslice_slice *slice)
{
	struct netslice_generation *failed = netslice_gen_active(slice);
	struct netslice_generation *gen = slice->previous;

	netslice_confirm_stop(slice);
	rcu_assign_pointer(slice->active, gen);
	trace_netslice_switch(slice->name, failed->id, gen ? gen->id : 0);
	if (gen)
		gen->state = NETSLICE_GEN_ACTIVE;
	slice->previous = NULL;
	netslice_gen_retire(failed);
	return gen ? gen->lacks : 0;
}

static void netslice_rollback_event(struct netslice_slice *slice, enum netslice_event event)
{
	const struct netslice_generation *active = netslice_gen_active(slice);

	netslice_gen_event(slice, event, active ? active->id : 0);
}

/**
 * netslice_gen_rollback() - previous becomes active again
 * @v: one entry for each slice; lacks is filled in
 * @n: how many
 * @extack: says why not, and points to the entry
 *
 * The generation that failed is freed. An uncommitted first switch goes back to
 * no active generation.
 *
 * Context: nn->lock. Emits GEN_ROLLBACK for each slice.
 * Return: 0, -ESTALE, -ENOENT (nothing to go back to), -EINVAL, -ENODEV.
 */
int netslice_gen_rollback(struct netslice_switch *v, unsigned int n,
			  struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err;

	err = netslice_entries_check(v, n, netslice_rollback_check, extack);
	if (err)
		return err;
	for (i = 0; i < n; i++)
		v[i].lacks = netslice_rollback_publish(v[i].slice);
	for (i = 0; i < n; i++)
		netslice_rollback_event(v[i].slice, NETSLICE_EVENT_GEN_ROLLBACK);
	return 0;
}

static void netslice_confirm_work(struct work_struct *work)
{
	struct netslice_slice *slice = container_of(work, struct netslice_slice, confirm_work);

	mutex_lock(&slice->nn->lock);
	if (!slice->dead && slice->confirm_end &&
	    !ktime_before(ktime_get_boottime(), slice->confirm_end)) {
		netslice_rollback_publish(slice);
		netslice_rollback_event(slice, NETSLICE_EVENT_CONFIRM_EXPIRED);
	}
	mutex_unlock(&slice->nn->lock);
}

/**
 * netslice_gen_init() - a slice begins without generations
 * @slice: the slice
 * @gen_first: lowest number that its first one may have
 *
 * Context: process; nobody else sees the slice.
 */
void netslice_gen_init(struct netslice_slice *slice, u64 gen_first)
{
	slice->gen_last = gen_first ? gen_first - 1 : 0;
	slice->confirm_end = 0;
	hrtimer_init(&slice->confirm_timer, CLOCK_BOOTTIME, HRTIMER_MODE_ABS_SOFT);
	slice->confirm_timer.function = netslice_confirm_timer;
	INIT_WORK(&slice->confirm_work, netslice_confirm_work);
}

/**
 * netslice_gen_destroy() - free all generations of a slice that dies
 * @slice: the slice, dead already
 *
 * The caller cancels confirm_work once it has released nn->lock.
 *
 * Context: nn->lock.
 */
void netslice_gen_destroy(struct netslice_slice *slice)
{
	struct netslice_generation *active = netslice_gen_active(slice);

	lockdep_assert_held(&slice->nn->lock);
	netslice_confirm_stop(slice);
	RCU_INIT_POINTER(slice->active, NULL);
	netslice_gen_retire(active);
	netslice_gen_retire(slice->previous);
	netslice_gen_retire(slice->standby);
	slice->previous = NULL;
	slice->standby = NULL;
}

/**
 * netslice_generation_init() - make the work queue that frees generations
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int netslice_generation_init(void)
{
	netslice_gen_wq = alloc_workqueue("netslice", WQ_UNBOUND, 0);
	return netslice_gen_wq ? 0 : -ENOMEM;
}

/**
 * netslice_generation_exit() - flush and end it
 *
 * Every generation held its slice's device, and no slice is left: what may still
 * run is only the end of the work that freed the last one.
 *
 * Context: process.
 */
void netslice_generation_exit(void)
{
	destroy_workqueue(netslice_gen_wq);
}
