/* SPDX-License-Identifier: MIT
 *
 * wdk_bugcheck.c: KeBugCheckEx and KeBugCheck in terms of the library's handler (contracts in tagpool/wdk/bugcheck.h).
 */
#include "tagpool/wdk/bugcheck.h"

#include "base/text.h"
#include "port/port.h"
#include "report/bugcheck.h"
#include "report/output.h"

void TAGPOOL_WDK_CALL KeBugCheckEx(ULONG code, ULONG_PTR parameter1, ULONG_PTR parameter2, ULONG_PTR parameter3,
                                   ULONG_PTR parameter4)
{
    struct text line;
    uintptr_t parameter[4] = {parameter1, parameter2, parameter3, parameter4};
    bugcheck_report(code, parameter, NULL, true);
    text_clear(&line);
    text_string(&line, "tagpool: the bug-check handler returned from KeBugCheckEx; ");
    text_string(&line, "expected that it ends the program, jumps or throws");
    output_line(&line);
    port_abort();
}

void TAGPOOL_WDK_CALL KeBugCheck(ULONG code)
{
    KeBugCheckEx(code, 0, 0, 0, 0);
}
