/* SPDX-License-Identifier: MIT
 *
 * corecrt.h: in place of the DDK's; see crtdefs.h.
 */
#include "crtdefs.h"
