// nwm_conformance DIR: runs every reference case of a folder on every backend and precision asked for;
// device/2 is the device backend with two images a pass.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "nwm/error.hpp"
#include "registry.hpp"

namespace {

/// Bounds on the relative errors of a case.
struct Bounds {
  double logits, gradients;
};

/// The bound in float on what a trajectory's `field` measures. The field says how far PyTorch's own float32
/// strays from the case, the largest of some hundred runs that round differently. We allow three times that,
/// as ours rounds differently again, and never less than 1e-5. Without the field it is 1e-3.
double trajectory_bound(const nwm::io::Safetensors& file, const std::string& field) {
  const auto stray = file.metadata.find(field);
  return stray == file.metadata.end() ? 1e-3 : std::max(1e-5, 3 * std::stod(stray->second));
}

Bounds bounds(const nwm::io::Safetensors& file, const std::string& precision) {
  const bool exact = precision == "double";
  if (file.contains("losses")) {
    if (exact) return {1e-8, 1e-8};
    return {trajectory_bound(file, "float32_losses"), trajectory_bound(file, "float32_final")};
  }
  if (exact) return {1e-10, 1e-10};
  const auto model = file.metadata.find("model");
  return {1e-5, model != file.metadata.end() && model->second == "unet" ? 3e-2 : 5e-3};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Compares the library with reference outputs and gradients.");
  std::string folder, backend, precision;
  app.add_option("DIR", folder, "folder of .safetensors cases")->required();
  app.add_option("--backend", backend, "scalar, simd, or device where it was built; all when not given");
  app.add_option("--precision", precision, "float or double; all when not given")
      ->check(CLI::IsMember({"float", "double"}));
  CLI11_PARSE(app, argc, argv);

  std::vector<std::string> backends;
  for (const auto& entry : conformance::registry())
    if (std::ranges::find(backends, entry.backend) == backends.end()) backends.push_back(entry.backend);
  std::ranges::sort(backends);
  if (!backend.empty()) {
    if (std::ranges::find(backends, backend) == backends.end()) {
      std::fprintf(stderr, "nwm_conformance: no backend '%s' in this build\n", backend.c_str());
      return 1;
    }
    backends = {backend};
  }
  const std::vector<std::string> precisions =
      precision.empty() ? std::vector<std::string>{"float", "double"} : std::vector{precision};

  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".safetensors") paths.push_back(entry.path());
  std::ranges::sort(paths);
  if (paths.empty()) {
    std::fprintf(stderr, "nwm_conformance: %s: expected .safetensors cases, found %s\n", folder.c_str(),
                 error ? error.message().c_str() : "none");
    return 1;
  }

  bool all_fine = true;
  for (const auto& path : paths) {
    const std::string name = path.stem().string();
    try {
      const auto file = nwm::io::read_safetensors(path);
      const std::string wanted = conformance::configuration(file.metadata);
      for (const auto& b : backends)
        for (const auto& p : precisions) {
          bool found = false;
          for (const conformance::Entry& entry : conformance::registry()) {
            if (entry.configuration != wanted || entry.backend != b || entry.precision != p) continue;
            found = true;
            const auto [logits, gradients] = entry.run(file);
            const auto [most_logits, most_gradients] = bounds(file, p);
            const bool fine = logits <= most_logits && gradients <= most_gradients;
            const std::string passes = entry.images > 1 ? "/" + std::to_string(entry.images) : "";
            std::printf("%s %s%s %s %.2e %.2e %s\n", name.c_str(), b.c_str(), passes.c_str(), p.c_str(),
                        logits, gradients, fine ? "ok" : "FAIL");
            std::fflush(stdout);
            all_fine = all_fine && fine;
          }
          if (!found) {
            std::printf("%s no-instantiation\n", name.c_str());
            all_fine = false;
          }
        }
    } catch (const std::exception& e) {
      std::printf("%s FAIL (%s)\n", name.c_str(), e.what());
      all_fine = false;
    }
  }
  return all_fine ? 0 : 1;
}
