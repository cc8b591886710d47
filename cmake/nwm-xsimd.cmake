# Finds xsimd 8 or newer; used here and by the installed package. Its own version check takes one major number only.
foreach(nwm_major RANGE 8 20)
  if(NOT xsimd_FOUND)
    find_package(xsimd ${nwm_major} QUIET CONFIG)
  endif()
endforeach()
unset(nwm_major)

# Debian's target names xtl, which its package neither brings nor needs: without this the linker looks for -lxtl.
if(xsimd_FOUND AND NOT TARGET xtl)
  get_target_property(nwm_xsimd_links xsimd INTERFACE_LINK_LIBRARIES)
  if(nwm_xsimd_links)
    list(REMOVE_ITEM nwm_xsimd_links xtl)
    set_target_properties(xsimd PROPERTIES INTERFACE_LINK_LIBRARIES "${nwm_xsimd_links}")
  endif()
  unset(nwm_xsimd_links)
endif()
