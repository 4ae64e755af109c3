# SPDX-License-Identifier: MIT
# Builds the driver of examples/wdk with its loader, against our own <ntddk.h>.

PENDING := $(B)/examples/wdk/pending
PENDING_OBJ := $(patsubst examples/%.c,$(B)/obj/examples/%.o,$(wildcard examples/wdk/*.c))

examples: $(PENDING)

# L"" has the 16 bits of a WCHAR with -fshort-wchar; a tag is a literal of four characters.
$(PENDING_OBJ): $(B)/obj/examples/wdk/%.o: examples/wdk/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(COMMON) -Iinclude/tagpool/wdk/ddk -fshort-wchar -Wno-multichar -pthread -c $< -o $@
$(PENDING): $(PENDING_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(LINK) $(PENDING_OBJ) $(LIB) -o $@
