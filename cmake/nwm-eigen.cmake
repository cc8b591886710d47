# Finds Eigen 3.4 or 5 (there is no 4); used here and by the installed package. Each major number is asked for by
# itself, as Eigen's own version check refuses another.
find_package(Eigen3 3.4 QUIET CONFIG)
if(NOT Eigen3_FOUND)
  find_package(Eigen3 5 QUIET CONFIG)
endif()
