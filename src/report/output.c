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

static PORT_THREAD_LOCAL struct output_capture *captured;

struct output_capture *output_capture(struct output_capture *capture)
{
    struct output_capture *before = captured;
    captured = capture;
    return before;
}

/* Whole lines only. */
static void keep(const struct text *text)
{
    if (captured->lines_cut != 0 || captured->length + text->length >= captured->most) {
        captured->lines_cut++;
        return;
    }
    memcpy(captured->bytes + captured->length, text->bytes, text->length);
    captured->length += text->length;
    captured->bytes[captured->length] = 0;
}

void output_sink_set(tagpool_sink *sink, void *context)
{
    output.context = context;
    output.sink = sink;
}

void output_line(struct text *text)
{
    /* A full buffer still ends in a line feed: text_char() keeps one byte in reserve. */
    text->bytes[text->length++] = '\n';
    if (captured != NULL)
        keep(text);
    else if (output.sink != NULL)
        output.sink(text->bytes, text->length, output.context);
    else
        port_write(text->bytes, text->length);
    text_clear(text);
}
