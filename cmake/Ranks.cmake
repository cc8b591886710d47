# How tests and examples start a program on several ranks of this machine.
#   nwm_mpiexec_flags       what mpiexec takes between the number of ranks and the program
#   nwm_mpi_environment     what its environment needs
# More ranks than cores are meant: they share them.
set(nwm_mpiexec_flags "")
execute_process(COMMAND ${MPIEXEC_EXECUTABLE} --version OUTPUT_VARIABLE nwm_mpiexec_version ERROR_QUIET)
if(nwm_mpiexec_version MATCHES "Open ?(MPI|RTE)")
  set(nwm_mpiexec_flags --oversubscribe)
endif()
# Open MPI would not start as root (a container's user), and would bind a rank and all of its threads to one core. The
# other kind of copy between processes is one that containers forbid.
set(nwm_mpi_environment OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
                        OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_btl_vader_single_copy_mechanism=none
                        OMP_WAIT_POLICY=passive)
