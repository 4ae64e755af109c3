/* SPDX-License-Identifier: MIT
 *
 * check.h: checks for the small programs of this folder: a failed one is named, and ends the program with status 1.
 */
#ifndef TESTS_MINGW_CHECK_H
#define TESTS_MINGW_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #condition);                                   \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

#endif
