/* SPDX-License-Identifier: MIT
 *
 * suppress.h: for analysers only.
 */
#include <specstrings.h>
