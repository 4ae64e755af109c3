/* SPDX-License-Identifier: MIT
 *
 * fault_log.c: ledger/fault_log and the port's files and modules: what is written is read, and what is read is what stands there.
 */
#define _DEFAULT_SOURCE 1 /* mkstemp, truncate */

#include "unit.h"

#include "ledger/depot.h"
#include "ledger/fault_log.h"
#include "port/port.h"
#include "tagpool.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAG TAGPOOL_TAG('I', 'o', ' ', ' ')

/* A line as the library writes it, its line feed cut. */
static size_t write_line(char line[FAULT_LINE_BYTES], enum fault_action action, const uintptr_t *frames, unsigned count,
                         uint64_t *hash)
{
    size_t length = fault_line_write(line, action, TAG, frames, count, hash);
    assert_true(length > 0 && length <= FAULT_LINE_BYTES && line[length - 1] == '\n');
    assert_null(memchr(line, '\n', length - 1));
    return length - 1;
}

/* "A line has room for any stack"; what is written is understood, with the hash it was written with, whatever its action. */
static void written_lines_are_read(void **state)
{
    static char line[FAULT_LINE_BYTES];
    uintptr_t frames[DEPOT_FRAMES_MOST];
    (void)state;
    for (unsigned count = 1; count <= DEPOT_FRAMES_MOST; count++) {
        for (unsigned i = 0; i < DEPOT_FRAMES_MOST; i++)
            frames[i] = i % 3 == 0 ? UINTPTR_MAX - i : i % 3 == 1 ? (uintptr_t)write_line + i : (uintptr_t)malloc + i;
        for (enum fault_action action = FAULT_FAILED; action < FAULT_ACTIONS; action++) {
            struct fault_line read;
            uint64_t hash = 0;
            size_t length = write_line(line, action, frames, count, &hash);
            assert_null(fault_line_read(line, length, &read));
            assert_true(!read.is_empty && read.hash == hash && hash != 0);
            assert_int_equal(read.is_excluded, action == FAULT_EXCLUDED);
        }
    }
}

/* "one outside of all modules is `?` and its address"; the layout that the header shows. */
static void layout(void **state)
{
    char line[FAULT_LINE_BYTES], expected[200], module[64];
    uintptr_t frames[2] = {1, (uintptr_t)layout};
    uint64_t hash, other;
    (void)state;
    size_t length = write_line(line, FAULT_RECORDED, frames, 2, &hash);
    uintptr_t offset = port_module(frames[1], module, sizeof module);
    snprintf(expected, sizeof expected, "0x%016llx recorded Io   ?+0x1 %s+0x%llx", (unsigned long long)hash, module,
             (unsigned long long)offset);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(line, expected, length);
    (void)write_line(line, FAULT_FAILED, frames, 1, &other);
    assert_true(other != hash);
    /* Neither action nor tag count. */
    (void)fault_line_write(line, FAULT_FAILED, TAGPOOL_TAG('a', 1, 2, 3), frames, 2, &other);
    assert_true(other == hash && memcmp(line + 18, " failed a... ?+0x1 ", 19) == 0);
}

/* Each byte of a line counts, but for blanks at its end: with another one in its place it is not the same line. */
static void changed_lines(void **state)
{
    char line[FAULT_LINE_BYTES];
    uintptr_t frames[2] = {(uintptr_t)layout, (uintptr_t)malloc};
    uint64_t hash;
    struct fault_line read;
    (void)state;
    size_t length = write_line(line, FAULT_FAILED, frames, 2, &hash);
    for (size_t i = 0; i < length; i++) {
        char before = line[i], *exact = malloc(i + 1); /* so that a read behind it is seen by the sanitizers */
        assert_non_null(exact);
        memcpy(exact, line, i);
        bool is_tag = i > 18 + 7 && i < 18 + 7 + 5;
        line[i] = before == 'x' ? 'y' : 'x';
        const char *expected = fault_line_read(line, length, &read);
        assert_true(is_tag ? expected == NULL : expected != NULL);
        line[i] = before;
        expected = fault_line_read(exact, i, &read); /* cut off there */
        free(exact);
        assert_true(i == 0 ? expected == NULL && read.is_empty : expected != NULL);
    }
    assert_null(fault_line_read(line, length, &read));
    memcpy(line + length, " \t\r", 3);
    assert_null(fault_line_read(line, length + 3, &read));
    assert_true(read.hash == hash);
}

/* "The module in which code lies ... how far from the module's start ... Outside of all modules: an empty name, and the
 * address" */
static void modules(void **state)
{
    char name[64], other[64], cut[4];
    int local;
    (void)state;
    uintptr_t offset = port_module((uintptr_t)modules, name, sizeof name);
    assert_string_equal(name, "fault_log");
    assert_true(port_module((uintptr_t)layout, other, sizeof other) - offset == (uintptr_t)layout - (uintptr_t)modules);
    assert_string_equal(other, name);
    assert_true(port_module((uintptr_t)modules, cut, sizeof cut) == offset);
    assert_string_equal(cut, "fau");
    assert_true(port_module((uintptr_t)&local, name, sizeof name) == (uintptr_t)&local);
    assert_string_equal(name, "");
}

/* ---- files ---- */

static char path[] = "/tmp/tagpool-file-XXXXXX";

/* "Reads a file whole"; "adds bytes at the end"; "errors that the program may look at stay as they were" */
static void files(void **state)
{
    struct port_file file;
    int error = 1;
    static char text[100000];
    (void)state;
    memset(text, 'z', sizeof text);
    assert_int_equal(unlink(path), 0);
    errno = 4711;
    assert_true(port_file_read(path, &file)); /* "what does not exist has no bytes" */
    assert_true(file.content == NULL && file.bytes == 0 && errno == 4711);
    assert_true(port_file_append(path, "", 0, &error) && error == 0);
    assert_true(port_file_read(path, &file) && file.content == NULL && file.bytes == 0);
    size_t bytes = 0;
    for (size_t length = 1; length <= sizeof text; length *= 10) {
        assert_true(port_file_append(path, text, length, &error));
        bytes += length;
        assert_true(port_file_read(path, &file));
        assert_true(file.bytes == bytes && file.content[bytes] == 0 && strlen(file.content) == bytes);
        port_file_release(&file);
    }
    assert_true(!port_file_read("/tmp", &file) && file.error == EISDIR && file.content == NULL);
    assert_true(!port_file_append("/tmp", "x", 1, &error) && error == EISDIR);
    assert_true(!port_file_append("/no/such/folder", "x", 1, &error) && error == ENOENT);
    assert_true(!port_file_read("/dev/zero", &file) && file.error == EINVAL);
    assert_int_equal(errno, 4711);
}

/* "in one piece whoever else does": lines of several writers stay whole. */
static void *append_lines(void *letter)
{
    char line[200];
    int error;
    memset(line, *(char *)letter, sizeof line);
    line[sizeof line - 1] = '\n';
    for (int i = 0; i < 200; i++)
        if (!port_file_append(path, line, sizeof line, &error))
            return letter;
    return NULL;
}

static void many_writers(void **state)
{
    pthread_t thread[4];
    char letter[4] = {'a', 'b', 'c', 'd'};
    unsigned count[4] = {0};
    struct port_file file;
    (void)state;
    assert_int_equal(truncate(path, 0), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, append_lines, &letter[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        assert_int_equal(pthread_join(thread[i], &failed), 0);
        assert_null(failed);
    }
    assert_true(port_file_read(path, &file));
    assert_int_equal(file.bytes, 4 * 200 * 200);
    for (size_t at = 0; at < file.bytes; at += 200) {
        for (size_t i = 0; i < 199; i++)
            assert_true(file.content[at + i] == file.content[at]);
        assert_int_equal(file.content[at + 199], '\n');
        count[file.content[at] - 'a']++;
    }
    assert_true(count[0] == 200 && count[1] == 200 && count[2] == 200 && count[3] == 200);
    port_file_release(&file);
}

/* "the path that means the same file whatever the working folder is later on" */
static void full_paths(void **state)
{
    char full[1024], folder[900], expected[1024];
    (void)state;
    assert_non_null(getcwd(folder, sizeof folder));
    port_file_path("/a/b", full, sizeof full);
    assert_string_equal(full, "/a/b");
    port_file_path("a/b", full, sizeof full);
    snprintf(expected, sizeof expected, "%s/a/b", folder);
    assert_string_equal(full, expected);
    port_file_path("a/b", full, 5); /* no room for more */
    assert_string_equal(full, "a/b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_lines_are_read), cmocka_unit_test(layout), cmocka_unit_test(changed_lines),
        cmocka_unit_test(modules), cmocka_unit_test(files), cmocka_unit_test(many_writers), cmocka_unit_test(full_paths),
    };
    int file = mkstemp(path);
    if (file < 0 || close(file) != 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
