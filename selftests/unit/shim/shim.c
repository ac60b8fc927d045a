// SPDX-License-Identifier: GPL-2.0-or-later
/* See shim.h. */

#include <malloc.h>
#include <sched.h>

#include "shim.h"

/* --- memory --- */

static unsigned long shim_countdown;	/* allocations until one fails; 0: never */
static bool shim_fail_on;		/* and all after it */
static unsigned long shim_failed;
static long shim_live;
static size_t shim_bytes;

void shim_alloc_fail_from(unsigned long nth)
{
	shim_countdown = nth;
	shim_fail_on = true;
	shim_failed = 0;
}

void shim_alloc_fail_at(unsigned long nth)
{
	shim_countdown = nth;
	shim_fail_on = false;
	shim_failed = 0;
}

unsigned long shim_alloc_fail_never(void)
{
	shim_countdown = 0;
	return shim_failed;
}

static bool shim_alloc_fails(gfp_t gfp)
{
	if (!shim_countdown || gfp & __GFP_NOFAIL)
		return false;
	if (shim_countdown > 1) {
		shim_countdown--;
		return false;
	}
	if (!shim_fail_on)
		shim_countdown = 0;
	shim_failed++;
	return true;
}

void *shim_alloc(size_t size, gfp_t gfp)
{
	void *p;

	assert(!rcu_read_lock_held());
	if (shim_alloc_fails(gfp))
		return NULL;
	p = malloc(size ? size : 1);
	if (!p)
		abort();
	memset(p, gfp & __GFP_ZERO ? 0 : 0xa5, size);
	__atomic_add_fetch(&shim_live, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&shim_bytes, malloc_usable_size(p), __ATOMIC_RELAXED);
	return p;
}

void kfree(const void *p)
{
	if (!p)
		return;
	__atomic_sub_fetch(&shim_live, 1, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&shim_bytes, malloc_usable_size((void *)p),
			   __ATOMIC_RELAXED);
	free((void *)p);
}

long shim_alloc_live(void)
{
	return __atomic_load_n(&shim_live, __ATOMIC_RELAXED);
}

size_t shim_alloc_bytes(void)
{
	return __atomic_load_n(&shim_bytes, __ATOMIC_RELAXED);
}

/* --- locks --- */

void mutex_init(struct mutex *lock)
{
	pthread_mutex_init(&lock->m, NULL);
	lock->held = false;
}

void mutex_lock(struct mutex *lock)
{
	assert(!rcu_read_lock_held());
	pthread_mutex_lock(&lock->m);
	lock->owner = pthread_self();
	lock->held = true;
}

void mutex_unlock(struct mutex *lock)
{
	assert(lockdep_is_held(lock));
	lock->held = false;
	pthread_mutex_unlock(&lock->m);
}

/* Only the owner's own answer matters */
bool lockdep_is_held(const struct mutex *lock)
{
	return lock->held && pthread_equal(lock->owner, pthread_self());
}

/* --- RCU ---
 *
 * A reader notes the grace period it began in, in a place of its own; a grace
 * period is over when no reader is left that began before it.
 */

#define SHIM_READERS 64

static unsigned long shim_gp = 1;		/* number of the one to come */
static unsigned long shim_reader[SHIM_READERS];	/* 0: not reading */
static unsigned int shim_readers;
static __thread unsigned int shim_me;		/* own place plus one */
static __thread unsigned int shim_nested;

static pthread_mutex_t shim_rcu_lock = PTHREAD_MUTEX_INITIALIZER;
static struct rcu_head *shim_callbacks;
static long shim_callbacks_n;

void rcu_read_lock(void)
{
	unsigned long gp;

	if (shim_nested++)
		return;
	if (!shim_me) {
		shim_me = __atomic_add_fetch(&shim_readers, 1, __ATOMIC_SEQ_CST);
		assert(shim_me <= SHIM_READERS);
	}
	gp = __atomic_load_n(&shim_gp, __ATOMIC_SEQ_CST);
	__atomic_store_n(&shim_reader[shim_me - 1], gp, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void rcu_read_unlock(void)
{
	assert(shim_nested);
	if (!--shim_nested)
		__atomic_store_n(&shim_reader[shim_me - 1], 0, __ATOMIC_SEQ_CST);
}

bool rcu_read_lock_held(void)
{
	return shim_nested;
}

void synchronize_rcu(void)
{
	unsigned long gp, at;
	unsigned int i;

	assert(!rcu_read_lock_held());
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	gp = __atomic_fetch_add(&shim_gp, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < SHIM_READERS; i++) {
		while ((at = __atomic_load_n(&shim_reader[i], __ATOMIC_SEQ_CST)) &&
		       at <= gp)
			sched_yield();
	}
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	pthread_mutex_lock(&shim_rcu_lock);
	head->func = func;
	head->next = shim_callbacks;
	shim_callbacks = head;
	shim_callbacks_n++;
	pthread_mutex_unlock(&shim_rcu_lock);
}

/* As the kernel does: a function below 4096 is an offset */
void shim_kvfree_rcu(struct rcu_head *head, size_t offset)
{
	call_rcu(head, (void (*)(struct rcu_head *))offset);
}

static void shim_call(struct rcu_head *head)
{
	uintptr_t offset = (uintptr_t)head->func;

	if (offset < 4096)
		kfree((char *)head - offset);
	else
		head->func(head);
}

void rcu_barrier(void)
{
	struct rcu_head *head, *next;

	pthread_mutex_lock(&shim_rcu_lock);
	head = shim_callbacks;
	shim_callbacks = NULL;
	shim_callbacks_n = 0;
	pthread_mutex_unlock(&shim_rcu_lock);
	synchronize_rcu();
	for (; head; head = next) {
		next = head->next;
		shim_call(head);
	}
}

long shim_rcu_pending(void)
{
	return shim_callbacks_n;
}

/* The one that begins after now must be over */
unsigned long start_poll_synchronize_rcu(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&shim_gp, __ATOMIC_SEQ_CST) + 1;
}

bool poll_state_synchronize_rcu(unsigned long cookie)
{
	return __atomic_load_n(&shim_gp, __ATOMIC_SEQ_CST) >= cookie;
}
