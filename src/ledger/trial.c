/* SPDX-License-Identifier: MIT
 *
 * trial.c: open tests and their counts (contracts in trial.h). One lock for all: while a test is open, the rest of an operation
 * takes far longer.
 */
#include "ledger/trial.h"

#include "ledger/ledger.h"

INTERNAL PORT_THREAD_LOCAL uint32_t trial_mine;

/* Counts of another test that had the place before count as zero, so that nobody has to clear a table of all tags. */
struct trial_row {
    uint32_t number;
    struct trial_counts counts;
};

static struct {
    uint32_t number[TRIALS_MOST];        /* 0: not open */
    struct trial_row *rows[TRIALS_MOST]; /* by tag index; stay for the next test at that place */
    uint32_t open, opened;               /* how many are, were */
    struct port_lock lock;
} trials = {.lock = PORT_LOCK_INITIAL};

void trial_lock(void)
{
    port_lock(&trials.lock);
}

void trial_unlock(void)
{
    port_unlock(&trials.lock);
}

/* All static functions: pre: the lock is held. */

static bool is_trial_open(uint32_t number)
{
    return number != TRIAL_NONE && trials.number[number % TRIALS_MOST] == number;
}

static uint32_t trial_of_thread(void)
{
    if (is_trial_open(trial_mine))
        return trial_mine;
    if (trials.open != 1)
        return trials.open == 0 ? TRIAL_NONE : TRIAL_STRAY;
    uint32_t place = 0;
    while (trials.number[place] == 0)
        place++;
    return trials.number[place];
}

/* The counts of a tag in an open test, to be changed; NULL for no test. */
static struct trial_counts *trial_counts_of(uint32_t number, uint32_t tag_index)
{
    if (!is_trial_open(number))
        return NULL;
    struct trial_row *row = &trials.rows[number % TRIALS_MOST][tag_index];
    if (row->number != number)
        *row = (struct trial_row){.number = number};
    return &row->counts;
}

static enum trial_refusal trial_open_at(uint32_t place, uint32_t *number)
{
    if (trials.rows[place] == NULL)
        trials.rows[place] = port_obtain(round_up(LEDGER_ROWS * sizeof(struct trial_row), PORT_UNIT_BYTES));
    if (trials.rows[place] == NULL)
        return TRIAL_NO_MEMORY;
    trials.opened = trials.opened + 2 < UINT32_MAX / TRIALS_MOST ? trials.opened + 1 : 1;
    trials.number[place] = *number = trials.opened * TRIALS_MOST + place;
    STORE(&trials.open, trials.open + 1);
    return TRIAL_OPENED;
}

enum trial_refusal trial_open(uint32_t *number)
{
    enum trial_refusal refusal = TRIAL_TOO_MANY;
    *number = TRIAL_NONE;
    trial_lock();
    for (uint32_t place = 0; place < TRIALS_MOST; place++)
        if (trials.number[place] == 0) {
            refusal = trial_open_at(place, number);
            break;
        }
    trial_unlock();
    return refusal;
}

void trial_close(uint32_t number)
{
    trial_lock();
    if (is_trial_open(number)) {
        trials.number[number % TRIALS_MOST] = 0;
        STORE(&trials.open, trials.open - 1);
    }
    trial_unlock();
}

uint32_t trial_current(void)
{
    trial_lock();
    uint32_t number = trial_of_thread();
    trial_unlock();
    return number;
}

uint32_t trial_alloc(uint32_t tag_index, size_t bytes)
{
    if (LOAD(&trials.open) == 0)
        return TRIAL_NONE;
    trial_lock();
    uint32_t number = trial_of_thread();
    struct trial_counts *counts = trial_counts_of(number, tag_index);
    if (counts != NULL) {
        counts->allocs++;
        counts->bytes_in += bytes;
        counts->left += bytes;
        if (counts->left > counts->peak)
            counts->peak = counts->left;
    }
    trial_unlock();
    return number;
}

void trial_free(uint32_t tag_index, size_t bytes)
{
    if (LOAD(&trials.open) == 0)
        return;
    trial_lock();
    struct trial_counts *counts = trial_counts_of(trial_of_thread(), tag_index);
    if (counts != NULL) {
        counts->frees++;
        counts->bytes_out += bytes;
    }
    trial_unlock();
}

void trial_forget(uint32_t owner, uint32_t tag_index, size_t bytes)
{
    if (owner == TRIAL_NONE || owner == TRIAL_STRAY)
        return;
    trial_lock();
    struct trial_counts *counts = trial_counts_of(owner, tag_index);
    if (counts != NULL)
        counts->left -= bytes;
    trial_unlock();
}

void trial_read(uint32_t number, uint32_t tag_index, struct trial_counts *counts)
{
    *counts = (struct trial_counts){.allocs = 0};
    trial_lock();
    struct trial_counts *found = trial_counts_of(number, tag_index);
    if (found != NULL)
        *counts = *found;
    trial_unlock();
}

void trial_forked(void)
{
    uint32_t number = trial_of_thread();
    for (uint32_t place = 0; place < TRIALS_MOST; place++)
        if (trials.number[place] != number)
            trials.number[place] = 0;
    trials.open = number != TRIAL_NONE && number != TRIAL_STRAY;
}
