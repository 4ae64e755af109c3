/* SPDX-License-Identifier: MIT
 *
 * output.c: lines to the sink.
 */
#include "report/output.h"

#include "port/port.h"

static struct {
    tagpool_sink *sink;
    void *context;
} output;

void output_sink_set(tagpool_sink *sink, void *context)
{
    output.context = context;
    output.sink = sink;
}

void output_line(struct text *text)
{
    /* A full buffer still ends in a line feed: text_char() keeps one byte in reserve. */
    text->bytes[text->length++] = '\n';
    if (output.sink != NULL)
        output.sink(text->bytes, text->length, output.context);
    else
        port_write(text->bytes, text->length);
    text_clear(text);
}
