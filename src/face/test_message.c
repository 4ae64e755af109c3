/* SPDX-License-Identifier: MIT
 *
 * test_message.c: the message of a check that failed: lines that are caught on their way to the sink (contracts in test.h).
 */
#include "face/test.h"

#include "ledger/depot.h"
#include "ledger/leak.h"
#include "report/output.h"

#define MESSAGE_BYTES PORT_UNIT_BYTES

/* Check cuts what it is told after 8,191 characters, and then nothing says so. */
#define MESSAGE_MOST 8000u
#define MESSAGE_FRAMES_MOST 8u

static PORT_THREAD_LOCAL struct output_capture message;
static PORT_THREAD_LOCAL struct text first_line;

static void message_release(void)
{
    if (message.bytes != NULL)
        port_release(message.bytes, MESSAGE_BYTES);
    message.bytes = NULL;
}

struct text *test_message_begin(void)
{
    if (message.bytes == NULL) {
        message.bytes = port_obtain(MESSAGE_BYTES);
        if (message.bytes != NULL && !port_on_thread_exit(message_release))
            message_release();
    }
    message.length = 0;
    message.lines_cut = 0;
    message.most = MESSAGE_MOST;
    if (message.bytes != NULL)
        (void)output_capture(&message);
    text_clear(&first_line);
    return &first_line;
}

const char *test_message_end(void)
{
    struct text line;
    (void)output_capture(NULL);
    if (message.bytes == NULL)
        return "a check failed, and there is no memory to say which";
    if (message.lines_cut != 0) {
        text_clear(&line);
        text_string(&line, "tagpool:   ");
        text_plural(&line, message.lines_cut, "more line");
        text_char(&line, '\n');
        memcpy(message.bytes + message.length, line.bytes, line.length);
        message.length += line.length;
    }
    if (message.length != 0)
        message.length--; /* the framework ends the line */
    message.bytes[message.length] = 0;
    return message.bytes;
}

const char *test_not_checked(const char *words, const char *why)
{
    struct text *line = test_message_begin();
    text_string(line, words);
    text_string(line, "not checked: ");
    text_string(line, why);
    output_line(line);
    return test_message_end();
}

void test_add_request(const struct watch_request *request, struct text *line)
{
    const uintptr_t *frames;
    text_string(line, "tag ");
    text_tag(line, request->tag);
    text_string(line, request->pool == 0 ? ", nonpaged, " : ", paged, ");
    text_plural(line, request->bytes, "byte");
    if (request->file != NULL) {
        text_string(line, ", at ");
        text_string(line, request->file);
        text_char(line, ':');
        text_decimal(line, request->line, 0);
    } else if (depot_frames(request->stack, &frames) != 0) {
        text_string(line, ", at ");
        leak_add_frame(frames[0], line);
    }
}

void test_print_stack(const struct watch_request *request, struct text *line)
{
    const uintptr_t *frames;
    unsigned count = depot_frames(request->stack, &frames);
    for (unsigned i = 0; i < count && i < MESSAGE_FRAMES_MOST; i++) {
        text_string(line, "tagpool:     ");
        leak_add_frame(frames[i], line);
        output_line(line);
    }
}
