/* SPDX-License-Identifier: MIT
 *
 * posix_file.c: files (contracts in port.h). Nothing stays open: a program may close what it does not know.
 */
#include "base/internal.h"

#if !TAGPOOL_BARE && !defined(_WIN32)

#include "port/port.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* -1, and errno says why. Whoever opens a pipe or a device may have to wait for its other side; hence O_NONBLOCK. */
static int open_regular(const char *path, int flags, off_t *bytes)
{
    struct stat status;
    int file = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
    if (file < 0)
        return -1;
    int error = fstat(file, &status) != 0 ? errno : S_ISREG(status.st_mode) ? 0 : S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
    if (error != 0) {
        (void)close(file);
        errno = error;
        return -1;
    }
    *bytes = status.st_size;
    return file;
}

static size_t mapped_bytes(size_t bytes)
{
    return round_up(bytes + 1, PORT_UNIT_BYTES);
}

static bool read_content(int handle, off_t bytes, struct port_file *file)
{
    if (bytes == 0)
        return true;
    size_t most = (uintmax_t)bytes < SIZE_MAX / 2 ? (size_t)bytes : SIZE_MAX / 2;
    char *content = port_reserve(mapped_bytes(most));
    if (content == NULL || !port_commit(content, mapped_bytes(most))) {
        if (content != NULL)
            port_release(content, mapped_bytes(most));
        errno = ENOMEM;
        return false;
    }
    size_t length = 0;
    ssize_t got = 1;
    while (length < most && got > 0) {
        got = read(handle, content + length, most - length);
        if (got > 0)
            length += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    /* What is asked to be released is what was reserved: a file that got shorter meanwhile ends in zeros. */
    *file = (struct port_file){content, most, 0};
    return got >= 0;
}

bool port_file_read(const char *path, struct port_file *file)
{
    off_t bytes = 0;
    int saved = errno;
    *file = (struct port_file){NULL, 0, 0};
    int handle = open_regular(path, O_RDONLY, &bytes);
    bool done = handle >= 0 ? read_content(handle, bytes, file) : errno == ENOENT;
    int error = done ? 0 : errno;
    if (handle >= 0)
        (void)close(handle);
    if (!done)
        port_file_release(file);
    file->error = error;
    errno = saved;
    return done;
}

void port_file_release(struct port_file *file)
{
    if (file->content != NULL)
        port_release(file->content, mapped_bytes(file->bytes));
    *file = (struct port_file){NULL, 0, 0};
}

static bool write_all(int handle, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(handle, text, length);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
    return true;
}

bool port_file_append(const char *path, const char *text, size_t length, int *error)
{
    off_t bytes;
    int saved = errno;
    int handle = open_regular(path, O_WRONLY | O_APPEND | O_CREAT, &bytes);
    bool done = handle >= 0 && write_all(handle, text, length);
    *error = done ? 0 : errno;
    if (handle >= 0)
        (void)close(handle);
    errno = saved;
    return done;
}

void port_file_path(const char *path, char *full, size_t most)
{
    int saved = errno;
    size_t length = string_length(path) + 1;
    size_t before = 0;
    if (path[0] != '/' && most > length && getcwd(full, most - length) != NULL) {
        before = string_length(full);
        full[before++] = '/';
    }
    memcpy(full + before, path, length);
    errno = saved;
}

#endif
