// A block of typed values with a shape, as tensor files store it; the .safetensors and .npy readers return
// it.
#pragma once

#include "nwm/push_macros.inc"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/memory/bit_cast.hpp"

namespace nwm::io {

static_assert(std::endian::native == std::endian::little,
              "nwm::io reads and writes little-endian values in place");

/// All value types of .safetensors. Types smaller than a byte stay packed.
enum class DType : std::uint8_t {
  // clang-format off
  BOOL, U8, I8, I16, U16, I32, U32, I64, U64, F16, BF16, F32, F64, C64, F4, F6_E2M3, F6_E3M2,
  F8_E5M2, F8_E4M3, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ
  // clang-format on
};

/// Each type's name in files and its bits per value, in the order of DType.
struct DTypeInfo {
  const char* name;  ///< in files
  std::size_t bits;  ///< of a value
};
/// Name and bits of each type, in the order of DType.
inline constexpr DTypeInfo dtype_table[] = {
    // clang-format off
    {"BOOL", 8}, {"U8", 8}, {"I8", 8}, {"I16", 16}, {"U16", 16}, {"I32", 32}, {"U32", 32}, {"I64", 64},
    {"U64", 64}, {"F16", 16}, {"BF16", 16}, {"F32", 32}, {"F64", 64}, {"C64", 64}, {"F4", 4}, {"F6_E2M3", 6},
    {"F6_E3M2", 6}, {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}
    // clang-format on
};
static_assert(std::size(dtype_table) == static_cast<std::size_t>(DType::F8_E5M2FNUZ) + 1);

/// A type's name in files, and its bits per value.
constexpr const char* name_of(DType d) { return dtype_table[static_cast<std::size_t>(d)].name; }
/// A type's bits per value.
constexpr std::size_t bits_of(DType d) { return dtype_table[static_cast<std::size_t>(d)].bits; }

/// The type called `name`, if there is one.
inline std::optional<DType> dtype_named(std::string_view name) {
  for (std::size_t i = 0; i < std::size(dtype_table); ++i)
    if (name == dtype_table[i].name) return static_cast<DType>(i);
  return std::nullopt;
}

/// The C++ types that correspond to a DType.
template <class T>
concept TensorValue = std::is_same_v<T, float> || std::is_same_v<T, double> ||
                      (std::is_integral_v<T> && !std::is_same_v<T, bool>);

/// The DType of a C++ type.
template <TensorValue T>
constexpr DType dtype_of() {
  if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 4 ? DType::F32 : DType::F64;
  constexpr bool s = std::is_signed_v<T>;
  if (sizeof(T) == 1) return s ? DType::I8 : DType::U8;
  if (sizeof(T) == 2) return s ? DType::I16 : DType::U16;
  if (sizeof(T) == 4) return s ? DType::I32 : DType::U32;
  return s ? DType::I64 : DType::U64;
}

/// The shape as text: "(2, 3, 4)".
inline std::string to_string(std::span<const std::size_t> shape) {
  std::string out = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) (out += i ? ", " : "") += std::to_string(shape[i]);
  return out += ")";
}

/// Product of `shape` (1 when empty); nullopt when it does not fit std::size_t.
inline std::optional<std::size_t> checked_count(std::span<const std::size_t> shape) {
  std::size_t count = 1;
  for (const std::size_t n : shape) {
    if (n != 0 && count > std::numeric_limits<std::size_t>::max() / n) return std::nullopt;
    count *= n;
  }
  return count;
}

/// Bytes of a tensor; nullopt when they do not fit std::size_t or are not a whole number.
inline std::optional<std::size_t> checked_bytes(DType dtype, std::span<const std::size_t> shape) {
  const auto count = checked_count(shape);
  if (!count || *count > std::numeric_limits<std::size_t>::max() / bits_of(dtype)) return std::nullopt;
  const std::size_t bits = *count * bits_of(dtype);
  return bits % 8 == 0 ? std::optional(bits / 8) : std::nullopt;
}

/// The number that 16 bits of F16 (IEEE 754 binary16) stand for.
inline float number_of_f16(std::uint16_t bits) {
  const std::uint32_t exponent = bits >> 10 & 31u, fraction = bits & 1023u, sign = (bits & 0x8000u) << 16;
  const float number = exponent == 0    ? static_cast<float>(fraction) * 0x1p-24f
                       : exponent == 31 ? nwm::bit_cast<float>(0x7F800000u | fraction << 13)
                                        : nwm::bit_cast<float>((exponent + 112) << 23 | fraction << 13);
  return nwm::bit_cast<float>(nwm::bit_cast<std::uint32_t>(number) | sign);
}
/// The same of BF16, the upper half of an F32.
inline float number_of_bf16(std::uint16_t bits) {
  return nwm::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// A block of values, row-major (last index fastest), with the bytes as stored in the file.
struct Tensor {
  DType dtype = DType::F32;        ///< of its values
  std::vector<std::size_t> shape;  ///< sizes, outermost first
  std::vector<std::byte> bytes;    ///< its values, row-major, as they stand in the file

  /// Number of values according to the shape.
  std::size_t count() const { return checked_count(shape).value_or(0); }

  /// The values in place, count() of them. T must be the exact type (std::uint8_t for BOOL), and the bytes
  /// must fit the shape; otherwise throws Error(where, field, …).
  template <TensorValue T>
  std::span<const T> view(const std::string& where = "tensor", const std::string& field = "dtype") const {
    if (dtype_of<T>() != dtype && !(dtype == DType::BOOL && std::is_same_v<T, std::uint8_t>))
      throw Error(where, field, name_of(dtype_of<T>()), name_of(dtype));
    if (checked_bytes(dtype, shape) != bytes.size())
      throw Error(where, field, "bytes for shape " + to_string(shape) + " of " + name_of(dtype),
                  std::to_string(bytes.size()));
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }

  /// A copy of the values. Throws Error as view() does.
  template <TensorValue T>
  std::vector<T> as(const std::string& where = "tensor", const std::string& field = "dtype") const {
    const auto values = view<T>(where, field);
    return {values.begin(), values.end()};
  }

  /// The values of F16, BF16, F32 or F64 as Real: widened, or rounded to the nearest (infinite beyond its
  /// range). Throws Error(where, field, …) for other types, and as view() does.
  template <class Real>
  std::vector<Real> numbers(const std::string& where = "tensor", const std::string& field = "dtype") const {
    const auto from = [](const auto& values, const auto& number) {
      std::vector<Real> to(values.size());
      for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<Real>(number(values[i]));
      return to;
    };
    const auto same = [](auto v) { return v; };
    if (dtype == DType::F64) return from(view<double>(where, field), same);
    if (dtype != DType::F16 && dtype != DType::BF16) return from(view<float>(where, field), same);
    const Tensor bits{DType::U16, shape, bytes};
    return from(bits.view<std::uint16_t>(where, field), dtype == DType::F16 ? number_of_f16 : number_of_bf16);
  }

  bool operator==(const Tensor&) const = default;
};

}  // namespace nwm::io

#include "nwm/pop_macros.inc"
