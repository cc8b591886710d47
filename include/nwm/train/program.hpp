// What an engine asks of a backend again and again: recorded once where the backend can, then asked for as
// one.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace nwm {

/// What a recording of a machine's operations holds on to: where it, its parameters (place()) and the
/// gradient stand, the scale, and the numbers of its cell.
template <class Machine>
struct ProgramKey {
  static constexpr std::size_t cell_size = [] {
    if constexpr (requires(const Machine& m) { m.cell; }) return sizeof(typename Machine::Cell);
    else return 0;
  }();

  ProgramKey() = default;
  ProgramKey(const Machine& machine_, const void* gradient_, double scale_)
      : machine(&machine_), parameters(machine_.place()), gradient(gradient_), scale(scale_) {
    if constexpr (cell_size > 0) {
      static_assert(std::is_trivially_copyable_v<typename Machine::Cell>);
      std::memcpy(cell.data(), &machine_.cell, cell_size);
    }
  }
  bool operator==(const ProgramKey&) const = default;

  const void* machine = nullptr;
  const void* parameters = nullptr;
  const void* gradient = nullptr;
  double scale = 0;
  std::array<std::byte, cell_size> cell{};
};

/// Runs ask(), which asks a backend for operations and reads nothing, for a backend whose `Recording` has
/// record(ask) and replay(). The first time for a key it is simply asked, so that what is made once is made;
/// the second time it is recorded: pointers and numbers in it then stay as they were.
template <class Machine, class B = typename Machine::Backend>
class Program {
 public:
  template <class F>
  void run(const ProgramKey<Machine>& key, const F& ask) {
    if (times_ == 0 || key != key_) {
      key_ = key;
      times_ = 1;
      ask();
      return;
    }
    if (times_ == 1) recording_.record(ask);
    times_ = 2;
    recording_.replay();
  }

 private:
  typename B::Recording recording_;
  ProgramKey<Machine> key_;
  int times_ = 0;
};

/// For backends that record nothing.
template <class Machine, class B>
requires(!requires { typename B::Recording; }) class Program<Machine, B> {
 public:
  template <class F>
  void run(const ProgramKey<Machine>&, const F& ask) {
    ask();
  }
};

}  // namespace nwm
