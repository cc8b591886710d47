// Plain memory for fields, parameters and intermediate values: allocated once, aligned for any vector unit.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <utility>

#include "nwm/memory/count.hpp"

namespace nwm {

/// Alignment in bytes of every Buffer: a cache line, and the widest vector register in use.
inline constexpr std::size_t buffer_alignment = 64;

/// A fixed-size array of `Real`, initially zero, aligned to `buffer_alignment`. Movable and copyable.
template <class Real>
class Buffer {
 public:
  Buffer() = default;
  /// Throws Error where so many bytes have no address, or there is no memory for them.
  explicit Buffer(std::size_t size) : data_(allocate(size)), size_(size) {
    std::fill_n(data_.get(), size_, Real(0));
  }
  /// A copy.
  Buffer(const Buffer& other) : data_(allocate(other.size_)), size_(other.size_) {
    std::copy_n(other.data(), size_, data_.get());
  }
  /// Takes the memory over.
  Buffer(Buffer&& other) noexcept
      : data_(std::move(other.data_)), size_(std::exchange(other.size_, std::size_t{0})) {}
  /// Copies, or takes over.
  Buffer& operator=(Buffer other) noexcept {
    data_.swap(other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  /// The first number.
  Real* data() { return data_.get(); }
  /// The first number.
  const Real* data() const { return data_.get(); }
  /// How many there are.
  std::size_t size() const { return size_; }
  /// All of them.
  std::span<Real> span() { return {data(), size_}; }
  /// All of them.
  std::span<const Real> span() const { return {data(), size_}; }
  /// Number i.
  Real& operator[](std::size_t i) {
    assert(i < size_);
    return data_[i];
  }
  /// Number i.
  const Real& operator[](std::size_t i) const {
    assert(i < size_);
    return data_[i];
  }
  /// Sets all to a value.
  void fill(Real value) { std::fill_n(data(), size_, value); }

 private:
  struct Free {
    void operator()(Real* p) const { ::operator delete[](p, std::align_val_t{buffer_alignment}); }
  };
  static Real* allocate(std::size_t size) {
    if (size == 0) return nullptr;
    checked_product("Buffer", "size", std::span(&size, 1), sizeof(Real));
    void* const memory =
        ::operator new[](size * sizeof(Real), std::align_val_t{buffer_alignment}, std::nothrow);
    if (memory == nullptr) no_memory("Buffer", "size", size * sizeof(Real));
    return static_cast<Real*>(memory);
  }

  std::unique_ptr<Real[], Free> data_;
  std::size_t size_ = 0;
};

}  // namespace nwm
