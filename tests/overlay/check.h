/* SPDX-License-Identifier: MIT
 *
 * check.h: checks for programs that are compiled as driver source is, where no test framework's header can be had.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

static int checks_passed, checks_failed;

#define CHECK(condition)                                                          \
    ((condition) ? (void)checks_passed++                                          \
                 : (void)(checks_failed++, printf("%s:%d: %s\n", __FILE__, __LINE__, #condition)))

static int check_end(void)
{
    printf("%d passed, %d failed\n", checks_passed, checks_failed);
    return checks_failed != 0;
}

#endif
