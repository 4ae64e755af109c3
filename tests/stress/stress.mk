# SPDX-License-Identifier: MIT
# What the stress programs need beyond the common rule for tests.

# sweep.c stands between the library and the system's mapping calls. Private: the library is built without this.
MAPPING_CALLS := mmap mmap64 mprotect madvise mlock munmap
$(B)/tests/stress/sweep: private LDFLAGS += $(MAPPING_CALLS:%=-Wl,--wrap=%)

# driver_faults.c runs the example driver.
DRIVER_PARTS := $(filter-out %/main.o %/hunt.o,$(DRIVER_OBJ))
$(B)/tests/stress/driver_faults: $(DRIVER_PARTS)
$(B)/tests/stress/driver_faults: private LDFLAGS += $(DRIVER_PARTS)
