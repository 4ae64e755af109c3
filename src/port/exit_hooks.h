/* SPDX-License-Identifier: MIT
 *
 * exit_hooks.h: what is to be called when a thread exits, for ports that can only be called once.
 */
#ifndef PORT_EXIT_HOOKS_H
#define PORT_EXIT_HOOKS_H

#include "base/internal.h"

#define EXIT_HOOKS_MOST 4u

/* Of one thread; hooks [0, count). */
struct exit_hooks {
    void (*hook[EXIT_HOOKS_MOST])(void);
    unsigned count;
};

/* Adds a hook, unless it is there; false iff there is no room. */
static inline bool exit_hooks_add(struct exit_hooks *hooks, void (*hook)(void))
{
    for (unsigned i = 0; i < hooks->count; i++)
        if (hooks->hook[i] == hook)
            return true;
    if (hooks->count == EXIT_HOOKS_MOST)
        return false;
    hooks->hook[hooks->count++] = hook;
    return true;
}

/* Calls them, the newest first; they may add some. */
static inline void exit_hooks_run(struct exit_hooks *hooks)
{
    while (hooks->count != 0)
        hooks->hook[--hooks->count]();
}

#endif
