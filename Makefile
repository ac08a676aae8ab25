# The everyday commands. What they do is in CMakePresets.json and tools/.
.PHONY: all demo check setup format fuzz clean
all:
	cmake --preset release
	cmake --build --preset release
demo:
	tools/setup build
	$(MAKE) --no-print-directory all
	tools/demo
check:
	tools/setup check
	tools/check
setup:
	tools/setup check
format:
	clang-format -i $$(git ls-files '*.c' '*.h')
fuzz: # a minute of each target; make fuzz SG_FUZZ_SECONDS=3600 for a night
	cmake --preset sanitize && cmake --build --preset sanitize
	SG_FUZZ_SECONDS=$${SG_FUZZ_SECONDS:-60} ctest --test-dir build/sanitize -L fuzz --timeout 86400 --output-on-failure
clean:
	rm -rf build
