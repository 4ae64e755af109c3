/* SPDX-License-Identifier: MIT
 *
 * vadefs.h: in place of the DDK's; argument lists are the compiler's.
 */
#ifndef _INC_VADEFS
#define _INC_VADEFS

#include <stdarg.h>

#endif
