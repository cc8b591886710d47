// Every parameter of the whole U-Net against differences, the slow part of its tests.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_unet_parameters

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "nwm/model/check_gradient.hpp"
#include "unet_tools.hpp"

namespace {

using namespace unet_test;

template <class M>
void every_slice_has_its_gradient(std::size_t images) {
  const auto set = random_set(images);
  M machine = shaken<M>();
  const std::vector<double> claimed = gradient(machine, set, 1, 2);
  std::vector<nwm::GradientPart> parts;
  for (const nwm::Slice& s : M::layout.slices)
    parts.push_back({.name = std::string(s.name.view()), .offset = s.offset, .size = s.size});
  nwm::WholeBatch<M> engine(1, 2);
  std::vector<double> unused(M::parameter_count);
  const std::vector<std::size_t> indices = all_of(set);
  const auto loss = [&] {
    return engine.gradient(machine, set, indices,
                           std::span<double, M::parameter_count>(unused.data(), M::parameter_count));
  };
  const auto report = nwm::check_gradient(std::span<double>(machine.parameters()), claimed, loss, parts,
                                          {.tolerance = 1e-6, .coordinates = 3, .directions = 2});
  for (const std::string& fault : report.faults) BOOST_TEST(false, fault);
  BOOST_TEST(report.ok());
  BOOST_TEST_MESSAGE("width " << M::width << ", " << M::Backend::name << ": worst " << report.worst.error
                              << " at " << report.worst.quantity);
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_parameter_in_training_mode) {
  every_slice_has_its_gradient<Net<1, Scalar, double>>(2);
  every_slice_has_its_gradient<Net<2, Simd<>, double>>(2);
}
