// What an executor asks of a backend again and again: recorded once where the backend can, then asked for as
// one.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace nwm {

/// What a recording of a model's operations holds on to: where it, its parameters (place()) and the
/// gradient stand, the scale, and the numbers of its cell.
template <class Model>
struct CaptureKey {
  static constexpr std::size_t cell_size = [] {
    if constexpr (requires(const Model& m) { m.cell; }) return sizeof(typename Model::Cell);
    else return 0;
  }();

  CaptureKey() = default;
  CaptureKey(const Model& model_, const void* gradient_, double scale_)
      : model(&model_), parameters(model_.place()), gradient(gradient_), scale(scale_) {
    if constexpr (cell_size > 0) {
      static_assert(std::is_trivially_copyable_v<typename Model::Cell>);
      std::memcpy(cell.data(), &model_.cell, cell_size);
    }
  }
  bool operator==(const CaptureKey&) const = default;

  const void* model = nullptr;
  const void* parameters = nullptr;
  const void* gradient = nullptr;
  double scale = 0;
  std::array<std::byte, cell_size> cell{};
};

/// Runs ask(), which asks a backend for operations and reads nothing, for a backend whose `CapturedGraph` has
/// capture(ask) and launch(). The first time for a key it is simply asked, so that what is made once is made;
/// the second time it is recorded: pointers and numbers in it then stay as they were.
template <class Model, class B = typename Model::Backend>
class CapturedStep {
 public:
  template <class F>
  void run(const CaptureKey<Model>& key, const F& ask) {
    if (times_ == 0 || key != key_) {
      key_ = key;
      times_ = 1;
      ask();
      return;
    }
    if (times_ == 1) graph_.capture(ask);
    times_ = 2;
    graph_.launch();
  }

 private:
  typename B::CapturedGraph graph_;
  CaptureKey<Model> key_;
  int times_ = 0;
};

/// For backends that record nothing.
template <class Model, class B>
requires(!requires { typename B::CapturedGraph; })
class CapturedStep<Model, B> {
 public:
  template <class F>
  void run(const CaptureKey<Model>&, const F& ask) {
    ask();
  }
};

}  // namespace nwm
