// Named tensors in a .safetensors file, the format for exchanging checkpoints with Python. Writing is whole
// or not at all. Reading refuses any file whose header and data disagree.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"
#include "nwm/io/json_header.hpp"
#include "nwm/io/tensor.hpp"

namespace nwm::io {

/// The content of a .safetensors file.
struct Safetensors {
  std::map<std::string, std::string> metadata;         ///< texts, by name
  std::map<std::string, Tensor, std::less<>> tensors;  ///< by name
  std::string source = "safetensors";                  ///< path of the file that was read, for errors

  /// Whether there is a tensor of that name.
  bool contains(std::string_view name) const { return tensors.find(name) != tensors.end(); }

  /// The tensor called `name`. Throws Error naming the file and the tensor when there is none.
  const Tensor& at(std::string_view name) const {
    const auto found = tensors.find(name);
    if (found == tensors.end())
      throw Error(source, "tensor '" + std::string(name) + "'", "to be there",
                  "none of that name among " + std::to_string(tensors.size()));
    return found->second;
  }

  /// A tensor's values, row-major. Throws Error naming file and tensor when it is missing or of another type.
  template <TensorValue T>
  std::vector<T> values(std::string_view name) const {
    return at(name).template as<T>(source, "tensor '" + std::string(name) + "'");
  }

  /// Adds a tensor, copying its values. Throws Error when the name is taken or the count does not fit the
  /// shape.
  template <TensorValue T>
  void add(const std::string& name, std::vector<std::size_t> shape, std::span<const T> values) {
    const std::string field = "tensor '" + name + "'";
    if (contains(name)) throw Error(source, field, "a name not yet taken", "the same name again");
    if (checked_count(shape) != values.size())
      throw Error(source, field, "values for shape " + to_string(shape), std::to_string(values.size()));
    const auto bytes = std::as_bytes(values);
    tensors.emplace(name, Tensor{dtype_of<T>(), std::move(shape), {bytes.begin(), bytes.end()}});
  }
  /// The same for any contiguous range: vector, array, span of mutable values.
  template <class Values>
  requires requires(const Values& v) { std::span(v); }
  void add(const std::string& name, std::vector<std::size_t> shape, const Values& values) {
    const std::span view(values);
    add<std::remove_cv_t<typename decltype(view)::element_type>>(name, std::move(shape), view);
  }
};

// Reading and writing are templates, so that a program that only includes this header does not pay for
// compiling them.

/// Longest header the format allows, in bytes.
inline constexpr std::size_t safetensors_header_limit = 100'000'000;

namespace detail {

/// What is read of a header: more would take many times its bytes of memory.
inline constexpr std::size_t most_names = std::size_t{1} << 16;  // of tensors, and of metadata
inline constexpr std::size_t most_dimensions = 64;

struct SafetensorsEntry {
  std::string name;
  DType dtype{};
  std::vector<std::size_t> shape;
  std::size_t begin = 0, end = 0;
};

template <class Text>
SafetensorsEntry read_entry(Text& text, const std::string& where, const std::string& name) {
  SafetensorsEntry entry{.name = name, .shape = {}};
  const std::string field = "tensor '" + name + "'";
  text.set_field(field);
  std::size_t members = 0;
  text.json_object([&](const std::string& key) {
    ++members;
    if (key == "dtype") {
      const std::string dtype = text.json_string();
      const auto known = dtype_named(dtype);
      if (!known) throw Error(where, field, "a dtype of safetensors", "'" + dtype + "'");
      entry.dtype = *known;
    } else if (key == "shape") {
      text.sequence("[", "]", [&] {
        if (entry.shape.size() == most_dimensions)
          text.fail("at most " + std::to_string(most_dimensions) + " dimensions");
        entry.shape.push_back(text.natural());
      });
    } else if (key == "data_offsets") {
      text.expect("["), entry.begin = text.natural();
      text.expect(","), entry.end = text.natural();
      text.expect("]");
    } else {
      throw Error(where, field, "dtype, shape and data_offsets", "'" + key + "'");
    }
  });
  if (members != 3)
    throw Error(where, field, "dtype, shape and data_offsets", std::to_string(members) + " of them");
  const std::string range =
      "data_offsets [" + std::to_string(entry.begin) + ", " + std::to_string(entry.end) + "]";
  const auto size = checked_bytes(entry.dtype, entry.shape);
  if (!size || entry.begin > entry.end || entry.end - entry.begin != *size)
    throw Error(where, field,
                (size ? std::to_string(*size) : "an addressable whole number of") + " bytes for shape " +
                    to_string(entry.shape) + " of " + name_of(entry.dtype),
                range);
  return entry;
}

// The entries in the order of their data, which they cover from 0 to data_size without gap or overlap.
template <class Path>
std::vector<SafetensorsEntry> read_entries(std::string_view json, const Path& where, std::size_t data_size,
                                           std::map<std::string, std::string>& metadata) {
  HeaderText text(json, where);
  if (!json.starts_with('{')) text.fail("'{' as the first character");
  std::vector<SafetensorsEntry> entries;
  const auto require_room = [&](std::size_t have) {
    if (have == most_names) text.fail("at most " + std::to_string(most_names) + " names");
  };
  text.json_object([&](const std::string& name) {
    if (name == "__metadata__") {
      text.set_field(name);
      if (!text.accept("null"))  // as some writers say that there is none
        text.json_object([&](const std::string& key) {
          require_room(metadata.size());
          metadata[key] = text.json_string();
        });
    } else {
      require_room(entries.size());
      entries.push_back(read_entry(text, where, name));
    }
    text.set_field("header");
  });
  text.end();
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  std::size_t covered = 0;
  for (const auto& entry : entries) {
    const auto wrong = [&](const std::string& expected, std::size_t found) {
      throw Error(where, "tensor '" + entry.name + "'", "data_offsets that " + expected,
                  std::to_string(found));
    };
    if (entry.begin != covered)
      wrong("begin at " + std::to_string(covered) + ", without gap or overlap", entry.begin);
    if (entry.end > data_size)
      wrong("end within the " + std::to_string(data_size) + " bytes of data", entry.end);
    covered = entry.end;
  }
  if (covered != data_size)
    throw Error(where, "data", std::to_string(covered) + " bytes by the header", std::to_string(data_size));
  return entries;
}

}  // namespace detail

/// Reads a whole file of packed little-endian tensors. Throws Error(path, header field or tensor, …) when the
/// file cannot be read, is truncated, is longer than its header says, or has a header that breaks the format,
/// with more than 65,536 tensors or entries of metadata, or a tensor of more than 64 dimensions.
template <class Path = std::string>
Safetensors read_safetensors(const std::type_identity_t<Path>& path) {
  Safetensors out;
  out.source = path;
  const auto cannot_read = [&](const std::string& found) {
    throw Error(out.source, "file", "a readable file", found);
  };
  std::uint64_t size = 0;
  if (!file_size(path, size)) cannot_read(system_message());
  errno = 0;
  const FileHandle file(std::fopen(out.source.c_str(), "rb"));
  if (!file) cannot_read(system_message());
  const auto read = [&](void* to, std::size_t bytes) {
    errno = 0;
    if (bytes != 0 && std::fread(to, 1, bytes, file.get()) != bytes) cannot_read(system_message());
  };
  std::uint64_t length = 0;
  if (size < sizeof length) throw Error(out.source, "file size", "8 bytes or more", std::to_string(size));
  read(&length, sizeof length);
  if ((length & 0xffffffffU) == 0x04034b50U)  // "PK\3\4": a zip, as torch.save writes
    throw Error(out.source, "file", "a .safetensors file",
                "a zip, as PyTorch's torch.save writes; convert it in Python: "
                "import torch, safetensors.torch; safetensors.torch.save_file({k: v.contiguous() for k, v in "
                "torch.load('" +
                    out.source +
                    "', map_location='cpu', weights_only=True).items()}, 'weights.safetensors')");
  const std::uint64_t most = std::min<std::uint64_t>(size - sizeof length, safetensors_header_limit);
  if (length > most)
    throw Error(out.source, "header length", "at most " + std::to_string(most), std::to_string(length));
  std::string header(static_cast<std::size_t>(length), '\0');
  read(header.data(), header.size());
  const auto data_size = static_cast<std::size_t>(size - sizeof length - length);
  for (auto& entry : detail::read_entries(header, out.source, data_size, out.metadata)) {
    Tensor tensor{entry.dtype, std::move(entry.shape), std::vector<std::byte>(entry.end - entry.begin)};
    read(tensor.bytes.data(), tensor.bytes.size());
    out.tensors.emplace(std::move(entry.name), std::move(tensor));
  }
  return out;
}

/// Writes the file whole or not at all (AtomicFile). Data start 8-byte aligned with the widest types first,
/// so that every tensor is aligned. Throws Error when a tensor's bytes do not fit its shape, a name or
/// metadata entry is not UTF-8, a tensor is called "__metadata__", the header is too long or has more than
/// read_safetensors reads, or writing fails;
/// then an existing file is unchanged.
template <class Content = Safetensors>
[[gnu::cold]] void write_safetensors(const std::string& path, const std::type_identity_t<Content>& content) {
  const std::string& where = path;
  const auto quoted = [&](const std::string& text) {
    if (utf8_prefix(text) != text.size())
      throw Error(where, "name or metadata", "UTF-8",
                  "other bytes after '" + text.substr(0, utf8_prefix(text)) + "'");
    return json_quoted(text);
  };
  for (const std::size_t names : {content.tensors.size(), content.metadata.size()})
    if (names > detail::most_names)
      throw Error(where, "header", "at most " + std::to_string(detail::most_names) + " names",
                  std::to_string(names));
  std::vector<const std::pair<const std::string, Tensor>*> order;
  for (std::size_t bits = 64; bits > 0; --bits)  // no std::stable_sort: it is slow to compile
    for (const auto& named : content.tensors)
      if (bits_of(named.second.dtype) == bits) order.push_back(&named);
  std::string header = "{", comma;
  if (!content.metadata.empty()) {
    header += "\"__metadata__\":{";
    for (const auto& [key, value] : content.metadata)
      header += std::exchange(comma, ",") + quoted(key) + ":" + quoted(value);
    header += "}";
  }
  std::size_t at = 0;
  for (const auto* named : order) {
    const auto& [name, tensor] = *named;
    const std::string field = "tensor '" + name + "'";
    if (name == "__metadata__") throw Error(where, field, "another name", "the one kept for metadata");
    if (tensor.shape.size() > detail::most_dimensions)
      throw Error(where, field, "at most " + std::to_string(detail::most_dimensions) + " dimensions",
                  std::to_string(tensor.shape.size()));
    if (checked_bytes(tensor.dtype, tensor.shape) != tensor.bytes.size())
      throw Error(where, field, "bytes for shape " + to_string(tensor.shape) + " of " + name_of(tensor.dtype),
                  std::to_string(tensor.bytes.size()));
    std::string shape;
    for (const std::size_t n : tensor.shape) (shape += shape.empty() ? "" : ",") += std::to_string(n);
    const std::size_t end = at + tensor.bytes.size();
    header += std::exchange(comma, ",") + quoted(name) + ":{\"dtype\":\"" + name_of(tensor.dtype) +
              "\",\"shape\":[" + shape + "],\"data_offsets\":[" + std::to_string(at) + "," +
              std::to_string(end) + "]}";
    at = end;
  }
  header += "}";
  header.append((8 - header.size() % 8) % 8, ' ');
  if (header.size() > safetensors_header_limit)
    throw Error(where, "header length", "at most " + std::to_string(safetensors_header_limit),
                std::to_string(header.size()));
  const std::uint64_t length = header.size();
  write_whole(path, [&](AtomicFile& file) {
    file.write(std::as_bytes(std::span(&length, 1)));
    file.write(header);
    for (const auto* named : order) file.write(named->second.bytes);
  });
}

}  // namespace nwm::io

#include "nwm/pop_macros.inc"
