// Threads that share the operations of one image, for where there are fewer images than threads.
#pragma once

#include <cstddef>

#include "nwm/backend/team.hpp"

namespace nwm {

namespace detail {
/// How often one looks for the next operation before it sleeps: some hundred microseconds, as much as an
/// operation takes that is not divided. With a tenth of it two threads were a fifth slower.
inline constexpr int patience_between_operations = 10 * patience;

/// The team that shares the calling thread's operations: none, but where a Crew is.
inline constinit thread_local Team* crew = nullptr;

/// Calls run(f, first, last) for parts of [0, items), each on one thread of the crew, which there is.
[[gnu::noinline]] inline void divide_among_crew(std::size_t items, std::size_t least,
                                                void (*run)(const void*, std::size_t, std::size_t),
                                                const void* f) {
  Team* const team = crew;
  const std::size_t most = items / least, parts = most < team->threads() ? most : team->threads();
  crew = nullptr;  // what a part does is not divided again
  team->each(parts, [&](std::size_t part, std::size_t) noexcept {
    run(f, part * items / parts, (part + 1) * items / parts);
  });
  crew = team;
}

/// f(first, last), compiled once for both ways to it.
template <class F>
[[gnu::noinline]] void part_of(const void* f, std::size_t first, std::size_t last) {
  (*static_cast<const F*>(f))(first, last);
}
}  // namespace detail

/// As long as it lives, operations of a backend that can (cpu::Simd) are divided over the threads of a team
/// where the calling thread asks for them. What a number is made of, and in which order, stays the same: so
/// do all bits.
class Crew {
 public:
  /// The team must outlive it, and serve nobody else meanwhile.
  explicit Crew(Team& team) : team_(team), before_(detail::crew) {
    detail::crew = &team;
    team.set_patience(detail::patience_between_operations);
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() {
    detail::crew = before_;
    team_.set_patience(detail::patience);
  }

 private:
  Team& team_;
  Team* before_;
};

/// Calls f(first, last) for parts of [0, items), which are as many as the crew has threads, of `least` items
/// or more; for all of it where there is no crew, or not enough for two parts. f must not throw.
template <class F>
void divide(std::size_t items, std::size_t least, const F& f) {
  if (detail::crew == nullptr || items < 2 * least) detail::part_of<F>(&f, 0, items);
  else detail::divide_among_crew(items, least, &detail::part_of<F>, &f);
}

}  // namespace nwm
