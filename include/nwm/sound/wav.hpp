// Sound as a WAV file, with its meaning in the metadata, written whole or not at all.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"

namespace nwm::sound {

/// One channel of samples in [-1, 1] with title and comment.
struct Clip {
  std::vector<float> samples;  ///< in [-1, 1]
  unsigned rate = 44100;       ///< samples per second
  std::string title = {};      ///< INAM in the file
  std::string comment = {};    ///< ICMT in the file: how the sound was made

  /// Length of the clip in seconds.
  double seconds() const { return static_cast<double>(samples.size()) / rate; }
};

/// The bytes of a WAV file: 16-bit PCM, one channel, followed by a LIST INFO chunk with title and comment.
/// Samples are rounded to the nearest of 65,535 levels. Throws Error, naming `where`, when there are no
/// samples, one is outside [-1, 1] or not finite, the rate is outside 1,000..384,000, or the file would
/// exceed 2 GiB.
inline std::vector<std::byte> encode_wav(const Clip& clip,
                                         const std::string& where = "nwm::sound::encode_wav") {
  if (clip.samples.empty() || clip.samples.size() > (std::size_t{1} << 30))
    throw Error(where, "samples", "1 to 2^30", std::to_string(clip.samples.size()));
  if (clip.rate < 1000 || clip.rate > 384000)
    throw Error(where, "rate", "1000 to 384000 samples per second", std::to_string(clip.rate));
  for (const float s : clip.samples)
    if (!(std::abs(s) <= 1.0f))
      throw Error(where, "samples", "values in [-1, 1]", shown(static_cast<double>(s)));

  std::vector<std::byte> bytes;
  const auto text = [&](std::string_view s) {
    for (const char c : s) bytes.push_back(static_cast<std::byte>(c));
  };
  const auto little = [&](std::size_t value, int count) {
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
  };
  const auto entry = [](std::string_view s) { return (s.size() + 2) / 2 * 2; };  // with a 0, to an even size
  std::size_t info = 4;
  for (const std::string* s : {&clip.title, &clip.comment})
    if (!s->empty()) info += 8 + entry(*s);
  const std::size_t data = 2 * clip.samples.size(), list = info > 4 ? 8 + info : 0;
  text("RIFF"), little(4 + 24 + list + 8 + data, 4), text("WAVEfmt "), little(16, 4);
  little(1, 2), little(1, 2), little(clip.rate, 4), little(2 * clip.rate, 4), little(2, 2), little(16, 2);
  text("data"), little(data, 4);
  for (const float s : clip.samples) little(static_cast<std::uint16_t>(std::lround(32767.0f * s)), 2);
  if (list > 0) {
    text("LIST"), little(info, 4), text("INFO");
    const auto add = [&](std::string_view id, const std::string& s) {
      if (s.empty()) return;
      text(id), little(entry(s), 4), text(s);
      bytes.resize(bytes.size() + entry(s) - s.size());
    };
    add("INAM", clip.title), add("ICMT", clip.comment);
  }
  return bytes;
}

/// Writes the clip as a WAV file, whole or not at all. Throws Error (path) as encode_wav does, or when the
/// file cannot be written.
inline void write_wav(const std::filesystem::path& path, const Clip& clip) {
  const std::vector<std::byte> bytes = encode_wav(clip, path.string());
  io::write_whole(path, std::span<const std::byte>(bytes));
}

}  // namespace nwm::sound
