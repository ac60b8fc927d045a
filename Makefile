# SPDX-License-Identifier: GPL-2.0-or-later
#
## netslice: in-service upgrade of network slices
##
##   make demo [KERNEL=6.12] [KEEP=1]   upgrade four slices on a pair of routers
##   make check                         every test, on both kernels
##
## Both get all they need. Its parts:
##
##   make all            modules, programs, tools and the test machines' own
##   make kmod           netslice.ko for both kernels, or for KERNEL=6.1 alone
##   make kmod-sparse    the same under sparse
##   make agent          slicectl, sliced, the workers
##   make install        slicectl, sliced and workers below $(DESTDIR)$(PREFIX)
##   make deps           Debian's packages: install them, or say how
##   make fetch          the kernels of the test machines, into the cache
##   make check-quick    static checks and unit tests
##   make check-static check-unit check-model check-net check-pair
##                       one part; KERNEL=6.1 for one kernel, TEST=pattern for
##                       the tests whose name matches
##   make clean
##
## BUILD=folder builds elsewhere than in build/, NETSLICE_CACHE=folder keeps
## the kernels elsewhere than in ~/.cache/netslice, JOBS=n tests at a time.

SHELL := /bin/bash
.SHELLFLAGS := -e -u -o pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

TOP := $(CURDIR)
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CC := gcc
JOBS ?= 2
KERNEL ?=
KERNELS := $(or $(KERNEL),6.1 6.12)
export BUILD JOBS KERNEL

.PHONY: all help
all: kmod agent tools releases vm

help:
	@sed -n 's/^## \{0,1\}//p' Makefile

# What is missing is found out once, before anything else is built: nothing
# here may ask for a package (pkg-config ...) other than in a recipe.
.PHONY: deps fetch
deps:
	@selftests/deps

fetch: deps
	@selftests/vm/fetch $(KERNELS)

# --- user space --------------------------------------------------------------

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Werror
AGENT_CFLAGS = -std=gnu11 $(WARNINGS) $(CFLAGS) -D_GNU_SOURCE \
	-isystem uapi -Iagent -Iagent/lib
# Programs link what they use of these: the linker drops the others.
AGENT_PACKAGES := libmnl libnl-route-3.0 libnl-3.0 libevent libevent_openssl \
	libssl libcrypto sqlite3 libcjson libbpf libarchive
AGENT_LIBS = -Wl,--as-needed $$(pkg-config --libs $(AGENT_PACKAGES)) -lpthread -lm

sources = $(sort $(wildcard $(addsuffix /*.c,$(1)) $(addsuffix /*/*.c,$(1))))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

LIB_OBJECTS := $(call objects,$(call sources,agent/lib))
LIB := $(BUILD)/agent/libnetslice.a
# A worker is a folder of agent/workers.
WORKERS := $(patsubst agent/workers/%,$(BUILD)/agent/workers/%,$(patsubst %/,%,\
	$(sort $(dir $(wildcard agent/workers/*/*.c)))))
PROGRAMS := $(foreach p,slicectl sliced,$(if $(wildcard agent/$(p)/*.c),$(BUILD)/agent/$(p)))

.PHONY: agent
agent: $(if $(LIB_OBJECTS),$(LIB)) $(PROGRAMS) $(WORKERS)

$(BUILD)/obj/agent/%.o: agent/%.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(AGENT_CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(LIB_OBJECTS)
	@mkdir -p $(@D)
	@rm -f $@
	@echo "  AR      $@"
	@ar rcs $@ $^

define program # TARGET SOURCE-FOLDER
$(1): $$(call objects,$$(call sources,$(2))) $$(LIB)
	@mkdir -p $$(@D)
	@echo "  LD      $$@"
	@$$(CC) $$(CFLAGS) -o $$@ $$^ $$(AGENT_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p),agent/$(notdir $(p)))))
$(foreach w,$(WORKERS),$(eval $(call program,$(w),agent/workers/$(notdir $(w)))))

.PHONY: install
install: agent
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/libexec/netslice \
		$(DESTDIR)/etc/netslice $(DESTDIR)/etc/systemd/system
	install $(PROGRAMS) $(DESTDIR)$(PREFIX)/sbin/
	install $(WORKERS) $(DESTDIR)$(PREFIX)/libexec/netslice/
	install -m 644 agent/sliced/sliced.json.example $(DESTDIR)/etc/netslice/
	sed 's,/usr/local,$(PREFIX),' agent/sliced/sliced.service > \
		$(DESTDIR)/etc/systemd/system/sliced.service

# --- the tools of the tests --------------------------------------------------

TOOLS := $(patsubst selftests/tools/%.c,$(BUILD)/tools/%,$(wildcard selftests/tools/*.c))
TOOL_LIB := $(call objects,$(call sources,selftests/tools/lib))

.PHONY: tools
tools: $(TOOLS)

$(BUILD)/obj/selftests/tools/%.o: selftests/tools/%.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) -std=gnu11 $(WARNINGS) $(CFLAGS) -isystem uapi -MMD -MP -c -o $@ $<

$(BUILD)/tools/%: $(BUILD)/obj/selftests/tools/%.o $(TOOL_LIB)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) -o $@ $^ -Wl,--as-needed $$(pkg-config --libs libcjson libmnl) -lpthread -lm

# Forwarding programs of test releases.
BPF := $(patsubst %.c,$(BUILD)/%.o,$(wildcard selftests/releases/*.bpf.c selftests/releases/*/*.bpf.c))

.PHONY: bpf
bpf: $(BPF)

$(BUILD)/%.bpf.o: %.bpf.c
	@mkdir -p $(@D)
	@echo "  BPF     $<"
	@clang -O2 -g -Wall -Werror -target bpf -I/usr/include/x86_64-linux-gnu \
		-isystem uapi -MMD -MP -c -o $@ $<

# Test releases: bundles of the workers and forwarding programs above.
.PHONY: releases
releases: $(BUILD)/releases/.built

$(BUILD)/releases/.built: selftests/releases/build $(LIB) $(WORKERS) $(BPF) \
		$(wildcard selftests/releases/*/* agent/workers/*/*.[ch])
	@selftests/releases/build
	@touch $@

# --- unit tests --------------------------------------------------------------

# A test names the sources that it tests on lines "/* link: agent/lib/err.c */";
# what of kmod/ it links is compiled, like the test itself then, against the
# shim of the kernel's headers.
UNIT_CFLAGS = -std=gnu11 $(WARNINGS) -O1 -g -D_GNU_SOURCE -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	-DNODE_BOOT_PATH='"$(TOP)/selftests/unit/boot_id"'
SHIM_CFLAGS := -Iselftests/unit/shim -I. -isystem uapi -Ikmod
UNIT_TESTS := $(patsubst selftests/unit/%.c,$(BUILD)/unit/%,$(wildcard selftests/unit/test_*.c))

.PHONY: unit
unit: $(UNIT_TESTS)

unit_links = $(shell sed -n 's,^/\* link: \(.*\) \*/,\1,p' $(1))
unit_objects = $(patsubst %.c,$(BUILD)/unit/obj/%.o,$(1))

$(BUILD)/unit/obj/kmod/%.o: kmod/%.c
	@mkdir -p $(@D)
	@$(CC) $(UNIT_CFLAGS) $(SHIM_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/unit/obj/selftests/unit/shim/%.o: selftests/unit/shim/%.c
	@mkdir -p $(@D)
	@$(CC) $(UNIT_CFLAGS) $(SHIM_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/unit/obj/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(UNIT_CFLAGS) -isystem uapi -Iagent -Iagent/lib -MMD -MP -c -o $@ $<

define unit_test # NAME LINKED-SOURCES
$$(BUILD)/unit/$(1): selftests/unit/$(1).c $$(call unit_objects,selftests/unit/sanitizer.c $(2))
	@mkdir -p $$(@D)
	@echo "  UNIT    $(1)"
	@$$(CC) $$(UNIT_CFLAGS) $(if $(filter kmod/%,$(2)),$$(SHIM_CFLAGS),-isystem uapi -Iagent -Iagent/lib) \
		-Iselftests/unit -MMD -MP -o $$@ $$(filter %.c %.o,$$^) \
		$$$$(pkg-config --libs check) $$(AGENT_LIBS)
endef
$(foreach t,$(notdir $(UNIT_TESTS)),\
	$(eval $(call unit_test,$(t),$(call unit_links,selftests/unit/$(t).c))))

# --- the kernel module -------------------------------------------------------

# Each kernel has its own folder with links to the sources, so that kmod/ stays
# clean and both kernels can be built at the same time. One build at a time is
# made in a folder.
CACHE := $(or $(NETSLICE_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/netslice)
KMODS := $(patsubst %,kmod-%,$(KERNELS))
SPARSE := $(patsubst %,kmod-sparse-%,$(KERNELS))

.PHONY: kmod kmod-sparse $(KMODS) $(SPARSE)
kmod: $(KMODS)
kmod-sparse: $(SPARSE)

$(KMODS): kmod-%: $(CACHE)/kernels/%/release
	@selftests/vm/build-kmod $*

$(SPARSE): kmod-sparse-%: kmod-%
	@selftests/vm/build-kmod $* C=2

$(CACHE)/kernels/%/release:
	@selftests/vm/fetch $*

# --- the test machines -------------------------------------------------------

VM_PROGRAMS := $(addprefix $(BUILD)/vm/,init execd vmexec)
VM_FILES := $(VM_PROGRAMS) $(patsubst %,$(BUILD)/vm/initramfs-%,$(KERNELS))

.PHONY: vm
vm: $(VM_FILES)

$(BUILD)/vm/init: selftests/vm/init.c
	@mkdir -p $(@D)
	@$(CC) -std=gnu11 $(WARNINGS) -O2 -static -o $@ $<

$(BUILD)/vm/execd $(BUILD)/vm/vmexec: $(BUILD)/vm/%: selftests/vm/%.c selftests/vm/frame.c selftests/vm/frame.h
	@mkdir -p $(@D)
	@$(CC) -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -O2 -o $@ $(filter %.c,$^) -lutil

$(BUILD)/vm/initramfs-%: $(BUILD)/vm/init selftests/vm/make-initramfs $(CACHE)/kernels/%/release
	@selftests/vm/make-initramfs $* $< $@

# --- tests -------------------------------------------------------------------

.PHONY: check check-quick check-static check-unit check-model check-net check-pair demo
check: fetch
	@selftests/run build static unit model net pair

check-quick: fetch
	@$(MAKE) vm
	@selftests/run static unit

check-static: deps
	@selftests/run static

check-unit: fetch
	@$(MAKE) vm
	@selftests/run unit

check-model: deps
	@selftests/run model

check-net check-pair: check-%: fetch
	@selftests/run build $*

demo: deps
	@$(MAKE) -j $(JOBS) kmod agent tools releases vm KERNEL=$(or $(KERNEL),6.1)
	@selftests/demo/run

.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj $(BUILD)/unit -name '*.d' 2>/dev/null)
