// A cell's waves on the device backend against the specification, image by image.
#pragma once

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/device/host.hpp"
#include "nwm/grid/batched.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/random.hpp"
#include "nwm/time/recurrence.hpp"

namespace tools {

/// The device backend with blocks, threads and warps run from the last to the first, and shared memory that
/// begins as NaN: where a thread reads what another writes in the same phase, a race on a GPU, or what nobody
/// has written, it gives other numbers than the backend itself.
struct Reversed : nwm::device::Host<>, nwm::device::Waves<Reversed> {
  using nwm::device::Waves<Reversed>::run_steps;
  using nwm::device::Waves<Reversed>::run_steps_back;
  using nwm::device::Waves<Reversed>::series_tape;
  using nwm::device::Waves<Reversed>::steps_scratch;

  template <class Body>
  struct Block {
    using Warp = nwm::device::HostWarp;
    std::size_t index;
    typename Body::Shared shared;
    std::array<typename Body::Local, Body::threads> locals{};
    std::array<typename nwm::device::detail::WarpLocalOf<Body, Warp>::type, Body::threads / Warp::lanes>
        warp_locals{};
    explicit Block(std::size_t number) : index(number) {
      std::memset(static_cast<void*>(&shared), 0xff, sizeof shared);
    }
    template <class F>
    void each(const F& f) {
      for (std::size_t thread = Body::threads; thread-- > 0;) f(thread, locals[thread]);
    }
    template <class F>
    void warps(const F& f) {
      for (std::size_t warp = warp_locals.size(); warp-- > 0;)
        f(Warp{static_cast<unsigned>(warp)}, warp_locals[warp]);
    }
  };
  template <class Body>
  static void run(const Body& body) {
    for (std::size_t index = Body::blocks; index-- > 0;) {
      Block<Body> block(index);
      body(block);
    }
  }
};

/// What a run over all segments and back gives.
template <class Real>
struct WaveOutcome {
  std::vector<Real> series, fields, parameters;  ///< series; gradients of the fields at the start and of W
  bool operator==(const WaveOutcome&) const = default;
};

/// ‖a − b‖ / ‖b‖ of two arrays, infinite where a number is not finite or b is 0.
template <class Real>
double apart(const std::vector<Real>& a, const std::vector<Real>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    difference += d * d;
    norm += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  const double all = std::sqrt(difference / norm);
  return all >= 0 && a.size() == b.size() ? all : HUGE_VAL;
}
template <class Real>
double apart(const WaveOutcome<Real>& a, const WaveOutcome<Real>& b) {
  return std::max({apart(a.series, b.series), apart(a.fields, b.fields), apart(a.parameters, b.parameters)});
}

/// Random numbers that every run of a problem shares, by image: planes (image, channel, site).
template <class Cell, class G, std::size_t channels, std::size_t length, std::size_t segments,
          std::size_t images, class Real>
struct WaveProblem {
  template <class B, class Field>
  using Waves = nwm::model::Recurrence<Cell, Field, channels, length, segments, B, Real>;
  static constexpr std::size_t fields = nwm::cell::field_count<Cell>, one = channels * G::sites;
  static constexpr std::size_t steps = length * segments;
  using Scalar = Waves<nwm::cpu::Scalar, G>;

  Cell cell{};
  std::vector<Real> parameters, start, series_gradient, end_gradient;

  explicit WaveProblem(std::uint64_t seed)
      : parameters(Scalar::parameters),
        start(images * fields * one),
        series_gradient(images * steps * one),
        end_gradient(images * fields * one) {
    nwm::Random random(seed);
    for (auto* all : {&parameters, &start, &series_gradient, &end_gradient})
      for (Real& v : *all) v = static_cast<Real>(random.uniform(all == &start ? 0 : -0.5, 0.5));
    for (std::size_t k = 0; k < end_gradient.size(); ++k)
      if (nwm::cell::field<Cell>(k / one % fields).role != nwm::cell::Role::state) end_gradient[k] = Real(0);
  }

  /// All images at once on B.
  template <class B>
  WaveOutcome<Real> run() const {
    using Batch = nwm::Batched<G, images>;
    return run<Waves<B, Batch>, images>(0);
  }
  /// Image by image on cpu::Scalar.
  WaveOutcome<Real> specified() const {
    WaveOutcome<Real> all;
    for (std::size_t image = 0; image < images; ++image) {
      const auto o = run<Scalar, 1>(image);
      all.parameters.resize(o.parameters.size());
      for (std::size_t k = 0; k < o.parameters.size(); ++k) all.parameters[k] += o.parameters[k];
      all.series.insert(all.series.end(), o.series.begin(), o.series.end());
      all.fields.insert(all.fields.end(), o.fields.begin(), o.fields.end());
    }
    return all;
  }

 private:
  /// Planes (count, channel) of image `first` + k of `many` beside each other, from or to those by image.
  template <std::size_t many, class A, class B>
  static void exchange(std::size_t count, A* by_image, B* together, bool back) {
    for (std::size_t n = 0; n < count; ++n)
      for (std::size_t c = 0; c < channels; ++c)
        for (std::size_t k = 0; k < many; ++k)
          for (std::size_t p = 0; p < G::sites; ++p) {
            auto& x = by_image[((k * count + n) * channels + c) * G::sites + p];
            auto& y = together[((n * channels + c) * many + k) * G::sites + p];
            if constexpr (!std::is_const_v<A>)
              if (back) x = y;
            if constexpr (!std::is_const_v<B>)
              if (!back) y = x;
          }
  }

  template <class W, std::size_t many>
  WaveOutcome<Real> run(std::size_t first) const {
    typename W::Tape tape;
    typename W::Adjoint adjoint;
    nwm::Buffer<Real> scratch(W::scratch), gradient(W::columns * length);
    WaveOutcome<Real> o{std::vector<Real>(many * steps * one), std::vector<Real>(many * fields * one),
                        std::vector<Real>(W::parameters)};
    exchange<many>(fields, start.data() + first * fields * one, tape.initial(0), false);
    std::vector<Real> series(steps * W::columns), gradients(steps * W::columns);
    exchange<many>(steps, series_gradient.data() + first * steps * one, gradients.data(), false);
    const auto forward = [&](std::size_t segment) {
      W::run(cell, parameters.data(), tape, segment, scratch.data());
    };
    for (std::size_t segment = 0; segment < segments; ++segment) {
      forward(segment);
      std::copy_n(tape.series(), length * W::columns, series.data() + segment * length * W::columns);
    }
    exchange<many>(fields, end_gradient.data() + first * fields * one, adjoint.gradient(0), false);
    for (std::size_t segment = segments; segment-- > 0;) {
      if (segment + 1 < segments) forward(segment);
      W::run_back(cell, parameters.data(), tape, segment, gradients.data() + segment * length * W::columns,
                  adjoint, o.parameters.data(), scratch.data());
    }
    exchange<many>(steps, o.series.data(), series.data(), true);
    exchange<many>(fields, o.fields.data(), adjoint.gradient(0), true);
    return o;
  }
};

/// The problem on Device against the specification, and its bits on a second run and on Threads.
template <class Device, class Threads, class Problem>
void require_agreement(const Problem& problem, double bound) {
  const auto found = problem.template run<Device>();
  BOOST_TEST(apart(found, problem.specified()) < bound);
  BOOST_TEST((found == problem.template run<Device>()));
  BOOST_TEST((found == problem.template run<Threads>()));
}

}  // namespace tools
