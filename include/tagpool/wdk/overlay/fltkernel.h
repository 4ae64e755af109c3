/* SPDX-License-Identifier: MIT
 *
 * fltkernel.h: fltKernel.h in the other common spelling.
 */
#include "fltKernel.h"
