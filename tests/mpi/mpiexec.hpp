// The command that starts a program over ranks, for tests that start one themselves.
#pragma once

#include <sstream>
#include <string>
#include <vector>

namespace ranks {

/// mpiexec with `count` ranks, its flags, and the program with its arguments.
inline std::vector<std::string> command(int count, const std::vector<std::string>& program) {
  std::vector<std::string> all{NWM_MPIEXEC, NWM_MPIEXEC_NUMPROC, std::to_string(count)};
  std::istringstream flags(NWM_MPIEXEC_FLAGS);
  for (std::string flag; flags >> flag;) all.push_back(flag);
  all.insert(all.end(), program.begin(), program.end());
  return all;
}

}  // namespace ranks
