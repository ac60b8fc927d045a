/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of the kernel as the pure parts of kmod/ use, for user space. Every
 * header below linux/ and asm/ here includes this one.
 *
 * More than names: allocations are counted and can be made to fail, RCU readers
 * are tracked and nothing is freed under them, and what lockdep would prove is
 * asserted: RCU pointers are read by a reader or with the lock held, and nothing
 * sleeps inside a reader.
 */
#ifndef NETSLICE_SHIM_H
#define NETSLICE_SHIM_H

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/types.h>

/* --- types and compiler --- */

/* As in the kernel: 64 bits are long long everywhere */
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef long long s64;
typedef unsigned int gfp_t;

#define __rcu
#define __user
#define __percpu
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#undef __aligned
#define __aligned(x) __attribute__((aligned(x)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Thread sanitizer does not know that an address orders what is read through it */
#ifdef __SANITIZE_THREAD__
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#else
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#endif
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), v, __ATOMIC_RELAXED)
#define smp_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))
#define struct_size(p, member, n) \
	(sizeof(*(p)) + (size_t)(n) * sizeof((p)->member[0]))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define max_t(type, a, b) ((type)(a) > (type)(b) ? (type)(a) : (type)(b))

/* --- bits and bytes --- */

#define hweight64(x) ((unsigned int)__builtin_popcountll(x))
#define ilog2(x) (63 - __builtin_clzll(x))

static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

#define be32_to_cpu(x) be32toh(x)
#define be64_to_cpu(x) be64toh(x)
#define cpu_to_be32(x) htobe32(x)
#define cpu_to_be64(x) htobe64(x)

/* --- errors in pointers --- */

#define ERR_PTR(err) ((void *)(intptr_t)(err))
#define PTR_ERR(p) ((int)(intptr_t)(p))
#define IS_ERR(p) ((uintptr_t)(p) >= (uintptr_t)-4095)

/* --- lists --- */

struct list_head {
	struct list_head *next, *prev;
};

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline void list_add_tail(struct list_head *item, struct list_head *head)
{
	item->next = head;
	item->prev = head->prev;
	head->prev->next = item;
	head->prev = item;
}

static inline void list_del(struct list_head *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	item->next = NULL;
	item->prev = NULL;
}

#define list_entry(p, type, member) container_of(p, type, member)
#define list_for_each_entry_safe(pos, n, head, member) \
	for (pos = list_entry((head)->next, __typeof__(*pos), member), \
	     n = list_entry(pos->member.next, __typeof__(*pos), member); \
	     &pos->member != (head); \
	     pos = n, n = list_entry(n->member.next, __typeof__(*n), member))

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *head)
{
	n->next = head->first;
	n->pprev = &head->first;
	if (n->next)
		n->next->pprev = &n->next;
	head->first = n;
}

static inline void hlist_del(struct hlist_node *n)
{
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
}

#define hlist_entry_safe(p, type, member) \
	((p) ? container_of(p, type, member) : NULL)
#define hlist_for_each_entry(pos, head, member) \
	for (pos = hlist_entry_safe((head)->first, __typeof__(*pos), member); \
	     pos; \
	     pos = hlist_entry_safe(pos->member.next, __typeof__(*pos), member))
#define hlist_for_each_entry_safe(pos, n, head, member) \
	for (pos = hlist_entry_safe((head)->first, __typeof__(*pos), member); \
	     pos && (n = pos->member.next, 1); \
	     pos = hlist_entry_safe(n, __typeof__(*pos), member))

/* --- locks --- */

struct mutex {
	pthread_mutex_t m;
	pthread_t owner;
	bool held;
};

void mutex_init(struct mutex *lock);
void mutex_lock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
bool lockdep_is_held(const struct mutex *lock);

/* --- RCU --- */

struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
};

void rcu_read_lock(void);
void rcu_read_unlock(void);
bool rcu_read_lock_held(void);
void synchronize_rcu(void);
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
void rcu_barrier(void);
unsigned long start_poll_synchronize_rcu(void);
bool poll_state_synchronize_rcu(unsigned long cookie);
void shim_kvfree_rcu(struct rcu_head *head, size_t offset);

#define kvfree_rcu(p, field) \
	shim_kvfree_rcu(&(p)->field, offsetof(__typeof__(*(p)), field))
#define kfree_rcu(p, field) kvfree_rcu(p, field)

#define rcu_dereference_check(p, c) ({ \
	assert(rcu_read_lock_held() || (c)); \
	__atomic_load_n(&(p), __ATOMIC_ACQUIRE); })
#define rcu_dereference(p) rcu_dereference_check(p, false)
#define rcu_dereference_protected(p, c) ({ \
	assert(c); \
	__atomic_load_n(&(p), __ATOMIC_RELAXED); })
#define rcu_assign_pointer(p, v) __atomic_store_n(&(p), v, __ATOMIC_RELEASE)
#define RCU_INIT_POINTER(p, v) __atomic_store_n(&(p), v, __ATOMIC_RELAXED)

/* --- memory --- */

#define GFP_KERNEL		1U
#define GFP_KERNEL_ACCOUNT	3U
#define __GFP_NOWARN		4U
#define __GFP_NOFAIL		8U
#define __GFP_ZERO		16U

void *shim_alloc(size_t size, gfp_t gfp);
void kfree(const void *p);

#define kmalloc(size, gfp) shim_alloc(size, gfp)
#define kzalloc(size, gfp) shim_alloc(size, (gfp) | __GFP_ZERO)
#define kvmalloc(size, gfp) shim_alloc(size, gfp)
#define kvzalloc(size, gfp) shim_alloc(size, (gfp) | __GFP_ZERO)
#define kvmalloc_array(n, size, gfp) shim_alloc((size_t)(n) * (size), gfp)
#define kvcalloc(n, size, gfp) \
	shim_alloc((size_t)(n) * (size), (gfp) | __GFP_ZERO)
#define kvfree(p) kfree(p)

static inline void *kmemdup(const void *from, size_t size, gfp_t gfp)
{
	void *p = kmalloc(size, gfp);

	return p ? memcpy(p, from, size) : NULL;
}

/* The scheduler's turn: not inside a reader */
static inline void cond_resched(void)
{
	assert(!rcu_read_lock_held());
}

/* --- for tests --- */

/* The @nth allocation from now on (1 is the next one) and all later ones fail */
void shim_alloc_fail_from(unsigned long nth);
/* Only the @nth allocation from now on fails */
void shim_alloc_fail_at(unsigned long nth);
/* No more failures. Return: how many allocations failed */
unsigned long shim_alloc_fail_never(void);
/* Pieces of memory in use, and their bytes */
long shim_alloc_live(void);
size_t shim_alloc_bytes(void);
/* Callbacks that wait for a grace period */
long shim_rcu_pending(void);

#endif /* NETSLICE_SHIM_H */
