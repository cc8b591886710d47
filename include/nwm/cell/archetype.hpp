// A value that computes nothing and notes what it depends on. A cell's functions are run on it once when
// they are compiled: this finds the fields they read and write, and says in a sentence where they would not
// compile for SIMD packs and dual numbers.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>

#include "nwm/cell/site.hpp"

namespace nwm::cell {

/// What was noted while a function of a cell ran on archetypes.
struct Trace {
  bool plain = false;          ///< did what SIMD packs cannot
  bool unknown_field = false;  ///< used a field that the cell does not describe
  bool unknown_group = false;  ///< used a group that the coupling does not have
  bool unset = false;          ///< read a value that nothing has set
  constexpr bool good() const { return !plain && !unknown_field && !unknown_group && !unset; }
};

namespace detail {
template <class T>
concept Plain = std::is_arithmetic_v<T>;
template <class T>
concept Constant = Plain<T> && sizeof(T) > 0;  // preferred to Plain where both fit
template <class T>
inline constexpr bool told = std::is_same_v<T, long double>;  // Archetype::operator long double
}  // namespace detail

/// Takes part in the arithmetic that all value types of a cell of type C have, and in no other.
template <class C>
class Archetype {
 public:
  /// A value that nothing has set: numbers and packs that are declared hold whatever was in memory.
  constexpr Archetype() = default;
  /// A constant: V(0.5).
  template <detail::Constant T>
  constexpr explicit Archetype(T) : set_(true) {}
  template <detail::Plain T>
  constexpr Archetype(T) : set_(true) {  // NOLINT: meant to convert, and to say that nothing else would
    static_assert(detail::told<T>, "a plain number where a value is needed: write V(0.5), V(cell.dt)");
  }

  /// What is copied from a value that nothing has set remembers it. That is no mistake by itself: an array
  /// may be copied before it is filled.
  constexpr Archetype(const Archetype& other)
      : trace_(other.trace_), depends_(other.depends_), set_(other.set_), spoiled_(other.unsound()) {}
  constexpr Archetype& operator=(const Archetype& other) {
    trace_ = other.trace_ ? other.trace_ : trace_;
    depends_ = other.depends_, set_ = other.set_, spoiled_ = other.unsound();
    return *this;
  }

  friend constexpr Archetype operator+(const Archetype& a, const Archetype& b) { return both(a, b); }
  friend constexpr Archetype operator-(const Archetype& a, const Archetype& b) { return both(a, b); }
  friend constexpr Archetype operator*(const Archetype& a, const Archetype& b) { return both(a, b); }
  friend constexpr Archetype operator/(const Archetype& a, const Archetype& b) { return both(a, b); }
  friend constexpr Archetype operator-(const Archetype& a) { return both(a, a); }
  constexpr Archetype& operator+=(const Archetype& b) { return *this = both(*this, b); }
  constexpr Archetype& operator-=(const Archetype& b) { return *this = both(*this, b); }
  constexpr Archetype& operator*=(const Archetype& b) { return *this = both(*this, b); }
  constexpr Archetype& operator/=(const Archetype& b) { return *this = both(*this, b); }

  friend constexpr Archetype tanh(const Archetype& x) { return both(x, x); }
  friend constexpr Archetype exp(const Archetype& x) { return both(x, x); }
  friend constexpr Archetype log(const Archetype& x) { return both(x, x); }
  friend constexpr Archetype sin(const Archetype& x) { return both(x, x); }
  friend constexpr Archetype cos(const Archetype& x) { return both(x, x); }
  friend constexpr Archetype sqrt(const Archetype& x) { return both(x, x); }
  friend constexpr Archetype if_positive(const Archetype& x, const Archetype& yes, const Archetype& no) {
    return both(x, both(yes, no));
  }

  // Written out, since compilers show every layer of what is shared.
  template <detail::Plain T>
  friend constexpr Archetype operator+(T, const Archetype& b) {
    static_assert(detail::told<T>, "a plain number beside a value: write V(0.5) or V(cell.dt)");
    return refused(b);
  }
  template <detail::Plain T>
  friend constexpr Archetype operator+(const Archetype& a, T) {
    static_assert(detail::told<T>, "a plain number beside a value: write V(0.5) or V(cell.dt)");
    return refused(a);
  }
  template <detail::Plain T>
  friend constexpr Archetype operator-(T, const Archetype& b) {
    static_assert(detail::told<T>, "a plain number beside a value: write V(0.5) or V(cell.dt)");
    return refused(b);
  }
  template <detail::Plain T>
  friend constexpr Archetype operator-(const Archetype& a, T) {
    static_assert(detail::told<T>, "a plain number beside a value: write V(0.5) or V(cell.dt)");
    return refused(a);
  }
  template <detail::Plain T>
  friend constexpr Archetype operator*(T, const Archetype& b) {
    static_assert(detail::told<T>, "a plain number beside a value: write V(0.5) or V(cell.dt)");
    return refused(b);
  }
  template <detail::Plain T>
  friend constexpr Archetype operator*(const Archetype& a, T) {
    static_assert(detail::told<T>, "a plain number beside a value: write V(0.5) or V(cell.dt)");
    return refused(a);
  }
  template <detail::Plain T>
  friend constexpr Archetype operator/(T, const Archetype& b) {
    static_assert(detail::told<T>, "a plain number beside a value: write V(0.5) or V(cell.dt)");
    return refused(b);
  }
  template <detail::Plain T>
  friend constexpr Archetype operator/(const Archetype& a, T) {
    static_assert(detail::told<T>, "a plain number beside a value: write V(0.5) or V(cell.dt)");
    return refused(a);
  }

  template <class T>
  friend constexpr std::strong_ordering operator<=>(const Archetype& a, const T&) {
    static_assert(!sizeof(T), "a branch on a value: write math::if_positive(x, yes, no)");
    return refused(a), std::strong_ordering::equal;
  }
  template <class T>
  friend constexpr bool operator==(const Archetype& a, const T&) {
    static_assert(!sizeof(T), "a branch on a value: write math::if_positive(x, yes, no)");
    return refused(a), false;
  }
  constexpr explicit operator bool() const {
    static_assert(!sizeof(C), "a branch on a value: write math::if_positive(x, yes, no)");
    return refused(*this), false;
  }
  /// Where a function of floats is called, std::tanh for one. Nobody writes long doubles, so that what is
  /// made of its result need not be told again.
  constexpr operator long double() const {  // NOLINT: meant to convert, and to say that nothing else would
    static_assert(!sizeof(C), "a value is no float: write math::tanh(x) and its like, not std::tanh(x)");
    return refused(*this), 0.0L;
  }

  /// The fields that the value depends on, a bit each.
  constexpr std::uint64_t depends() const { return depends_; }
  /// Whether something has been assigned.
  constexpr bool set() const { return set_; }
  /// Whether it was made of a value that nothing had set, or is a copy of one.
  constexpr bool spoiled() const { return spoiled_; }

  /// Makes this what a function is given: a value with these dependencies, or one that is not set.
  constexpr void give(Trace* trace, std::uint64_t depends, bool set) {
    trace_ = trace, depends_ = depends, set_ = set, spoiled_ = false;
  }

 private:
  constexpr Archetype(Trace* trace, std::uint64_t depends, bool spoiled)
      : trace_(trace), depends_(depends), set_(true), spoiled_(spoiled) {}

  constexpr bool unsound() const { return spoiled_ || !set_; }
  // A local value has no trace, so that the result says, too, what was wrong.
  static constexpr Archetype both(const Archetype& a, const Archetype& b) {
    const bool spoiled = a.unsound() || b.unsound();
    Trace* const trace = a.trace_ ? a.trace_ : b.trace_;
    if (trace && spoiled) trace->unset = true;
    return Archetype(trace, a.depends_ | b.depends_, spoiled);
  }
  static constexpr Archetype refused(const Archetype& a) {
    if (a.trace_) a.trace_->plain = true;
    return a;
  }

  Trace* trace_ = nullptr;
  std::uint64_t depends_ = 0;
  bool set_ = false, spoiled_ = false;
};

/// A site of archetypes.
template <class C, std::size_t fields, std::size_t groups>
class TracedSite {
 public:
  using Value = Archetype<C>;

  /// `known`: the fields that have a value, a bit each; `coupled`: whether the coupling has.
  constexpr TracedSite(Trace& trace, std::uint64_t known, bool coupled) : trace_(&trace) {
    for (std::size_t f = 0; f < fields; ++f) {
      const std::uint64_t bit = std::uint64_t{1} << f;
      fields_[f].give(trace_, bit & known, (bit & known) != 0);
    }
    for (Value& value : coupled_) value.give(trace_, 0, coupled);
  }

  constexpr const Value& operator[](std::size_t field) const { return fields_[place(field)]; }
  constexpr Value& operator[](std::size_t field) { return fields_[place(field)]; }

  constexpr const Value& coupled() const { return one_group(), coupled_[0]; }
  constexpr Value& coupled() { return one_group(), coupled_[0]; }
  constexpr const Value& coupled(std::size_t group) const { return coupled_[group_place(group)]; }
  constexpr Value& coupled(std::size_t group) { return coupled_[group_place(group)]; }

  /// Only so that `auto [u, v] = now` gets as far as to be told what to write instead.
  template <std::size_t field>
  constexpr const Value& get() const {
    not_taken_apart();
    trace_->plain = true;
    return fields_[field];
  }

  /// The fields that have been set, a bit each.
  constexpr std::uint64_t set_fields() const {
    std::uint64_t mask = 0;
    for (std::size_t f = 0; f < fields; ++f) mask |= std::uint64_t{fields_[f].set()} << f;
    return mask;
  }
  /// What the fields that have been set depend on.
  constexpr std::uint64_t depends() const {
    std::uint64_t mask = 0;
    for (const Value& value : fields_) mask |= value.set() ? value.depends() : 0;
    return mask;
  }
  constexpr bool coupled_set() const {
    for (std::size_t g = 0; g < groups; ++g)
      if (!coupled_[g].set()) return false;
    return true;
  }
  /// Whether a value here was made of one that nothing had set, or is a copy of one.
  constexpr bool spoiled() const {
    for (const Value& value : fields_)
      if (value.spoiled()) return true;
    for (const Value& value : coupled_)
      if (value.spoiled()) return true;
    return false;
  }

 private:
  static constexpr void not_taken_apart() {
    static_assert(!fields, "a site is not taken apart: write now[u], with the field's enumerator");
  }
  static constexpr void one_group() {
    static_assert(groups > 0, "the stage has no coupling: give it one, or do not read coupled()");
    static_assert(groups <= 1, "the coupling has several groups: write coupled(group)");
  }
  constexpr std::size_t place(std::size_t field) const {
    if (field < fields) return field;
    trace_->unknown_field = true;
    return 0;
  }
  constexpr std::size_t group_place(std::size_t group) const {
    if (group < groups) return group;
    trace_->unknown_group = true;
    return 0;
  }

  Trace* trace_;
  Value fields_[fields];                    // NOLINT: as Site
  Value coupled_[groups > 0 ? groups : 1];  // NOLINT
};

}  // namespace nwm::cell

template <class C, std::size_t fields, std::size_t groups>
struct std::tuple_size<nwm::cell::TracedSite<C, fields, groups>>
    : std::integral_constant<std::size_t, fields> {};
template <std::size_t i, class C, std::size_t fields, std::size_t groups>
struct std::tuple_element<i, nwm::cell::TracedSite<C, fields, groups>> {
  using type = nwm::cell::Archetype<C>;
};
