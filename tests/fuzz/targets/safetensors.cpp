// .safetensors files: what is read can be written, and is read again as the same.
#include "nwm/io/safetensors.hpp"

#include "../target.hpp"

namespace {

void read_tensors(fuzz::Bytes bytes) {
  static fuzz::File file("tensors.safetensors");
  const auto content = nwm::io::read_safetensors(file.put(bytes));
  nwm::io::write_safetensors("again.safetensors", content);
  const auto again = nwm::io::read_safetensors("again.safetensors");
  fuzz::require(again.metadata == content.metadata && again.tensors == content.tensors,
                "what was read is written, and read as the same");
}

const fuzz::Add tensors({.name = "safetensors", .read = read_tensors});

}  // namespace
