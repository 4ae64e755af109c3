/* SPDX-License-Identifier: MIT
 *
 * port.h: all that the core asks of a platform. posix.c and posix_fault.c implement it, or win32.c, or bare.c.
 *
 * Rules for memory: addresses and sizes are multiples of PORT_UNIT_BYTES, which every supported system's own page divides. A
 * function that returns bool is true on success and has no effect otherwise.
 */
#ifndef PORT_PORT_H
#define PORT_PORT_H

#include "base/atomic.h"

#if TAGPOOL_BARE
#include "port/bare.h"
#elif defined(_WIN32)
#include "port/win32.h"
#else
#include "port/posix.h"
#endif

/* The grain of address space: what is reserved, committed and given back. */
#define PORT_UNIT_SHIFT 16
#define PORT_UNIT_BYTES ((size_t)1 << PORT_UNIT_SHIFT)

/* Where in its first page each table begins that the fast paths touch. Reserved ranges all begin at a page, as do blocks: tables
 * that began there too would share one set of the cache, and a processor that compares the last 12 bits of addresses first
 * would take a store to one for a store to the other. Measured: up to three times the time of a pair, by chance of addresses. */
#define PORT_COLOUR_SPANS (TAGPOOL_BARE ? 0 : 0x480)
#define PORT_COLOUR_NOTES (TAGPOOL_BARE ? 0 : 0x740)
#define PORT_COLOUR_ROWS (TAGPOOL_BARE ? 0 : 0xA80)

/* Reserves address space, aligned to PORT_UNIT_BYTES, that may not be touched yet. NULL iff there is none. */
INTERNAL void *port_reserve(size_t bytes);

/* The same, between two multiples of `window`, and not from the lower one on. pre: `window` is a power of two above `bytes`, and
 * these are a multiple of PORT_UNIT_BYTES. Not for bare metal. */
INTERNAL void *port_reserve_within(size_t bytes, size_t window);

/* For ports: where in a range of twice the size it would lie so, the lowest place. */
static inline uintptr_t port_place_within(uintptr_t start, size_t bytes, size_t window)
{
    uintptr_t above = start % window;
    return above != 0 && window - above >= bytes ? start : round_up(start, window) + PORT_UNIT_BYTES;
}

/* Gives reserved address space back, committed or not. pre: exactly what port_reserve() or port_reserve_within() gave. */
INTERNAL void port_release(void *base, size_t bytes);

/* Makes reserved memory readable and writable; it reads zero. pre: not committed before. */
INTERNAL bool port_commit(void *base, size_t bytes);

/* For large tables of which little may ever be used: as port_commit(), but a system that counts what is committed counts each
 * part once it is touched; a touch that finds no memory left ends the program. port_expect() says that a part, of any address
 * and size, is about to be touched: false iff there is no memory for it. Not for memory that is given to system calls. */
INTERNAL bool port_commit_lazily(void *base, size_t bytes);
INTERNAL bool port_expect(void *base, size_t bytes);

/* The same for what must not be touched before port_expect() has said that it will be: no touch ends the program, and blocks'
 * addresses may be in there. */
INTERNAL bool port_commit_in_parts(void *base, size_t bytes);

/* Reserve and commit at once, for tables: memory that reads zero, or NULL, with nothing reserved, iff there is none.
 * port_release() ends it. */
static inline void *port_obtain(size_t bytes)
{
    void *base = port_reserve(bytes);
    if (base != NULL && !port_commit(base, bytes)) {
        port_release(base, bytes);
        base = NULL;
    }
    return base;
}

/* Gives the memory behind committed addresses back to the system. They stay usable and read zero. */
INTERNAL bool port_decommit(void *base, size_t bytes);

/* Whether memory is there, for pointers that a caller may have left behind: what a library that was unloaded had is not. */
INTERNAL bool port_is_mapped(const void *address, size_t bytes);

/* Keeps committed memory in RAM. */
INTERNAL bool port_pin(void *base, size_t bytes);

/* Makes committed memory inaccessible, or accessible again; what it holds stays. */
INTERNAL bool port_protect(void *base, size_t bytes, bool accessible);

/* ---- Guards: inaccessible pages, of the system's own size, within reserved memory ---- */

enum port_guard {
    PORT_GUARD_MARK,   /* by a marker on the page: costs the system no mapping. Memory must be committed before. Linux 6.13 */
    PORT_GUARD_PROTECT /* by protection: costs two mappings where the neighbours are accessible, and may fail for that */
};

INTERNAL size_t port_page_bytes(void);

/* Makes pages inaccessible, whatever they were; what they held is gone. */
INTERNAL bool port_guard(void *base, size_t bytes, enum port_guard way);

/* Makes pages accessible that port_guard() made inaccessible in the same way, or, for PORT_GUARD_PROTECT, that are only reserved:
 * they read zero. Accessible ones stay as they are. */
INTERNAL bool port_unguard(void *base, size_t bytes, enum port_guard way);

/* ---- Faults: what a thread does to memory that it may not touch, or that is not there ---- */

enum port_access { PORT_READ, PORT_WRITE, PORT_EXECUTE, PORT_ACCESS_UNKNOWN };

struct port_fault {
    uintptr_t address;     /* that was touched */
    uintptr_t instruction; /* that did it; 0 if the platform does not tell */
    enum port_access access;
};

/* True iff the fault has been dealt with and the access is to be tried again. It runs on the thread that made the access, in the
 * middle of it, and may leave by longjmp. */
typedef bool port_fault_hook(const struct port_fault *fault);

/* From now on `hook` is asked about each fault, after those that came before it; a fault that no hook takes goes where it would
 * have gone without. Called again for the same hook, it makes sure that hooks are still asked first: who has taken the
 * signals over since gets the faults that are left. False iff the platform cannot, or there are too many hooks. */
INTERNAL bool port_on_fault(port_fault_hook *hook);

/* Makes each thread of the process see what this one did before the call, and this one what each of them did before it: a full
 * fence for all, which costs those that are ordered nothing otherwise. False iff the platform cannot. */
INTERNAL bool port_order_threads(void);

/* Lets other threads run. */
INTERNAL void port_yield(void);

/* The same for about a millisecond, also where yielding to them is not enough, as they are many. */
INTERNAL void port_nap(void);

/* A mutual-exclusion lock: declare with PORT_LOCK_INITIAL, never copied, not recursive. */
INTERNAL void port_lock(struct port_lock *lock);
INTERNAL void port_unlock(struct port_lock *lock);

/* Calls `hook` when this thread exits, once however often it was asked for, and the last one asked for first; it may ask again.
 * False iff the platform cannot (any more), or there are four others. */
INTERNAL bool port_on_thread_exit(void (*hook)(void));

/* Calls `before` in the parent before each fork, then `parent` or `child` after it. */
INTERNAL bool port_on_fork(void (*before)(void), void (*parent)(void), void (*child)(void));

/* Calls `hook` at normal exit. */
INTERNAL bool port_on_exit(void (*hook)(void));

/* For driver objects that read and set their IRQL inline, by an instruction that programs may not use (mov from and to cr8, in
 * headers of a DDK for x86-64): does it with `get` and `set` instead. Both may be called at any instruction of a driver, so
 * they take no lock that is held while driver code runs. False iff the platform is not where such objects run. */
INTERNAL bool port_on_priority(unsigned (*get)(void), void (*set)(unsigned level));

/* Writes up to `most` return addresses to `addresses`, innermost first, from `frame` (__builtin_frame_address(0) of a
 * function that is still running) outwards; returns how many, 0 iff the platform cannot walk. It ends where code has no
 * frame pointers: all that is written, but perhaps the first, lies in code. */
INTERNAL size_t port_stack(const void *frame, uintptr_t *addresses, size_t most);

/* The module (program or shared library) in which code lies: writes its file's name, without folders, cut to `most` - 1
 * characters, and returns how far from the module's start the code lies, which is the same wherever the module is loaded.
 * Outside of all modules: an empty name, and the address itself. */
INTERNAL uintptr_t port_module(uintptr_t address, char *name, size_t most);

/* ---- Files: regular ones only. `error` becomes the system's number of the error, 0 if it has none. Errors of the system that
 * the program may look at (errno) stay as they were. ---- */

struct port_file {
    char *content; /* with a 0 behind; NULL for no bytes */
    size_t bytes;
    int error;
};

/* Reads a file whole; what does not exist has no bytes. False iff it cannot be read, or there is no memory for it. */
INTERNAL bool port_file_read(const char *path, struct port_file *file);
INTERNAL void port_file_release(struct port_file *file);

/* Adds bytes at the end of a file, in one piece whoever else does; makes the file if there is none. */
INTERNAL bool port_file_append(const char *path, const char *text, size_t length, int *error);

/* Writes the path that means the same file whatever the working folder is later on; the path as it is, if that cannot be said.
 * pre: it fits as it is. */
INTERNAL void port_file_path(const char *path, char *full, size_t most);

/* ---- Checkers: what watches a program's memory accesses from outside. Blocks of pools are told to them. ---- */

#define PORT_MEMCHECK 1u /* valgrind's */
#define PORT_ASAN 2u
#define PORT_LSAN 4u

/* Runs unchecked: reads and writes what is hidden. For valgrind it needs port_checkers_pause() too. */
#if defined(__has_attribute)
#if __has_attribute(no_sanitize)
#define PORT_UNCHECKED __attribute__((no_sanitize("address")))
#endif
#endif
#ifndef PORT_UNCHECKED
#define PORT_UNCHECKED
#endif

/* Keeps the frame pointer in a function, for who walks stacks by it. */
#define PORT_KEEP_FRAME() __asm__ volatile("" : : "r"(__builtin_frame_address(0)))

/* A search for pointers into [base, base + bytes): `visit` is given each, and where it was found. */
struct port_search {
    uintptr_t base;
    size_t bytes;
    void (*visit)(uintptr_t pointer, uintptr_t where, void *context);
    void *context;
};

#if TAGPOOL_BARE || defined(_WIN32)

#define port_checkers_told() 0u
#define port_checkers_find() false
#define port_checkers_root(base, bytes) ((void)(base), (void)(bytes))
#define port_checkers_hide(base, bytes) ((void)(base), (void)(bytes))
#define port_checkers_show(base, bytes) ((void)(base), (void)(bytes))
#define port_checkers_alloc(block, bytes, is_zeroed) ((void)(block), (void)(bytes), (void)(is_zeroed))
#define port_checkers_free(block, hidden_bytes) ((void)(block), (void)(hidden_bytes))
#define port_checkers_undefine(base, bytes) ((void)(base), (void)(bytes))
#define port_checkers_pause(pauses) ((void)(pauses))
#define port_twin_add(block, bytes) ((void)(block), (void)(bytes))
#define port_twin_drop(block) ((void)(block))
#define port_twins_count() ((size_t)0)
#define port_twin_reach(address) ((void)(address), false)
#define port_twins_lose(visit, context) ((void)(visit), (void)(context))
#define port_twin_point(from, offset, to) ((void)(from), (void)(offset), (void)(to))
#define port_search(search) ((void)(search), false)
#define port_search_in(start, bytes, search) ((void)(start), (void)(bytes), (void)(search))

#else

/* The checkers that are told; none before port_checkers_find() looked which are present. */
INTERNAL_OBJECT uint32_t port_checkers;

static inline uint32_t port_checkers_told(void)
{
    return LOAD(&port_checkers);
}

/* From now on all present ones are told. False iff there is none. All functions below do nothing for one that is not told. */
INTERNAL bool port_checkers_find(void);

/* What lies there may point to memory that is not ours: that is no leak. Where nothing is readable nobody looks. */
INTERNAL void port_checkers_root(const void *base, size_t bytes);

/* Nobody may access this memory; or everybody. */
INTERNAL void port_checkers_hide(const void *base, size_t bytes);
INTERNAL void port_checkers_show(const void *base, size_t bytes);

/* There is a block, here, in hidden memory: these bytes may be accessed. And it is freed: hidden again. */
INTERNAL void port_checkers_alloc(const void *block, size_t bytes, bool is_zeroed);
INTERNAL void port_checkers_free(const void *block, size_t hidden_bytes);

/* What was written there is not the program's: to rely on it is a mistake. */
INTERNAL void port_checkers_undefine(const void *base, size_t bytes);

/* Whether accesses of this thread are looked at. In pairs. */
INTERNAL void port_checkers_pause(bool pauses);

/* The rest is for PORT_LSAN, which can report blocks of malloc's only: a block has a twin there, which stands for it. */
INTERNAL void port_twin_add(const void *block, size_t bytes);
INTERNAL void port_twin_drop(const void *block);
INTERNAL size_t port_twins_count(void);

/* The program has a pointer to the block at an address; true for the first time, if it has a twin. */
INTERNAL bool port_twin_reach(uintptr_t address);

/* All blocks that were not reached are lost: their twins will be reported. Before that each of them is visited, under a lock, and
 * may say to which others it points, so that these are reported as what they are. */
INTERNAL void port_twins_lose(void (*visit)(uintptr_t address, void *context), void *context);
INTERNAL void port_twin_point(uintptr_t from, size_t offset, uintptr_t to);

/* Searches all memory of the program, but not the library's own: false iff that cannot be done. And that from `start` on. */
INTERNAL bool port_search(const struct port_search *search);
INTERNAL void port_search_in(uintptr_t start, size_t bytes, const struct port_search *search);

#endif

/* Milliseconds since some moment; for delays. */
INTERNAL uint64_t port_milliseconds(void);

/* Stops in the debugger that watches this process; false iff there is none. */
INTERNAL bool port_break(void);

/* A number that tells living threads apart; for people, not for logic. */
INTERNAL uint64_t port_thread_number(void);

/* To be called in a forked child, whose thread has another number than it had in the parent. */
INTERNAL void port_thread_renumber(void);
INTERNAL uint64_t port_process_number(void);

/* The value of an environment variable, or NULL. */
INTERNAL const char *port_environment(const char *name);

/* Writes to where errors go; neither buffers nor allocates. */
INTERNAL void port_write(const char *text, size_t length);

INTERNAL _Noreturn void port_abort(void);

#endif
