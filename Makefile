# SPDX-License-Identifier: MIT
# Builds, tests and installs tagpool. `make`: the libraries; `make deps check`: what the tests need, and all tests.
#
# Variables: B (output folder), CC, AR, CROSS_COMPILE, CFLAGS (replaces -O2 -g only), LDFLAGS, PORT (posix, win32, bare),
#            SANITIZE (as address,undefined), SINGLE_FILE (1: use the single-file build), PREFIX, LIBDIR, DESTDIR,
#            CMOCKA (how to link cmocka), CHECKS (which programs and scripts `check` runs)

B ?= build
PORT ?= posix
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
CFLAGS ?= -O2 -g
CMOCKA ?= -lcmocka
ifneq ($(filter default undefined,$(origin CC)),)
CC := $(if $(CROSS_COMPILE),$(CROSS_COMPILE)gcc,cc)
endif
ifneq ($(filter default undefined,$(origin AR)),)
AR := $(CROSS_COMPILE)ar
endif
OBJCOPY ?= $(CROSS_COMPILE)objcopy
NM ?= $(CROSS_COMPILE)nm

VERSION := $(shell sed -n 's/^.define TAGPOOL_VERSION_[A-Z]* //p' include/tagpool.h | paste -sd. -)
MAJOR := $(firstword $(subst ., ,$(VERSION)))

# ---- Flags ----------------------------------------------------------------------------------------------------------
# One set of objects serves both libraries: hidden visibility makes position-independent code cost nothing on 64 bit.
# Vectorised neighbouring counters are slower than single ones, hence -fno-tree-slp-vectorize. Frames that a handler's
# longjmp or C++ exception crosses need -fexceptions. gcc's last scheduling makes the fast paths slower on x86-64, where the
# processor does that itself; clang has no such option.
WARNINGS := -Wall -Wextra -Wshadow -Wpedantic
FLAGS_posix := -fPIC -fno-semantic-interposition -ftls-model=initial-exec -fexceptions -pthread
# Windows exports by a list and knows no visibility: gcc says so for each function that has one. The small model reaches our
# own data without a pointer for each name, which the linker would share with files of a user that have the same name.
IS_X86_64 := $(findstring x86_64,$(shell $(CC) -dumpmachine))
IS_WIN64 := $(if $(filter win32,$(PORT)),$(IS_X86_64))
FLAGS_win32 := -fexceptions -Wno-attributes $(if $(IS_WIN64),-mcmodel=small)
FLAGS_bare := -ffreestanding -ffunction-sections -fdata-sections -DTAGPOOL_BARE=1
CHECKED := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
COMMON = -std=c11 $(WARNINGS) $(CHECKED) $(CFLAGS) -Iinclude $(CPPFLAGS) -MMD -MP
AS_WRITTEN := $(if $(IS_X86_64),$(if $(findstring clang,$(shell $(CC) --version)),,-fno-schedule-insns2))
COMPILE = $(CC) $(COMMON) -Isrc -fvisibility=hidden -fno-tree-slp-vectorize $(AS_WRITTEN) $(FLAGS_$(PORT))
LINK = $(CC) $(CHECKED) $(CFLAGS) $(LDFLAGS) $(if $(filter win32,$(PORT)),,-pthread)

# ---- Libraries ------------------------------------------------------------------------------------------------------
FLOORS := base port report memory ledger pool view service face
OTHER_PORTS := $(filter-out src/port/$(PORT).c src/port/$(PORT)_%.c,$(wildcard src/port/*.c))
OTHER_SRC := $(OTHER_PORTS) $(if $(filter bare,$(PORT)),$(wildcard src/service/*.c src/face/wdk*.c))
SRC := $(filter-out $(OTHER_SRC),$(wildcard $(FLOORS:%=src/%/*.c)))
OBJ := $(if $(SINGLE_FILE),$(B)/dist/tagpool.o,$(SRC:src/%.c=$(B)/obj/%.o))
# The WDK's routines are an object of their own in the archive; firmware does without.
WDK_OBJ := $(filter $(B)/obj/service/% $(B)/obj/face/wdk%,$(OBJ))
HEADERS := $(wildcard include/*.h include/tagpool/*.h include/tagpool/wdk/*.h include/tagpool/wdk/*/*.h)
LIB := $(B)/libtagpool.a
SO := $(B)/libtagpool.so.$(VERSION)
DLL := $(B)/libtagpool.dll

SHARED_posix = $(SO)
SHARED_win32 = $(DLL)
all: $(LIB) $(SHARED_$(PORT))

$(B)/obj/port/%.o: private COMPILE += $(if $(filter bare,$(PORT)),,-D_GNU_SOURCE)
$(B)/obj/%.o: src/%.c $(B)/flags
	@mkdir -p $(@D)
	$(COMPILE) -c $< -o $@
$(B)/dist/tagpool.o: $(B)/dist/tagpool.c $(B)/flags
	$(COMPILE) -c $< -o $@

# The archive holds two objects, core and WDK routines, that show nothing but public names (src/crossing.sh). Section groups
# are dissolved, for the linker would drop one that has lost its name in favour of another file's.
RELOCATABLE = $(CC) $(CFLAGS) -nostdlib -r -Wl,--force-group-allocation $(if $(IS_WIN64),-T src/port/coff.ld)
$(B)/core.o: $(filter-out $(WDK_OBJ),$(OBJ))
	$(RELOCATABLE) -o $@ $^
$(B)/wdk.o: $(WDK_OBJ)
	$(RELOCATABLE) -o $@ $^
$(B)/tagpool.o: $(B)/core.o $(if $(WDK_OBJ),$(B)/wdk.o) src/crossing.sh
	NM='$(NM)' OBJCOPY='$(OBJCOPY)' WEAKEN='$(filter posix,$(PORT))' src/crossing.sh $@ $(filter %.o,$^)
$(if $(WDK_OBJ),$(B)/tagpool-wdk.o): $(B)/tagpool.o

$(LIB): $(B)/tagpool.o
	@rm -f $@
	$(AR) rcs $@ $(filter %.o,$^) $(if $(WDK_OBJ),$(B)/tagpool-wdk.o)

$(SO): $(OBJ)
	$(LINK) -shared -Wl,-soname,libtagpool.so.$(MAJOR) -o $@ $(OBJ)
	@ln -sf $(@F) $(B)/libtagpool.so.$(MAJOR)
	@ln -sf libtagpool.so.$(MAJOR) $(B)/libtagpool.so

# Windows: driver objects reach a routine through a pointer, __imp_<name>; the archive's third object holds these. The DLL exports
# by a list. Both are made from the names that the other two objects show.
ifeq ($(PORT),win32)
$(B)/slots.s: $(B)/tagpool.o src/slots.sh
	NM='$(NM)' src/slots.sh $@ $(B)/libtagpool.def $(B)/tagpool.o $(B)/tagpool-wdk.o
$(B)/slots.o: $(B)/slots.s
	$(CC) $(CFLAGS) -c $< -o $@
$(LIB): $(B)/slots.o
$(DLL): $(OBJ) $(B)/slots.s
	$(LINK) -shared -static-libgcc -Wl,--out-implib,$@.a -o $@ $(OBJ) $(B)/libtagpool.def
endif

# Changes only when the compile command does, so that other flags rebuild everything.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(COMPILE) $(LINK) $(VERSION)' | cmp -s - $@ || \
	    echo '$(COMPILE) $(LINK) $(VERSION)' > $@

# ---- Tests ----------------------------------------------------------------------------------------------------------
# Each .c file in tests/{api,unit,stress,contract,mistakes} is one program, as is each fuzz_x.c in tests/fuzz with the driver.
programs = $(patsubst %.c,$(B)/%,$(wildcard tests/$(1)/*.c))
CMOCKA_TESTS := $(call programs,unit) $(call programs,api) $(call programs,stress) $(call programs,contract)
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
MISTAKES := $(call programs,mistakes)
SCRIPTS := $(filter-out tests/run.sh,$(wildcard tests/*.sh))
CHECKS ?= $(CMOCKA_TESTS) $(SCRIPTS)
export B CC AR CFLAGS LDFLAGS PORT SANITIZE SINGLE_FILE CMOCKA VERSION

# Built on all processors, unless make was told on how many.
check:
	@$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc)) check-programs
	@tests/run.sh $(CHECKS)
check-programs: all examples $(CMOCKA_TESTS) $(FUZZERS) $(MISTAKES)

# Unit tests open src/: they link the objects, whose names are not localized, or a single file whose names are not static. One
# comes between the objects and the port.
UNIT_OBJ := $(if $(SINGLE_FILE),$(B)/dist/unit.o,$(OBJ))
$(B)/dist/unit.o: $(B)/dist/tagpool.c $(B)/flags
	$(COMPILE) -DINTERNAL= -DINTERNAL_OBJECT=extern -c $< -o $@
$(B)/tests/unit/slab: WRAPPED := -Wl,--wrap=port_expect
$(B)/tests/unit/%: tests/unit/%.c $(UNIT_OBJ) $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(COMMON) -Isrc $< $(UNIT_OBJ) $(LDFLAGS) $(WRAPPED) $(CMOCKA) -pthread -o $@
$(B)/tests/mistakes/%: tests/mistakes/%.c $(LIB) $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(COMMON) $< $(LIB) $(LDFLAGS) -pthread -o $@
$(B)/tests/fuzz/%: tests/fuzz/fuzz_%.c tests/fuzz/driver.c $(LIB) $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(COMMON) $< tests/fuzz/driver.c $(LIB) $(LDFLAGS) -pthread -o $@
# The contract of the WDK: compiled as a driver's author would, against our own <wdm.h>.
$(B)/tests/contract/%: tests/contract/%.c $(LIB) $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(COMMON) -Iinclude/tagpool/wdk/ddk -Wno-multichar $< $(LIB) $(LDFLAGS) $(CMOCKA) -pthread -o $@
$(B)/tests/%: tests/%.c $(LIB) $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(COMMON) $< $(LIB) $(LDFLAGS) $(CMOCKA) -pthread -o $@

long: $(B)/tests/stress/model
	TAGPOOL_LONG=1 $<

DEPS := gcc g++ make binutils libc6-dev libcmocka-dev pkg-config valgrind libc6-dbg mingw-w64-common check libsubunit-dev \
    libcpputest-dev libgtest-dev
deps:
	@if dpkg -s $(DEPS) > /dev/null 2>&1; then echo "deps: all there: $(DEPS)"; else \
	    echo "deps: installing with apt-get: $(DEPS)"; sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    $$sudo apt-get update -q && \
	    $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $(DEPS); fi

# ---- Examples and measurements: their own files say how -----------------------------------------------------------
examples run bench instructions:
include $(wildcard examples/*.mk tests/*/*.mk)

# ---- Install, single-file build -----------------------------------------------------------------------------------
INCLUDED = $(HEADERS:include/%=$(DESTDIR)$(PREFIX)/include/%)
PACKAGES := $(notdir $(basename $(wildcard pkgconfig/*.pc.in)))
LIBRARIES = libtagpool.a libtagpool.so libtagpool.so.$(MAJOR) libtagpool.so.$(VERSION) libtagpool.dll.a

install: all
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	for h in $(HEADERS:include/%=%); do install -D -m 644 include/$$h $(DESTDIR)$(PREFIX)/include/$$h || exit 1; done
	install -m 644 $(LIB) $(if $(filter posix,$(PORT)),$(SO)) $(if $(filter win32,$(PORT)),$(DLL).a) $(DESTDIR)$(LIBDIR)
	$(if $(filter posix,$(PORT)),cp -P $(B)/libtagpool.so $(B)/libtagpool.so.$(MAJOR) $(DESTDIR)$(LIBDIR))
	$(if $(filter win32,$(PORT)),install -D -t $(DESTDIR)$(PREFIX)/bin $(DLL))
	for p in $(PACKAGES); do sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|' pkgconfig/$$p.in \
	    > $(DESTDIR)$(LIBDIR)/pkgconfig/$$p || exit 1; done

uninstall:
	rm -f $(INCLUDED) $(LIBRARIES:%=$(DESTDIR)$(LIBDIR)/%) $(PACKAGES:%=$(DESTDIR)$(LIBDIR)/pkgconfig/%)
	rm -f $(DESTDIR)$(PREFIX)/bin/$(notdir $(DLL))
	find $(DESTDIR)$(PREFIX)/include/tagpool -depth -type d -exec rmdir {} + 2> /dev/null || true

dist: $(B)/dist/tagpool.c
$(B)/dist/tagpool.c: src/amalgamate.sh $(wildcard src/*/*.[ch]) $(HEADERS)
	@mkdir -p $(@D)
	src/amalgamate.sh $(FLOORS:%=src/%) > $@.new && mv $@.new $@
	cd include && cp --parents $(HEADERS:include/%=%) $(abspath $(@D))

clean:
	rm -rf $(B)

FORCE:
.PHONY: all check check-programs deps run bench instructions long examples install uninstall dist clean FORCE
.DELETE_ON_ERROR:
-include $(shell [ -d $(B) ] && find $(B) -name '*.d')
