/* SPDX-License-Identifier: MIT
 *
 * dontuse.h: for analysers only.
 */
#include <specstrings.h>
