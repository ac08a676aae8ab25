# Warnings are errors, in every build.
add_compile_options(
  -Wall -Wextra -Wpedantic -Werror
  -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
  -Wwrite-strings -Wcast-qual -Wpointer-arith -Wundef -Wvla -Wformat=2 -Wswitch-enum)
