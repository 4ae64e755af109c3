/* SPDX-License-Identifier: MIT
 *
 * output.h: the one way out for words: a line built in a struct text goes to the sink.
 */
#ifndef REPORT_OUTPUT_H
#define REPORT_OUTPUT_H

#include "base/text.h"
#include "tagpool.h"

INTERNAL void output_sink_set(tagpool_sink *sink, void *context);

/* Ends the line, hands it to the sink and empties `text`. */
INTERNAL void output_line(struct text *text);

/* Where this thread's lines go instead of to the sink, while it is set: as many as fit, with a 0 behind. */
struct output_capture {
    char *bytes;
    size_t length, most;
    uint64_t lines_cut;
};

/* Sets it; NULL ends it. Returns what was set before. */
INTERNAL struct output_capture *output_capture(struct output_capture *capture);

#endif
