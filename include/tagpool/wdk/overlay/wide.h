/* SPDX-License-Identifier: MIT
 *
 * wide.h: the kernel's C routines for strings of 16-bit characters, whose namesakes in this C library take them for 32 bits, and
 * those for narrow strings that have other names here.
 */
#ifndef TAGPOOL_WDK_WIDE_H
#define TAGPOOL_WDK_WIDE_H

#include <string.h>
#include <strings.h>
#include <wchar.h>

#include "format.h"

#define wcslen tagpool_wcslen
#define wcsnlen tagpool_wcsnlen
#define wcscpy tagpool_wcscpy
#define wcsncpy tagpool_wcsncpy
#define wcscat tagpool_wcscat
#define wcscmp tagpool_wcscmp
#define wcsncmp tagpool_wcsncmp
#define _wcsicmp tagpool_wcsicmp
#define _wcsnicmp tagpool_wcsnicmp
#define wcschr tagpool_wcschr
#define wcsrchr tagpool_wcsrchr
#define wcsstr tagpool_wcsstr
#define towupper tagpool_towupper
#define towlower tagpool_towlower

#define _stricmp strcasecmp
#define _strnicmp strncasecmp
#define _snprintf tagpool_snprintf
#define _vsnprintf tagpool_vsnprintf
#define _snwprintf tagpool_snwprintf
#define _vsnwprintf tagpool_vsnwprintf

/* Letters are those of ASCII, as in early kernel mode, where no table is loaded. */
static inline wchar_t towupper(wchar_t c)
{
    return c >= L'a' && c <= L'z' ? (wchar_t)(c - L'a' + L'A') : c;
}

static inline wchar_t towlower(wchar_t c)
{
    return c >= L'A' && c <= L'Z' ? (wchar_t)(c - L'A' + L'a') : c;
}

static inline size_t wcsnlen(const wchar_t *string, size_t most)
{
    size_t length = 0;
    while (length < most && string[length] != 0)
        length++;
    return length;
}

static inline size_t wcslen(const wchar_t *string)
{
    return wcsnlen(string, (size_t)-1);
}

static inline wchar_t *wcscpy(wchar_t *to, const wchar_t *from)
{
    return (wchar_t *)memcpy(to, from, (wcslen(from) + 1) * sizeof(wchar_t));
}

static inline wchar_t *wcsncpy(wchar_t *to, const wchar_t *from, size_t count)
{
    size_t length = wcsnlen(from, count);
    memcpy(to, from, length * sizeof(wchar_t));
    memset(to + length, 0, (count - length) * sizeof(wchar_t));
    return to;
}

static inline wchar_t *wcscat(wchar_t *to, const wchar_t *from)
{
    wcscpy(to + wcslen(to), from);
    return to;
}

static inline int wcsncmp(const wchar_t *a, const wchar_t *b, size_t most)
{
    for (; most > 0; most--, a++, b++)
        if (*a != *b || *a == 0)
            return *a - *b;
    return 0;
}

static inline int wcscmp(const wchar_t *a, const wchar_t *b)
{
    return wcsncmp(a, b, (size_t)-1);
}

static inline int _wcsnicmp(const wchar_t *a, const wchar_t *b, size_t most)
{
    for (; most > 0; most--, a++, b++)
        if (towlower(*a) != towlower(*b) || *a == 0)
            return towlower(*a) - towlower(*b);
    return 0;
}

static inline int _wcsicmp(const wchar_t *a, const wchar_t *b)
{
    return _wcsnicmp(a, b, (size_t)-1);
}

static inline wchar_t *wcschr(const wchar_t *string, wchar_t c)
{
    while (*string != c && *string != 0)
        string++;
    return *string == c ? (wchar_t *)string : NULL;
}

static inline wchar_t *wcsrchr(const wchar_t *string, wchar_t c)
{
    const wchar_t *at = string + wcslen(string);
    while (*at != c && at > string)
        at--;
    return *at == c ? (wchar_t *)at : NULL;
}

static inline wchar_t *wcsstr(const wchar_t *string, const wchar_t *part)
{
    size_t length = wcslen(part);
    while (wcsncmp(string, part, length) != 0)
        if (*string++ == 0)
            return NULL;
    return (wchar_t *)string;
}

/* Formats as format.h says. */
static inline int _vsnprintf(char *to, size_t bytes, const char *format, va_list arguments)
{
    return tagpool_format_list(to, bytes, 0, format, arguments);
}

static inline int _vsnwprintf(wchar_t *to, size_t characters, const wchar_t *format, va_list arguments)
{
    return tagpool_format_list(to, characters, 1, format, arguments);
}

static inline int _snprintf(char *to, size_t bytes, const char *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = _vsnprintf(to, bytes, format, arguments);
    va_end(arguments);
    return length;
}

static inline int _snwprintf(wchar_t *to, size_t characters, const wchar_t *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = _vsnwprintf(to, characters, format, arguments);
    va_end(arguments);
    return length;
}

#endif
