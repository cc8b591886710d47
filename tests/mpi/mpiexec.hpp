// The command that starts a program over ranks, for tests that start one themselves.
#pragma once

#include <sstream>
#include <string>
#include <vector>

namespace ranks {

/// mpiexec with `count` ranks, its flags, and the program with its arguments. Where a file is named, what the
/// ranks write to the error stream goes to its end: mpiexec may end before it has read what a rank said last.
inline std::vector<std::string> command(int count, const std::vector<std::string>& program,
                                        const std::string& errors = {}) {
  std::vector<std::string> all{NWM_MPIEXEC, NWM_MPIEXEC_NUMPROC, std::to_string(count)};
  std::istringstream flags(NWM_MPIEXEC_FLAGS);
  for (std::string flag; flags >> flag;) all.push_back(flag);
  if (!errors.empty()) all.insert(all.end(), {"/bin/sh", "-c", "exec \"$0\" \"$@\" 2>>'" + errors + "'"});
  all.insert(all.end(), program.begin(), program.end());
  return all;
}

}  // namespace ranks
