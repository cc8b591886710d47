// The header's version, as text and as numbers, is that of the package that find_package found.
#include <iostream>
#include <nwm/version.hpp>
#include <string>

int main() {
  const std::string numbers = std::to_string(NWM_VERSION_MAJOR) + "." + std::to_string(NWM_VERSION_MINOR) +
                              "." + std::to_string(NWM_VERSION_PATCH);
  std::cout << "text " << nwm::version << ", numbers " << numbers << ", package " << PACKAGE_VERSION << '\n';
  return nwm::version == PACKAGE_VERSION && numbers == PACKAGE_VERSION ? 0 : 1;
}
