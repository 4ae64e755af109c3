/* SPDX-License-Identifier: MIT
 *
 * option.h: the options: their values, and the one table that reads them from text (see tagpool_start()).
 */
#ifndef REPORT_OPTION_H
#define REPORT_OPTION_H

#include "base/internal.h"
#include "base/mask.h"

enum wrong_tag_policy { WRONG_TAG_REPORT, WRONG_TAG_STOP, WRONG_TAG_IGNORE };
enum exit_policy { EXIT_IGNORE, EXIT_REPORT, EXIT_ABORT };
enum checker_policy { CHECKER_AUTO, CHECKER_OFF };
enum fill_policy { FILL_PATTERN, FILL_NONE, FILL_ZERO };

enum fault_stacks_policy { FAULT_STACKS_OFF, FAULT_STACKS_FAIL, FAULT_STACKS_RECORD };
enum unload_policy { UNLOAD_STOP, UNLOAD_REPORT, UNLOAD_ADOPT, UNLOAD_FREE };
enum special_edge { SPECIAL_END, SPECIAL_START, SPECIAL_EXACT };
enum special_guard { SPECIAL_MARK, SPECIAL_PROTECT, SPECIAL_PATTERN };

#define NAMES_MOST 8
#define NAME_CHARACTERS 64

/* Names [0, count), each closed by a zero. */
struct name_list {
    uint64_t count;
    char name[NAMES_MOST][NAME_CHARACTERS];
};

#define PATH_CHARACTERS 256

/* A call site of tracked blocks. */
struct hit_site {
    uint64_t hash; /* 0 for none */
    uint64_t nth;  /* of its allocations; 0 for each */
};

/* What the verifier (tagpool/verifier.h) is to do: the fields have the names of the options. */
struct verifier_options {
    struct tag_masks hit;
    uint64_t hit_nth;
    struct hit_site hit_site;
    struct tag_masks track;
    uint64_t stack_frames; /* of each stack that is kept; 0: the caller only */
    uint64_t log;          /* operations kept */
    struct tag_masks fault_tags;
    uint64_t fault;        /* in 10,000 */
    uint64_t fault_seed;
    uint64_t fault_delay;  /* milliseconds */
    uint64_t fault_nth;
    uint64_t fault_every;
    uint64_t fault_least, fault_most; /* bytes */
    uint64_t fault_stacks; /* enum fault_stacks_policy */
    char fault_log[PATH_CHARACTERS]; /* closed by a zero; empty for none */
    struct tag_masks special; /* a mask's `way`: 1 + enum special_edge; 0: special_edge */
    struct name_list special_driver;
    uint64_t special_least, special_most; /* bytes */
    uint64_t special_sample;
    uint64_t special_seed;
    uint64_t special_edge; /* enum special_edge */
    uint64_t special_pages;
    uint64_t special_guard; /* enum special_guard */
    uint64_t unload;       /* enum unload_policy */
};

/* Every field is 64 bits wide, a list of masks or names, a path, or a call site, so that one table can fill them all. */
struct options {
    uint64_t reserve;
    uint64_t limit[2]; /* by enum tagpool_pool */
    uint64_t cache;
    uint64_t wrong_tag;  /* enum wrong_tag_policy */
    uint64_t tail_check; /* the next four: 0 or 1 */
    uint64_t free_check;
    uint64_t prefault;
    uint64_t lock;
    uint64_t exit; /* enum exit_policy */
    uint64_t leak_blocks;
    uint64_t fill;             /* enum fill_policy */
    uint64_t strict;           /* the next three: 0 or 1 */
    uint64_t lookaside_bypass;
    uint64_t force_irql;
    uint64_t wrong_option; /* 1: a word that is no option ends the program */
    uint64_t checker;      /* enum checker_policy */
    struct verifier_options verifier;
};

/* Options that the WDK routines look at while the library runs. */
struct policy {
    uint32_t fill; /* enum fill_policy: what legacy allocations find in their block */
    uint32_t strict;
    uint32_t lookaside_bypass; /* lookaside lists keep nothing */
    uint32_t force_irql;
};

INTERNAL_OBJECT struct policy wdk_policy;

INTERNAL void options_default(struct options *options);

/* Reads words "name=value" into `options`. A word that is no option is reported through the sink with what was expected and
 * skipped. Returns how many words were skipped. */
INTERNAL unsigned options_read(struct options *options, const char *text);

#endif
