/* SPDX-License-Identifier: MIT
 *
 * kernelspecs.h: for analysers only.
 */
#include <specstrings.h>
