// SPDX-License-Identifier: GPL-2.0-or-later
#include "work.h"

#include "mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#define WORK_THREADS	2

struct job {
	struct letter	letter;		/* first: a letter is a job */
	struct job	*next;
	void		(*run)(void *arg);
	void		(*done)(void *arg);
	void		*arg;
};

struct work {
	struct mailbox	*mailbox;
	pthread_mutex_t	lock;		/* protects what follows */
	pthread_cond_t	more;
	struct job	*first;
	struct job	**last;
	bool		stop;
	pthread_t	thread[WORK_THREADS];
	unsigned int	threads;
};

static void job_done(struct letter *letter)
{
	struct job *job = (struct job *)letter;

	job->done(job->arg);
	free(job);
}

/* The next job; NULL: the end. Jobs left then are finished by work_free(). */
static struct job *work_next(struct work *work)
{
	struct job *job = NULL;

	pthread_mutex_lock(&work->lock);
	while (!work->first && !work->stop)
		pthread_cond_wait(&work->more, &work->lock);
	if (!work->stop) {
		job = work->first;
		work->first = job->next;
		if (!work->first)
			work->last = &work->first;
	}
	pthread_mutex_unlock(&work->lock);
	return job;
}

static void *work_thread(void *arg)
{
	struct work *work = arg;
	struct job *job;

	while ((job = work_next(work))) {
		job->run(job->arg);
		mailbox_post(work->mailbox, &job->letter);
	}
	return NULL;
}

/**
 * work_new - threads for what would make the loop wait
 * @base: the loop
 *
 * Return: them, or NULL.
 */
struct work *work_new(struct event_base *base)
{
	struct work *work = calloc(1, sizeof(*work));

	if (!work)
		return NULL;
	work->last = &work->first;
	pthread_mutex_init(&work->lock, NULL);
	pthread_cond_init(&work->more, NULL);
	work->mailbox = mailbox_new(base);
	if (!work->mailbox) {
		work_free(work);
		return NULL;
	}
	for (; work->threads < WORK_THREADS; work->threads++) {
		if (pthread_create(&work->thread[work->threads], NULL, work_thread, work)) {
			work_free(work);
			return NULL;
		}
	}
	return work;
}

static void work_end_threads(struct work *work)
{
	pthread_mutex_lock(&work->lock);
	work->stop = true;
	pthread_cond_broadcast(&work->more);
	pthread_mutex_unlock(&work->lock);
	while (work->threads)
		pthread_join(work->thread[--work->threads], NULL);
}

/**
 * work_stop - no more jobs
 * @work: the threads
 *
 * Waits for the jobs that run. Those that had not begun are not run, but
 * their done functions are called as all others'.
 *
 * Context: the loop has ended.
 */
void work_stop(struct work *work)
{
	struct job *job;

	work_end_threads(work);
	mailbox_free(work->mailbox);
	work->mailbox = NULL;
	while ((job = work->first)) {
		work->first = job->next;
		job_done(&job->letter);
	}
	work->last = &work->first;
}

/**
 * work_free - end
 * @work: the threads, or NULL
 */
void work_free(struct work *work)
{
	if (!work)
		return;
	work_stop(work);
	pthread_cond_destroy(&work->more);
	pthread_mutex_destroy(&work->lock);
	free(work);
}

/**
 * work_start - give a job to the threads
 * @work: them
 * @run: called in a thread, touches nothing but @arg
 * @done: called on the loop afterwards
 * @arg: belongs to the job until @done
 *
 * Return: 0, -ENOMEM or -ESHUTDOWN: then neither is called.
 */
int work_start(struct work *work, void (*run)(void *arg), void (*done)(void *arg), void *arg)
{
	struct job *job;

	if (work->stop)
		return -ESHUTDOWN;
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	job->letter.open = job_done;
	job->run = run;
	job->done = done;
	job->arg = arg;
	pthread_mutex_lock(&work->lock);
	*work->last = job;
	work->last = &job->next;
	pthread_cond_signal(&work->more);
	pthread_mutex_unlock(&work->lock);
	return 0;
}
