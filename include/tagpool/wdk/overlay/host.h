/* SPDX-License-Identifier: MIT
 *
 * host.h: makes gcc and clang on Linux accept what driver source and DDK headers take for granted: the target's macros, keywords
 * of Microsoft's compiler, __try. The flags of `pkg-config --cflags tagpool-wdk` include it before each file.
 */
#ifndef TAGPOOL_WDK_OVERLAY
#define TAGPOOL_WDK_OVERLAY 1

#pragma GCC system_header

#if __SIZEOF_WCHAR_T__ != 2
#error "driver source needs 16-bit wchar_t: compile with the flags of `pkg-config --cflags tagpool-wdk`"
#endif

/* ---- The target ---- */

#ifndef _WIN32
#define _WIN32 1
#endif
#if __SIZEOF_POINTER__ == 8 && !defined(_WIN64)
#define _WIN64 1
#endif
#if defined(__x86_64__)
#ifndef _AMD64_
#define _AMD64_ 1
#endif
#elif defined(__i386__)
#ifndef _X86_
#define _X86_ 1
#endif
#elif defined(__aarch64__)
#ifndef _ARM64_
#define _ARM64_ 1
#endif
#else
#error "the DDK knows x64, x86 and Arm64 only"
#endif

/* Where the DDK looks for routines of the kernel, the HAL and the C library: nothing is imported from a DLL. */
#define _CRTIMP
#define __MINGW_IMPORT extern

/* ---- Keywords ---- */

#define __cdecl
#define _cdecl
#define __stdcall
#define _stdcall
#define __fastcall
#define _fastcall
#define __vectorcall
#define __thiscall
#define __pragma(x)
#define __assume(x) ((x) ? (void)0 : __builtin_unreachable())
#define __noop(...) ((void)0)
#define __annotation(...) ((void)0)

/* A literal, to which others are joined; but the name of the function cannot be one here. */
#define __FUNCTION__ __FILE__

/* __declspec(x): what has an attribute becomes one, what belongs to DLLs or to Microsoft's linker is nothing. */
#define __declspec(x) TAGPOOL_DECLSPEC_##x
#define TAGPOOL_DECLSPEC_align(bytes) __attribute__((aligned(bytes)))
#define TAGPOOL_DECLSPEC_allocate(section)
#define TAGPOOL_DECLSPEC_allocator
#define TAGPOOL_DECLSPEC_code_seg(section)
#define TAGPOOL_DECLSPEC_deprecated
#define TAGPOOL_DECLSPEC_dllexport __attribute__((visibility("default")))
#define TAGPOOL_DECLSPEC_dllimport
#define TAGPOOL_DECLSPEC_guard(what)
#define TAGPOOL_DECLSPEC_naked __attribute__((naked))
#define TAGPOOL_DECLSPEC_noalias
#define TAGPOOL_DECLSPEC_noinline __attribute__((noinline))
#define TAGPOOL_DECLSPEC_noreturn __attribute__((noreturn))
#define TAGPOOL_DECLSPEC_nothrow __attribute__((nothrow))
#define TAGPOOL_DECLSPEC_novtable
#define TAGPOOL_DECLSPEC_restrict
#define TAGPOOL_DECLSPEC_safebuffers
#define TAGPOOL_DECLSPEC_selectany __attribute__((weak))
#define TAGPOOL_DECLSPEC_thread __thread
#define TAGPOOL_DECLSPEC_uuid(text)

/* Tags are written 'gaT1', and the rest is said by pragmas that only Microsoft's compiler knows. */
#pragma GCC diagnostic ignored "-Wmultichar"
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
/* Microsoft's compiler warns of these; newer gcc and clang would stop. */
#pragma GCC diagnostic warning "-Wimplicit-function-declaration"
#pragma GCC diagnostic warning "-Wincompatible-pointer-types"
#pragma GCC diagnostic warning "-Wint-conversion"
#ifdef __clang__
#pragma clang diagnostic ignored "-Wignored-pragma-intrinsic"
#pragma clang diagnostic ignored "-Wmicrosoft"
#pragma clang diagnostic ignored "-Wpragma-pack"
#endif

#ifndef __cplusplus
#include "seh.h"
#endif

#endif
