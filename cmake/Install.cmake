# Installs the headers and the CMake package `nwm`. Each optional target has an export of its own, so that
# find_package(nwm) needs their libraries only when the component is asked for.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(nwm_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/nwm)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/nwm DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(TARGETS nwm EXPORT nwm-targets)
install(EXPORT nwm-targets NAMESPACE nwm:: DESTINATION ${nwm_package_dir})
foreach(part IN LISTS nwm_parts)
  get_target_property(target nwm::${part} ALIASED_TARGET)
  install(TARGETS ${target} EXPORT nwm-${part}-targets)
  install(EXPORT nwm-${part}-targets NAMESPACE nwm:: DESTINATION ${nwm_package_dir})
endforeach()

list(JOIN nwm_parts ", " nwm_part_names)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/nwm-config.cmake.in ${PROJECT_BINARY_DIR}/nwm-config.cmake
                              INSTALL_DESTINATION ${nwm_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/nwm-config-version.cmake COMPATIBILITY SameMinorVersion
                                 ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/nwm-config.cmake ${PROJECT_BINARY_DIR}/nwm-config-version.cmake
              ${PROJECT_SOURCE_DIR}/cmake/nwm-eigen.cmake ${PROJECT_SOURCE_DIR}/cmake/nwm-xsimd.cmake
              ${PROJECT_SOURCE_DIR}/cmake/nwm-thrust.cmake ${PROJECT_SOURCE_DIR}/cmake/nwm-cuda.cmake
              ${PROJECT_SOURCE_DIR}/cmake/nwm-nccl.cmake
        DESTINATION ${nwm_package_dir})
