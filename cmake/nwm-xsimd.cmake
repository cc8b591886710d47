# Finds xsimd 8 or newer; used here and by the installed package. (Its own version check would refuse every other
# major number, so the version is compared by hand.)
find_package(xsimd QUIET CONFIG)
if(xsimd_FOUND AND xsimd_VERSION VERSION_LESS 8)
  message(STATUS "nwm: xsimd ${xsimd_VERSION} in ${xsimd_DIR} is too old: 8 or newer is needed")
  set(xsimd_FOUND FALSE)
endif()

# Debian's target names xtl, which its package neither brings nor needs: without this the linker looks for -lxtl.
if(xsimd_FOUND AND NOT TARGET xtl)
  get_target_property(nwm_xsimd_links xsimd INTERFACE_LINK_LIBRARIES)
  if(nwm_xsimd_links)
    list(REMOVE_ITEM nwm_xsimd_links xtl)
    set_target_properties(xsimd PROPERTIES INTERFACE_LINK_LIBRARIES "${nwm_xsimd_links}")
  endif()
  unset(nwm_xsimd_links)
endif()
