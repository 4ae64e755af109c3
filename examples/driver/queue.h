/* SPDX-License-Identifier: MIT
 *
 * queue.h: requests waiting for one thread, first in first out. Any thread may push.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include "driver.h"

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct request *first, **last; /* *last is where the next one goes */
    bool closed;
};

void queue_init(struct queue *queue);
void queue_destroy(struct queue *queue);
void queue_push(struct queue *queue, struct request *request);

/* After this, queue_pop() returns NULL once the queue is empty. */
void queue_close(struct queue *queue);

/* Waits for a request and takes it; NULL when the queue is closed and empty. */
struct request *queue_pop(struct queue *queue);

#endif
