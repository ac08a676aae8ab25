# sg_embed(TARGET NAME FILE)
#   The file's bytes in TARGET, as `const unsigned char NAME[]` and `const size_t NAME_size`.
function(sg_embed target name file)
  set(out ${CMAKE_BINARY_DIR}/embedded/${name}.c)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT
       "#include <stddef.h>\nextern const unsigned char ${name}[];\nextern const size_t ${name}_size;\nconst unsigned char ${name}[] = {${bytes}};\nconst size_t ${name}_size = sizeof ${name};\n")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  target_sources(${target} PRIVATE ${out})
endfunction()
