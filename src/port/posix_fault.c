/* SPDX-License-Identifier: MIT
 *
 * posix_fault.c: port_on_fault() of the POSIX port: SIGSEGV and SIGBUS.
 *
 * The handler runs with the thread's own signal mask (SA_NODEFER, and no signal more), so that a hook may longjmp out of it;
 * errno is what it was when the access is tried again. Faults that no hook takes go to the handler that was there before.
 */
#include "base/atomic.h"
#include "base/internal.h"

#if !TAGPOOL_BARE && !defined(_WIN32)

#include "port/port.h"

#include <errno.h>
#include <signal.h>
#include <ucontext.h>

#define HOOKS_MOST 4
#define SIGNALS 2

static const int fault_signals[SIGNALS] = {SIGSEGV, SIGBUS};

static struct {
    port_fault_hook *hook[HOOKS_MOST]; /* set once each, from the first on */
    struct sigaction earlier[SIGNALS]; /* who had the signal before */
    struct port_lock lock;             /* guards changes */
} faults = {.lock = PORT_LOCK_INITIAL};

/* The fault that this thread is handing on to an earlier handler, and where on the stack. */
static PORT_THREAD_LOCAL struct {
    const siginfo_t *info;
    const char *frame;
} handing_on;

static void fault_describe(const siginfo_t *info, const void *context, struct port_fault *fault)
{
    *fault = (struct port_fault){(uintptr_t)info->si_addr, 0, PORT_ACCESS_UNKNOWN};
#if defined(__linux__) && (defined(__x86_64__) || defined(__i386__))
#if defined(__x86_64__)
    const int pc = REG_RIP;
#else
    const int pc = REG_EIP;
#endif
    const greg_t *registers = ((const ucontext_t *)context)->uc_mcontext.gregs;
    uintptr_t error = (uintptr_t)registers[REG_ERR]; /* bits of the processor's page fault */
    fault->instruction = (uintptr_t)registers[pc];
    fault->access = (error & 16) != 0 ? PORT_EXECUTE : (error & 2) != 0 ? PORT_WRITE : PORT_READ;
#elif defined(__linux__) && defined(__aarch64__)
    fault->instruction = (uintptr_t)((const ucontext_t *)context)->uc_mcontext.pc;
#else
    (void)context;
#endif
}

/* The default's turn: the access is tried again, and ends the process as if we had never been here. */
static void fault_default(int number, const siginfo_t *info)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    (void)sigaction(number, &action, NULL);
    if (info->si_code <= 0) /* sent by a process: nothing will be tried again */
        (void)raise(number);
}

static void fault_hand_on(int number, siginfo_t *info, void *context)
{
    struct sigaction *earlier = &faults.earlier[number == fault_signals[0] ? 0 : 1];
    struct sigaction action = *earlier;
    bool has_info = (action.sa_flags & SA_SIGINFO) != 0;
    if (!has_info && action.sa_handler == SIG_IGN && info->si_code <= 0)
        return;
    if (!has_info && (action.sa_handler == SIG_IGN || action.sa_handler == SIG_DFL)) {
        fault_default(number, info);
        return;
    }
    sigset_t mask = action.sa_mask;
    sigset_t saved;
    if ((action.sa_flags & SA_NODEFER) == 0)
        (void)sigaddset(&mask, number);
    if ((action.sa_flags & (int)SA_RESETHAND) != 0)
        *earlier = (struct sigaction){.sa_handler = SIG_DFL};
    (void)pthread_sigmask(SIG_BLOCK, &mask, &saved);
    if (has_info)
        action.sa_sigaction(number, info, context);
    else
        action.sa_handler(number);
    (void)pthread_sigmask(SIG_SETMASK, &saved, NULL);
}

static void fault_signal(int number, siginfo_t *info, void *context)
{
    const char *frame = __builtin_frame_address(0);
    int saved = errno;
    struct port_fault fault;
    if (info->si_code > 0) {
        fault_describe(info, context, &fault);
        for (int i = 0; i < HOOKS_MOST; i++) {
            port_fault_hook *hook = LOAD_ACQUIRE(&faults.hook[i]);
            if (hook == NULL || !hook(&fault))
                continue;
            errno = saved;
            return;
        }
    }
    /* Who took the signals over after us may hand on to us, as we do to him: then this is the same fault, further down the
     * stack, and nobody else is left. A new fault after a longjmp out of his handler can have the same address for its info, but
     * not a frame below. */
    if (handing_on.info == info && frame < handing_on.frame) {
        fault_default(number, info);
        return;
    }
    handing_on.info = info;
    handing_on.frame = frame;
    fault_hand_on(number, info, context);
    handing_on.info = NULL;
    errno = saved;
}

/* Puts the handler in front of whoever has the signal now. */
static bool fault_take_over(int i)
{
    struct sigaction now;
    struct sigaction ours = {.sa_sigaction = fault_signal, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    (void)sigemptyset(&ours.sa_mask);
    if (sigaction(fault_signals[i], NULL, &now) != 0)
        return false;
    bool has_info = (now.sa_flags & SA_SIGINFO) != 0;
    if (now.sa_sigaction == fault_signal && has_info)
        return true;
    /* signal() may have put our address back without its flags. */
    if (now.sa_sigaction != fault_signal)
        faults.earlier[i] = now;
    return sigaction(fault_signals[i], &ours, NULL) == 0;
}

bool port_on_fault(port_fault_hook *hook)
{
    int saved = errno;
    int i = 0;
    port_lock(&faults.lock);
    while (i < HOOKS_MOST && faults.hook[i] != NULL && faults.hook[i] != hook)
        i++;
    bool done = i < HOOKS_MOST && fault_take_over(0) && fault_take_over(1);
    if (done)
        STORE_RELEASE(&faults.hook[i], hook);
    port_unlock(&faults.lock);
    errno = saved;
    return done;
}

#endif
