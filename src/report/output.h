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

#endif
