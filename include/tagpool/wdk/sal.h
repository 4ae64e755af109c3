/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/sal.h: the words of source annotation (SAL), which say nothing to gcc and clang. The old words without capitals,
 * __in and __out, are left out: C libraries use these names.
 */
#ifndef TAGPOOL_WDK_SAL_H
#define TAGPOOL_WDK_SAL_H

/* ---- Parameters, results, fields --------------------------------------------------------------------------------- */

#ifndef _In_
#define _In_
#define _In_opt_
#define _In_z_
#define _In_opt_z_
#define _Out_
#define _Out_opt_
#define _Inout_
#define _Inout_opt_
#define _Inout_z_
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_result_maybenull_
#define _Outptr_result_nullonfailure_
#define _Outref_
#define _Reserved_
#define _Const_
#define _Ret_maybenull_
#define _Ret_notnull_
#define _Ret_z_
#define _Check_return_
#define _Must_inspect_result_
#define _Notnull_
#define _Maybenull_
#define _Null_terminated_
#define _Pre_notnull_
#define _Pre_maybenull_
#define _Pre_valid_
#define _Post_notnull_
#define _Post_maybenull_
#define _Post_valid_
#define _Post_invalid_
#define _Post_ptr_invalid_
#define _Frees_ptr_
#define _Frees_ptr_opt_
#define _Printf_format_string_
#define _Use_decl_annotations_
#define _Points_to_data_
#define _Interlocked_
#define _Interlocked_operand_
#define _Field_z_
#define _In_reads_(x)
#define _In_reads_opt_(x)
#define _In_reads_bytes_(x)
#define _In_reads_bytes_opt_(x)
#define _In_reads_z_(x)
#define _In_range_(x)
#define _Out_writes_(x)
#define _Out_writes_opt_(x)
#define _Out_writes_bytes_(x)
#define _Out_writes_bytes_opt_(x)
#define _Out_writes_z_(x)
#define _Out_writes_all_(x)
#define _Out_writes_bytes_all_(x)
#define _Out_range_(x)
#define _Inout_updates_(x)
#define _Inout_updates_opt_(x)
#define _Inout_updates_bytes_(x)
#define _Inout_updates_bytes_opt_(x)
#define _Inout_updates_all_(x)
#define _Outptr_result_bytebuffer_(x)
#define _Outptr_result_buffer_(x)
#define _Ret_range_(x)
#define _Ret_writes_(x)
#define _Ret_writes_bytes_(x)
#define _Ret_writes_maybenull_(x)
#define _Ret_writes_bytes_maybenull_(x)
#define _Field_size_(x)
#define _Field_size_opt_(x)
#define _Field_size_bytes_(x)
#define _Field_size_bytes_opt_(x)
#define _Field_size_full_(x)
#define _Field_range_(x)
#define _Struct_size_bytes_(x)
#define _Success_(x)
#define _On_failure_(x)
#define _Always_(x)
#define _Pre_(x)
#define _Post_(x)
#define _Pre_satisfies_(x)
#define _Post_satisfies_(x)
#define _Post_readable_byte_size_(x)
#define _Post_writable_byte_size_(x)
#define _Pre_readable_byte_size_(x)
#define _Group_(x)
#define _Analysis_assume_(x)
#define _Guarded_by_(x)
#define _Function_class_(x)
#define _Out_writes_to_(x, y)
#define _Out_writes_bytes_to_(x, y)
#define _Inout_updates_to_(x, y)
#define _Inout_updates_bytes_to_(x, y)
#define _Field_size_part_(x, y)
#define _Field_size_bytes_part_(x, y)
#define _When_(x, y)
#define _At_(x, y)
#define _Ret_writes_to_(x, y)
#endif

/* ---- Drivers: IRQL, memory, locks -------------------------------------------------------------------------------- */

#ifndef _IRQL_requires_max_
#define _IRQL_requires_same_
#define _IRQL_saves_
#define _IRQL_restores_
#define __drv_aliasesMem
#define __drv_sameIRQL
#define __drv_mustHoldCriticalRegion
#define __drv_inTry
#define __drv_notInTry
#define _IRQL_uses_cancel_
#define _IRQL_requires_(x)
#define _IRQL_requires_max_(x)
#define _IRQL_requires_min_(x)
#define _IRQL_raises_(x)
#define _IRQL_limited_to_(x)
#define _IRQL_always_function_max_(x)
#define _IRQL_always_function_min_(x)
#define __drv_allocatesMem(x)
#define __drv_freesMem(x)
#define __drv_maxIRQL(x)
#define __drv_minIRQL(x)
#define __drv_requiresIRQL(x)
#define __drv_raisesIRQL(x)
#define __drv_dispatchType(x)
#define __drv_functionClass(x)
#define __drv_reportError(x)
#define _Dispatch_type_(x)
#define _Kernel_clear_do_init_(x)
#define _Acquires_lock_(x)
#define _Releases_lock_(x)
#define _Acquires_exclusive_lock_(x)
#define _Acquires_shared_lock_(x)
#define _Releases_exclusive_lock_(x)
#define _Releases_shared_lock_(x)
#define _Requires_lock_held_(x)
#define _Requires_lock_not_held_(x)
#define _Requires_exclusive_lock_held_(x)
#define _Requires_shared_lock_held_(x)
#define _Acquires_nonreentrant_lock_(x)
#define _Releases_nonreentrant_lock_(x)
#define _Has_lock_kind_(x)
#define _IRQL_saves_global_(x, y)
#define _IRQL_restores_global_(x, y)
#define __drv_when(x, y)
#endif

#endif
