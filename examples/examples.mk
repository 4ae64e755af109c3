# SPDX-License-Identifier: MIT
# Builds the example programs and runs the driver simulation: `make examples`, `make run`.

EXAMPLES := $(patsubst examples/%.c,$(B)/examples/%,$(wildcard examples/*.c))
DRIVER_OBJ := $(patsubst examples/%.c,$(B)/obj/examples/%.o,$(wildcard examples/driver/*.c))
DRIVER := $(B)/examples/driver

examples: $(EXAMPLES) $(DRIVER)

$(EXAMPLES): $(B)/examples/%: examples/%.c $(LIB) $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(COMMON) $< $(LIB) $(LDFLAGS) -pthread -o $@

$(DRIVER_OBJ): $(B)/obj/examples/%.o: examples/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(COMMON) -pthread -c $< -o $@
$(DRIVER): $(DRIVER_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(LINK) $(DRIVER_OBJ) $(LIB) -o $@

run: $(DRIVER)
	$(DRIVER) examples/driver/trace.txt
