/* SPDX-License-Identifier: MIT
 *
 * engine.c: one queue and one thread per worker, and a completion thread that frees what others allocated.
 *
 * A request's block goes through three threads: submitted here, answered there, freed in the third. All requests of a volume
 * go to the same worker, so a volume sees them in the order of the trace and the counts do not depend on scheduling.
 */
#include <stdio.h>
#include <stdlib.h>
#include "engine.h"
#include "queue.h"

struct worker {
    struct engine *engine;
    struct queue queue;
    pthread_t thread;
};

struct engine {
    struct driver *driver;
    struct worker workers[ENGINE_WORKERS_MAX];
    unsigned worker_count;
    struct queue completed;
    pthread_t completer;
    pthread_mutex_t lock; /* for the rest */
    pthread_cond_t idle;
    unsigned under_way;
    struct tally tallies[TRACE_KINDS];
};

/* The outcome of a request for which there was not even a context. */
static const struct context no_memory = {STATUS_INSUFFICIENT_RESOURCES, 0};

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct request *request;

    while ((request = queue_pop(&worker->queue)) != NULL) {
        request->context = tagpool_zalloc(TAGPOOL_NONPAGED, sizeof *request->context, TAG_CONTEXT);
        if (request->context != NULL)
            request->context->status = driver_dispatch(worker->engine->driver, request);
        queue_push(&worker->engine->completed, request);
    }
    return NULL;
}

static void count(struct engine *engine, enum trace_kind kind, const struct context *context)
{
    pthread_mutex_lock(&engine->lock);
    engine->tallies[kind].requests++;
    engine->tallies[kind].failed += context->status != STATUS_SUCCESS;
    engine->tallies[kind].sectors += context->sectors;
    if (--engine->under_way == 0)
        pthread_cond_broadcast(&engine->idle);
    pthread_mutex_unlock(&engine->lock);
}

static void *complete(void *argument)
{
    struct engine *engine = argument;
    struct request *request;

    while ((request = queue_pop(&engine->completed)) != NULL) {
        enum trace_kind kind = request->entry->kind;
        struct context result = no_memory;
        if (request->context != NULL) {
            result = *request->context;
            tagpool_free_tag(request->context, TAG_CONTEXT);
        }
        tagpool_free_tag(request, TAG_REQUEST);
        count(engine, kind, &result); /* after the frees, so that an idle engine holds nothing */
    }
    return NULL;
}

static void join_workers(struct engine *engine)
{
    for (unsigned i = 0; i < engine->worker_count; i++) {
        queue_close(&engine->workers[i].queue);
        pthread_join(engine->workers[i].thread, NULL);
        queue_destroy(&engine->workers[i].queue);
    }
}

/* With no thread running any more. */
static void discard(struct engine *engine)
{
    queue_destroy(&engine->completed);
    pthread_cond_destroy(&engine->idle);
    pthread_mutex_destroy(&engine->lock);
    free(engine);
}

static bool start_worker(struct engine *engine, struct worker *worker)
{
    worker->engine = engine;
    queue_init(&worker->queue);
    if (pthread_create(&worker->thread, NULL, work, worker) == 0)
        return true;
    queue_destroy(&worker->queue);
    return false;
}

struct engine *engine_start(struct driver *driver, unsigned workers)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        fputs("driver: no memory for the engine\n", stderr);
        return NULL;
    }
    engine->driver = driver;
    queue_init(&engine->completed);
    pthread_mutex_init(&engine->lock, NULL);
    pthread_cond_init(&engine->idle, NULL);
    while (engine->worker_count < workers && start_worker(engine, &engine->workers[engine->worker_count]))
        engine->worker_count++;
    if (engine->worker_count == workers && pthread_create(&engine->completer, NULL, complete, engine) == 0)
        return engine;
    fputs("driver: cannot start threads\n", stderr);
    join_workers(engine);
    discard(engine);
    return NULL;
}

void engine_submit(struct engine *engine, const struct trace_entry *entry)
{
    struct request *request = tagpool_zalloc(TAGPOOL_NONPAGED, sizeof *request, TAG_REQUEST);

    pthread_mutex_lock(&engine->lock);
    engine->under_way++;
    pthread_mutex_unlock(&engine->lock);
    if (request == NULL) {
        count(engine, entry->kind, &no_memory);
        return;
    }
    request->entry = entry;
    queue_push(&engine->workers[(unsigned)(entry->volume - 'A') % engine->worker_count].queue, request);
}

void engine_wait_idle(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    while (engine->under_way != 0)
        pthread_cond_wait(&engine->idle, &engine->lock);
    pthread_mutex_unlock(&engine->lock);
}

void engine_stop(struct engine *engine)
{
    engine_wait_idle(engine);
    join_workers(engine);
    queue_close(&engine->completed);
    pthread_join(engine->completer, NULL);
    discard(engine);
}

struct tally engine_tally(const struct engine *engine, enum trace_kind kind)
{
    return engine->tallies[kind];
}
