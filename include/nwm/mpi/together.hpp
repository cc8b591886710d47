// What one rank throws, all throw: nobody waits for a rank that has given up.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <exception>
#include <limits>
#include <string>

#include "nwm/error.hpp"
#include "nwm/mpi/communicator.hpp"

namespace nwm::mpi {

/// What a rank threw in its part of common work, until the others have heard of it.
class Failure {
 public:
  /// Does the work, and keeps what it throws, unless there is something already.
  template <class F>
  void attempt(const F& work) {
    try {
      work();
    } catch (...) {
      if (!error_) error_ = std::current_exception();
    }
  }
  /// Whether something was thrown.
  explicit operator bool() const { return error_ != nullptr; }
  /// Throws on this rank alone.
  [[noreturn]] void rethrow() const { std::rethrow_exception(error_); }

  /// Throws what the lowest rank with a failure threw, on all ranks: an Unstable or an Error with its words,
  /// and any other exception as an Error that names the rank. Returns where there is none. Every rank calls
  /// it.
  void tell(const Communicator& ranks) const {
    int lowest = error_ ? ranks.rank() : std::numeric_limits<int>::max();
    ranks.all_reduce_least(lowest);
    if (lowest < ranks.size()) tell_of(ranks, lowest);
  }
  /// The same, where all ranks know that it is `rank` that tells.
  [[noreturn]] void tell_of(const Communicator& ranks, int rank) const {
    int unstable = 0;
    std::array<std::string, 4> words;
    if (ranks.rank() == rank) {
      try {
        std::rethrow_exception(error_);
      } catch (const Error& e) {
        unstable = dynamic_cast<const Unstable*>(&e) != nullptr;
        words = {e.where(), e.field(), e.expected(), e.found()};
      } catch (const std::exception& e) {
        words = {"rank " + std::to_string(rank), "its part of the work", "success", e.what()};
      } catch (...) {
        words = {"rank " + std::to_string(rank), "its part of the work", "success",
                 "an exception that is no std::exception"};
      }
    }
    ranks.broadcast(unstable, rank);
    for (std::string& word : words) ranks.broadcast(word, rank);
    if (unstable) throw Unstable(words[0], words[1], words[2], words[3]);
    throw Error(words[0], words[1], words[2], words[3]);
  }

 private:
  std::exception_ptr error_;
};

/// Does every rank's own part of some work. Where the part of a rank throws, all ranks throw.
template <class F>
void together(const Communicator& ranks, const F& work) {
  Failure failure;
  failure.attempt(work);
  failure.tell(ranks);
}

}  // namespace nwm::mpi

#include "nwm/pop_macros.inc"
