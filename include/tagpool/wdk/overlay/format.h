/* SPDX-License-Identifier: MIT
 *
 * format.h: the kernel's formatted printing into memory, narrow and wide: l means 32 bits, I64 and ll 64, a bare s a string of
 * the function's own kind and S of the other, ws a wide one, Z and wZ a counted one; p is in capitals, with all its digits.
 */
#ifndef TAGPOOL_WDK_FORMAT_H
#define TAGPOOL_WDK_FORMAT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct tagpool_format {
    void *to;
    size_t room; /* in characters */
    size_t length;
    int wide;
    /* One conversion: */
    char flags[8];
    int width, precision;
    int size; /* 'h', 'l' (also for w), 'q' for 64 bits, or 0 */
};

struct tagpool_counted { /* ANSI_STRING, UNICODE_STRING */
    uint16_t bytes, most;
    const void *string;
};

static inline unsigned tagpool_format_at(const void *string, size_t index, int wide)
{
    return wide ? ((const wchar_t *)string)[index] : ((const unsigned char *)string)[index];
}

static inline void tagpool_format_put(struct tagpool_format *text, unsigned c)
{
    if (text->length < text->room && text->wide)
        ((wchar_t *)text->to)[text->length] = (wchar_t)c;
    else if (text->length < text->room)
        ((char *)text->to)[text->length] = (char)c;
    text->length++;
}

/* `length` characters in a field of the conversion's width. */
static inline void tagpool_format_field(struct tagpool_format *text, const void *string, size_t length, int wide)
{
    size_t blanks = text->width > 0 && (size_t)text->width > length ? (size_t)text->width - length : 0;
    int left = text->flags[0] == '-';
    for (size_t i = 0; !left && i < blanks; i++)
        tagpool_format_put(text, ' ');
    for (size_t i = 0; i < length; i++)
        tagpool_format_put(text, tagpool_format_at(string, i, wide));
    for (size_t i = 0; left && i < blanks; i++)
        tagpool_format_put(text, ' ');
}

static inline void tagpool_format_string(struct tagpool_format *text, const void *string, int wide)
{
    size_t length = 0;
    if (string == NULL) {
        string = "(null)";
        wide = 0;
    }
    while ((text->precision < 0 || length < (size_t)text->precision) && tagpool_format_at(string, length, wide) != 0)
        length++;
    tagpool_format_field(text, string, length, wide);
}

/* Reads flags, width, precision and size behind a % at *at; a width or precision of * is -2. Returns the conversion. */
static inline unsigned tagpool_format_read(struct tagpool_format *text, const void *format, size_t *at)
{
    unsigned c;
    size_t flags = 0;
    text->width = 0;
    text->precision = -1;
    text->size = 0;
    for (; (c = tagpool_format_at(format, *at, text->wide)) != 0 && strchr("-+ #0", (int)c) != NULL; ++*at) {
        if (flags < sizeof text->flags - 1)
            text->flags[flags++] = (char)c;
        if (c == '-') { /* comes first, where it is looked for */
            text->flags[flags - 1] = text->flags[0];
            text->flags[0] = '-';
        }
    }
    text->flags[flags] = 0;
    for (int *number = &text->width;; number = &text->precision) {
        if (c == '*') {
            *number = -2;
            c = tagpool_format_at(format, ++*at, text->wide);
        }
        for (; c >= '0' && c <= '9'; c = tagpool_format_at(format, ++*at, text->wide))
            if (*number < 10000)
                *number = 10 * *number + (int)(c - '0');
        if (c != '.' || number == &text->precision)
            break;
        text->precision = 0;
        c = tagpool_format_at(format, ++*at, text->wide);
    }
    for (; c != 0 && strchr("hlwIzL", (int)c) != NULL; c = tagpool_format_at(format, ++*at, text->wide)) {
        unsigned next = tagpool_format_at(format, *at + 1, text->wide);
        if (c == 'I' && (next == '6' || next == '3')) {
            text->size = next == '6' ? 'q' : 'l';
            *at += 2;
        } else if (c == 'I' || c == 'z') {
            text->size = sizeof(void *) == 8 ? 'q' : 'l';
        } else {
            text->size = c == 'h' ? 'h' : c == 'l' && text->size == 'l' ? 'q' : 'l';
        }
    }
    return c;
}

/* Prints what vsnprintf() can; `ll` says that the value is an integer. */
static inline void tagpool_format_number(struct tagpool_format *text, unsigned conversion, long long integer, double real)
{
    char line[sizeof text->flags + 8], digits[512];
    int is_real = strchr("eEfFgGaA", (int)conversion) != NULL;
    int width = text->width > 200 ? 200 : text->width, precision = text->precision > 100 ? 100 : text->precision;
    int length;
    snprintf(line, sizeof line, "%%%s*.*%s%c", text->flags, is_real ? "" : "ll", (char)conversion);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    length = is_real ? snprintf(digits, sizeof digits, line, width, precision, real)
                     : snprintf(digits, sizeof digits, line, width, precision, integer);
#pragma GCC diagnostic pop
    for (int i = 0; i < length && i < (int)sizeof digits - 1; i++)
        tagpool_format_put(text, (unsigned char)digits[i]);
}

/* Returns -1 if the text has more than `room` characters; it is terminated only if it has less. */
static inline int tagpool_format_list(void *to, size_t room, int wide, const void *format, va_list arguments)
{
    struct tagpool_format text = {to, room, 0, wide, "", 0, 0, 0};
    unsigned c;
    for (size_t at = 0; (c = tagpool_format_at(format, at, wide)) != 0; at++) {
        if (c != '%') {
            tagpool_format_put(&text, c);
            continue;
        }
        at++;
        c = tagpool_format_read(&text, format, &at);
        if (text.width == -2)
            text.width = va_arg(arguments, int);
        if (text.precision == -2)
            text.precision = va_arg(arguments, int);
        int other = text.size == 0 ? wide != (c == 'S' || c == 'C') : text.size != 'h';
        if (c == 0) {
            break;
        } else if (c == '%') {
            tagpool_format_put(&text, c);
        } else if (c == 's' || c == 'S') {
            tagpool_format_string(&text, va_arg(arguments, const void *), other);
        } else if (c == 'c' || c == 'C') {
            wchar_t one = (wchar_t)va_arg(arguments, int);
            tagpool_format_field(&text, &one, 1, 1);
        } else if (c == 'Z') {
            const struct tagpool_counted *counted = va_arg(arguments, const struct tagpool_counted *);
            int is_wide = text.size == 'l';
            if (counted != NULL)
                tagpool_format_field(&text, counted->string, counted->bytes / (is_wide ? sizeof(wchar_t) : 1), is_wide);
            else
                tagpool_format_string(&text, NULL, 0);
        } else if (c == 'p') {
            text.precision = 2 * (int)sizeof(void *);
            tagpool_format_number(&text, 'X', (long long)va_arg(arguments, uintptr_t), 0);
        } else if (strchr("eEfFgGaA", (int)c) != NULL) {
            tagpool_format_number(&text, c, 0, va_arg(arguments, double));
        } else if (text.size == 'q') {
            tagpool_format_number(&text, c, va_arg(arguments, long long), 0);
        } else if (c == 'd' || c == 'i') {
            int value = va_arg(arguments, int);
            tagpool_format_number(&text, c, text.size == 'h' ? (short)value : value, 0);
        } else if (strchr("uxXo", (int)c) != NULL) {
            unsigned value = va_arg(arguments, unsigned);
            tagpool_format_number(&text, c, text.size == 'h' ? (unsigned short)value : value, 0);
        } else {
            tagpool_format_put(&text, c);
        }
    }
    if (text.length < room) {
        size_t length = text.length;
        tagpool_format_put(&text, 0);
        return (int)length;
    }
    return text.length == room ? (int)text.length : -1;
}

#endif
