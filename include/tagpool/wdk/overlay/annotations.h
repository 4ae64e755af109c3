/* SPDX-License-Identifier: MIT
 *
 * annotations.h: the words that tell Microsoft's analysers what a function expects. They mean nothing here; these are the ones
 * that the DDK's sal.h, specstrings.h and driverspecs.h leave out.
 */
#ifndef TAGPOOL_WDK_ANNOTATIONS_H
#define TAGPOOL_WDK_ANNOTATIONS_H

#define _Analysis_code_type_kernel_code_
#define _Analysis_code_type_kernel_driver_
#define _Analysis_code_type_user_code_
#define _Analysis_code_type_user_driver_
#define _Analysis_noreturn_
#define _Create_no_competing_thread_
#define _Curr_
#define _Deref_opt_out_opt_z_
#define _Deref_out_z_
#define _Deref_post_maybenull_
#define _Deref_post_notnull_
#define _Deref_post_null_
#define _Deref_post_valid_
#define _Deref_post_z_
#define _Deref_pre_maybenull_
#define _Deref_pre_notnull_
#define _Deref_pre_z_
#define _Deref_prepost_opt_z_
#define _Dispatch_type_(x)
#define _Enum_is_bitflag_
#define _Flt_CompletionContext_Outptr_
#define _Flt_ConnectionCookie_Outptr_
#define _Frees_ptr_
#define _Frees_ptr_opt_
#define _Global_cancel_spin_lock_
#define _Global_critical_region_
#define _Global_interlock_
#define _Global_priority_region_
#define _IRQL_always_function_max_(x)
#define _IRQL_always_function_min_(x)
#define _IRQL_inconsistent_
#define _IRQL_limited_to_(x)
#define _IRQL_restores_global_(a, b)
#define _IRQL_saves_global_(a, b)
#define _IRQL_uses_cancel_
#define _In_bound_
#define _In_defensive_(x)
#define _In_function_class_(x)
#define _In_z_opt_
#define _Inexpressible_(x)
#define _Inout_defensive_(x)
#define _Interlocked_operand_
#define _Internal_lock_level_
#define _Kernel_IoGetDmaAdapter_
#define _Kernel_acquires_resource_(x)
#define _Kernel_clear_do_init_(x)
#define _Kernel_entry_
#define _Kernel_entry_always_
#define _Kernel_float_restored_
#define _Kernel_float_saved_
#define _Kernel_float_used_
#define _Kernel_releases_resource_(x)
#define _Kernel_requires_resource_held_(x)
#define _Kernel_requires_resource_not_held_(x)
#define _Lock_kind_critical_section_
#define _Lock_kind_event_
#define _Lock_kind_mutex_
#define _Lock_kind_semaphore_
#define _Lock_kind_spin_lock_
#define _Maybenull_
#define _Maybevalid_
#define _Notnull_
#define _Notref_
#define _Notvalid_
#define _Null_
#define _Old_(x)
#define _Out_bound_
#define _Out_defensive_(x)
#define _Param_(n)
#define _Post_bytecount_(n)
#define _Post_defensive_
#define _Post_invalid_
#define _Post_maybenull_
#define _Post_notnull_
#define _Post_null_
#define _Post_ptr_invalid_
#define _Post_valid_
#define _Post_z_
#define _Pre_
#define _Pre_bytecount_(n)
#define _Pre_defensive_
#define _Pre_invalid_
#define _Pre_maybenull_
#define _Pre_null_
#define _Pre_opt_valid_
#define _Pre_valid_
#define _Pre_z_
#define _Prepost_valid_
#define _Prepost_z_
#define _Ptr_from_free_
#define _Ret_
#define _Ret_bound_
#define _Ret_bytecap_(n)
#define _Ret_maybenull_writes_(n)
#define _Ret_opt_
#define _Ret_opt_bytecap_(n)
#define _Ret_opt_z_
#define _Ret_valid_bytecap_(n)
#define _Ret_writes_bytes_all_(n)
#define _Return_type_(x)
#define _Satisfies_(x)
#define _Subtype_(x)
#define _Unreferenced_parameter_
#define _Valid_
#define __allocator
#define __analysis_assert(x) ((void)0)
#define __analysis_hint(x)
#define __blocksOn(x)
#define __callback
#define __control_entrypoint(x)
#define __data_entrypoint(x)
#define __deref_out_range(a, b)
#define __drv_IoGetDmaAdapter
#define __drv_Mode_impl(x)
#define __drv_acquiresCancelSpinLock
#define __drv_acquiresCriticalRegion
#define __drv_acquiresExclusiveResource(x)
#define __drv_acquiresExclusiveResourceGlobal(a, b)
#define __drv_acquiresPriorityRegion
#define __drv_acquiresResource(x)
#define __drv_clearDoInit(x)
#define __drv_constant
#define __drv_declspec(x)
#define __drv_defined(x)
#define __drv_floatRestored
#define __drv_floatSaved
#define __drv_floatUsed
#define __drv_fun(x)
#define __drv_functionClass(x)
#define __drv_functionClassWdmFilter
#define __drv_group(x)
#define __drv_holdsCancelSpinLock()
#define __drv_holdsCriticalRegion()
#define __drv_inTry
#define __drv_innerAcquiresGlobal(a, b)
#define __drv_innerMustHoldGlobal(a, b)
#define __drv_innerNeverHoldGlobal(a, b)
#define __drv_innerReleasesGlobal(a, b)
#define __drv_interlocked
#define __drv_isCancelIRQL
#define __drv_isObjectPointer
#define __drv_maxFunctionIRQL(x)
#define __drv_minFunctionIRQL(x)
#define __drv_minIRQL(x)
#define __drv_mustCallAlways
#define __drv_mustHold(x)
#define __drv_mustHoldCancelSpinLock
#define __drv_mustHoldCriticalRegion
#define __drv_mustHoldGlobal(a, b)
#define __drv_mustHoldPriorityRegion
#define __drv_neverCallInFunc(x)
#define __drv_neverHold(x)
#define __drv_neverHoldCancelSpinLock
#define __drv_neverHoldCriticalRegion
#define __drv_neverHoldGlobal(a, b)
#define __drv_nop(x)
#define __drv_notInTry
#define __drv_preferredFunction(f, w)
#define __drv_releasesCancelSpinLock
#define __drv_releasesCriticalRegion
#define __drv_releasesExclusiveResource(x)
#define __drv_releasesExclusiveResourceGlobal(a, b)
#define __drv_releasesPriorityRegion
#define __drv_releasesResource(x)
#define __drv_reportError(x)
#define __drv_ret(x)
#define __drv_sameIRQL
#define __drv_strictType(t, m)
#define __drv_strictTypeMatch(m)
#define __drv_typeBitset
#define __drv_typeCond
#define __drv_typeConst
#define __drv_typeExpr
#define __drv_typeFlags(x)
#define __drv_unit(x)
#define __drv_when_mustHold(c, x)
#define __encoded_array
#define __field_bcount(n)
#define __field_bcount_opt(n)
#define __field_bcount_part(n, m)
#define __field_ecount(n)
#define __field_ecount_opt(n)
#define __field_ecount_part(n, m)
#define __field_nullterminated
#define __field_xcount(n)
#define __format_string
#define __gdi_entry
#define __in_bcount_opt(n)
#define __in_ecount_opt(n)
#define __in_range(a, b)
#define __inout_bcount_opt(n)
#define __inout_ecount_opt(n)
#define __kernel_entry
#define __maybenull
#define __notvalid
#define __nullnullterminated
#define __nullterminated
#define __out_bcount_opt(n)
#define __out_ecount_opt(n)
#define __out_has_adt_prop(a, b)
#define __out_opt_bcount(n)
#define __out_range(a, b)
#define __readonly
#define __rpc_entry
#define __struct_bcount(n)
#define __struct_xcount(n)
#define __success(x)
#define __type_has_adt_prop(a, b)

#endif
