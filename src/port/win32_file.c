/* SPDX-License-Identifier: MIT
 *
 * win32_file.c: files, and modules of code (contracts in port.h).
 */
#include "base/internal.h"

#if !TAGPOOL_BARE && defined(_WIN32)

#include "port/port.h"

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

static size_t mapped_bytes(size_t bytes)
{
    return round_up(bytes + 1, PORT_UNIT_BYTES);
}

static HANDLE open_regular(const char *path, DWORD access, DWORD how)
{
    HANDLE file = CreateFileA(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, how,
                              FILE_ATTRIBUTE_NORMAL, NULL);
    if (file != INVALID_HANDLE_VALUE && GetFileType(file) != FILE_TYPE_DISK) {
        (void)CloseHandle(file);
        SetLastError(ERROR_INVALID_PARAMETER);
        file = INVALID_HANDLE_VALUE;
    }
    return file;
}

static bool read_content(HANDLE handle, struct port_file *file)
{
    LARGE_INTEGER bytes;
    if (!GetFileSizeEx(handle, &bytes))
        return false;
    if (bytes.QuadPart == 0)
        return true;
    size_t most = (uint64_t)bytes.QuadPart < SIZE_MAX / 2 ? (size_t)bytes.QuadPart : SIZE_MAX / 2;
    char *content = port_reserve(mapped_bytes(most));
    if (content == NULL)
        return false;
    *file = (struct port_file){content, most, 0};
    if (!port_commit(content, mapped_bytes(most)))
        return false;
    for (size_t length = 0; length < most;) {
        DWORD part = most - length < 1u << 30 ? (DWORD)(most - length) : 1u << 30;
        DWORD got = 0;
        if (!ReadFile(handle, content + length, part, &got, NULL))
            return false;
        if (got == 0)
            break;
        length += got;
    }
    return true;
}

bool port_file_read(const char *path, struct port_file *file)
{
    DWORD saved = GetLastError();
    *file = (struct port_file){NULL, 0, 0};
    HANDLE handle = open_regular(path, GENERIC_READ, OPEN_EXISTING);
    bool there = handle != INVALID_HANDLE_VALUE;
    bool done = there ? read_content(handle, file) : GetLastError() == ERROR_FILE_NOT_FOUND;
    int error = done ? 0 : (int)GetLastError();
    if (there)
        (void)CloseHandle(handle);
    if (!done)
        port_file_release(file);
    file->error = error;
    SetLastError(saved);
    return done;
}

void port_file_release(struct port_file *file)
{
    if (file->content != NULL)
        port_release(file->content, mapped_bytes(file->bytes));
    *file = (struct port_file){NULL, 0, 0};
}

bool port_file_append(const char *path, const char *text, size_t length, int *error)
{
    DWORD saved = GetLastError();
    HANDLE handle = open_regular(path, FILE_APPEND_DATA, OPEN_ALWAYS);
    bool done = handle != INVALID_HANDLE_VALUE;
    while (done && length > 0) {
        DWORD written = 0;
        done = WriteFile(handle, text, (DWORD)(length < 1u << 30 ? length : 1u << 30), &written, NULL) && written != 0;
        text += written;
        length -= written;
    }
    *error = done ? 0 : (int)GetLastError();
    if (handle != INVALID_HANDLE_VALUE)
        (void)CloseHandle(handle);
    SetLastError(saved);
    return done;
}

void port_file_path(const char *path, char *full, size_t most)
{
    DWORD saved = GetLastError();
    DWORD length = GetFullPathNameA(path, (DWORD)most, full, NULL);
    if (length == 0 || length >= most)
        memcpy(full, path, string_length(path) + 1);
    SetLastError(saved);
}

uintptr_t port_module(uintptr_t address, char *name, size_t most)
{
    char path[MAX_PATH];
    HMODULE module = NULL;
    DWORD saved = GetLastError();
    name[0] = 0;
    if (!GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                            (const char *)address, &module))
        module = NULL;
    DWORD length = module != NULL ? GetModuleFileNameA(module, path, sizeof path) : 0;
    SetLastError(saved);
    if (length == 0)
        return address;
    DWORD start = length;
    while (start > 0 && path[start - 1] != '\\' && path[start - 1] != '/')
        start--;
    size_t copied = length - start < most ? length - start : most - 1;
    memcpy(name, path + start, copied);
    name[copied] = 0;
    return address - (uintptr_t)module;
}

#endif
