// The state of a simulation over ranks in one file, from which any number of ranks goes on to the same bits.
// Rank 0 writes and reads it piece by piece: no rank needs memory for the whole.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/numbers.hpp"
#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"
#include "nwm/io/safetensors.hpp"
#include "nwm/io/tensor.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/mpi/together.hpp"

namespace nwm::mpi {

/// What a program saves beside the state, by name: for instance what Probes have noted so far.
template <class Real>
using Beside = std::map<std::string, std::vector<Real>>;

namespace detail {

/// What must be the same where a state is loaded: everything about the simulation but its values.
template <class Waves>
std::map<std::string, std::string> description(const Waves& waves) {
  using Cell = typename Waves::Cell;
  std::map<std::string, std::string> all{
      {"nwm.simulation", "1"},
      {"cell", std::string(std::string_view(Cell::name))},
      {"boundary", std::string(std::string_view(Waves::Grid::Boundary::name))}};
  nwm::cell::for_numbers(waves.cell(), [&](std::string_view name, double value) {
    all["cell." + std::string(name)] = shown_exactly(value);
  });
  return all;
}

/// Calls f(name, shape) for the fields, then the slices of parameters, in the order of the file.
template <class Waves, class Fields, class Slices>
void for_saved(const Fields& on_field, const Slices& on_slice) {
  for (std::size_t f = 0; f < Waves::field_count; ++f)
    on_field(f, "field." + std::string(nwm::cell::field<typename Waves::Cell>(f).name.view()));
  for (const Slice& slice : Waves::layout.slices)
    on_slice(slice, "parameter." + std::string(slice.name.view()));
}

/// The header of a .safetensors file whose tensors are all of Real, one after the other.
template <class Real>
class SavedHeader {
 public:
  explicit SavedHeader(const std::map<std::string, std::string>& metadata) : text_("{\"__metadata__\":{") {
    for (const auto& [key, value] : metadata)
      text_ += (text_.back() == '{' ? "" : ",") + io::json_quoted(key) + ":" + io::json_quoted(value);
    text_ += "}";
  }
  void add(const std::string& name, const std::vector<std::size_t>& shape) {
    const std::size_t end = at_ + io::checked_count(shape).value_or(0) * sizeof(Real);
    std::string lengths;
    for (const std::size_t n : shape) lengths += (lengths.empty() ? "" : ",") + std::to_string(n);
    text_ += "," + io::json_quoted(name) + ":{\"dtype\":\"" + io::name_of(io::dtype_of<Real>()) +
             "\",\"shape\":[" + lengths + "],\"data_offsets\":[" + std::to_string(at_) + "," +
             std::to_string(end) + "]}";
    at_ = end;
  }
  /// Its length and itself, so long that the data behind it are aligned.
  std::string bytes() const {
    std::string text = text_ + "}";
    text.append((8 - text.size() % 8) % 8, ' ');
    const std::uint64_t length = text.size();
    return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

/// Calls act() and keeps the first Error, so that the ranks that send or receive are not left alone.
template <class Act>
void keep_error(std::optional<Error>& first, const Act& act) {
  if (first) return;
  try {
    act();
  } catch (const Error& e) {
    first = e;
  }
}

}  // namespace detail

/// Writes fields, parameters and the count of steps of a Simulation over ranks as the .safetensors file
/// `path`, whole or not at all. `beside` is that of rank 0. Every rank calls it; only rank 0 needs the file
/// system. Throws Error on all ranks when the file cannot be written; an older one is then unchanged.
template <class Waves>
void save(const Waves& waves, const std::string& path, const Beside<typename Waves::Real>& beside = {}) {
  using Real = typename Waves::Real;
  const auto& ranks = waves.ranks();
  const std::vector<std::size_t> extent{Waves::channels, Waves::Grid::height, Waves::width};
  std::optional<io::AtomicFile> file;
  together(ranks, [&] {
    if (!ranks.is_first()) return;
    auto metadata = detail::description(waves);
    metadata["steps"] = std::to_string(waves.steps());
    detail::SavedHeader<Real> header(metadata);
    detail::for_saved<Waves>(
        [&](std::size_t, const std::string& name) { header.add(name, extent); },
        [&](const Slice& slice, const std::string& name) { header.add(name, {slice.size}); });
    for (const auto& [name, values] : beside) header.add("beside." + name, {values.size()});
    file.emplace(path);
    file->write(header.bytes());
  });
  std::optional<Error> refused;
  const auto write = [&](std::span<const Real> values) {
    detail::keep_error(refused, [&] { file->write(std::as_bytes(values)); });
  };
  detail::for_saved<Waves>(
      [&](std::size_t f, const std::string&) {
        waves.gather_rows(f, [&](std::size_t, std::size_t, std::span<const Real> rows) { write(rows); });
      },
      [&](const Slice& slice, const std::string&) {
        if (file) write(waves.parameters().subspan(slice.offset, slice.size));
      });
  together(ranks, [&] {
    if (!file) return;
    for (const auto& [name, values] : beside) write(values);
    if (refused) throw Error(*refused);
    file->commit();
  });
}

/// Sets a Simulation over ranks to what `save` wrote, on any number of ranks. Returns, on rank 0, what was
/// saved beside it. Every rank calls it; only rank 0 needs the file. Throws Error on all ranks when the file
/// cannot be read, is damaged, or is of another cell, grid, number or precision: nothing has changed then,
/// unless the file could not be read to its end.
template <class Waves>
Beside<typename Waves::Real> load(Waves& waves, const std::string& path) {
  using Real = typename Waves::Real;
  const auto& ranks = waves.ranks();
  const std::vector<std::size_t> extent{Waves::channels, Waves::Grid::height, Waves::width};
  std::map<std::string, std::uint64_t> places;  // of the tensors' data in the file
  std::map<std::string, std::size_t> counts;
  std::uint64_t steps = 0;
  io::FileHandle file;
  const auto unreadable = [&] { return Error(path, "file", "a readable file", io::system_message()); };
  const auto read = [&](void* to, std::size_t bytes) {
    errno = 0;
    if (bytes != 0 && std::fread(to, 1, bytes, file.get()) != bytes) throw unreadable();
  };
  together(ranks, [&] {
    if (!ranks.is_first()) return;
    std::uint64_t size = 0, length = 0;
    errno = 0;
    if (!io::file_size(path, size) || !(file = io::FileHandle(std::fopen(path.c_str(), "rb"))))
      throw unreadable();
    if (size < sizeof length) throw Error(path, "file size", "8 bytes or more", std::to_string(size));
    read(&length, sizeof length);
    if (length > size - sizeof length || length > io::safetensors_header_limit)
      throw Error(path, "header length", "at most " + std::to_string(size - sizeof length),
                  std::to_string(length));
    std::string header(static_cast<std::size_t>(length), '\0');
    read(header.data(), header.size());
    std::map<std::string, std::string> found;
    const std::uint64_t data = sizeof length + length;
    const auto entries = io::detail::read_entries(header, path, static_cast<std::size_t>(size - data), found);
    for (const auto& [key, value] : detail::description(waves))
      if (found[key] != value) throw Error(path, key, value, found[key].empty() ? "none" : found[key]);
    steps = io::HeaderText(found["steps"], path).natural();
    const auto expect = [&](const std::string& name, const std::vector<std::size_t>& shape) {
      for (const auto& entry : entries)
        if (entry.name == name && entry.shape == shape && entry.dtype == io::dtype_of<Real>()) return;
      throw Error(path, "tensor '" + name + "'",
                  std::string(io::name_of(io::dtype_of<Real>())) + " of " + io::to_string(shape),
                  "none, or another");
    };
    detail::for_saved<Waves>(
        [&](std::size_t, const std::string& name) { expect(name, extent); },
        [&](const Slice& slice, const std::string& name) { expect(name, {slice.size}); });
    for (const auto& entry : entries) {
      if (entry.name.starts_with("beside.")) expect(entry.name, {(entry.end - entry.begin) / sizeof(Real)});
      places[entry.name] = data + entry.begin;
      counts[entry.name] = (entry.end - entry.begin) / sizeof(Real);
    }
  });
  std::optional<Error> refused;
  const auto go_to = [&](const std::string& name) {
    detail::keep_error(refused, [&] {
      if (file && ::fseeko(file.get(), static_cast<::off_t>(places[name]), SEEK_SET) != 0) throw unreadable();
    });
  };
  const auto take = [&](std::span<Real> to) {
    detail::keep_error(refused, [&] { read(to.data(), to.size_bytes()); });
  };
  detail::for_saved<Waves>(
      [&](std::size_t f, const std::string& name) {
        go_to(name);
        waves.scatter_rows(f, [&](std::size_t, std::size_t, std::span<Real> rows) { take(rows); });
      },
      [&](const Slice& slice, const std::string& name) {
        const auto to = waves.parameters().subspan(slice.offset, slice.size);
        go_to(name);
        if (file) take(to);
        ranks.broadcast(std::span<Real>(to));
      });
  Beside<Real> beside;
  for (const auto& [name, count] : counts)
    if (name.starts_with("beside.")) {
      go_to(name);
      auto& values = beside[name.substr(7)];
      values.resize(count);
      take(values);
    }
  together(ranks, [&] {
    if (refused) throw Error(*refused);
  });
  ranks.broadcast(steps);
  waves.set_steps(static_cast<std::size_t>(steps));
  return beside;
}

}  // namespace nwm::mpi
