// A second file, which a unity build puts behind the first.
#include <cstddef>
#include <nwm/sound.hpp>
#include <vector>

std::size_t bytes_of_silence();

std::size_t bytes_of_silence() {
  const nwm::sound::Clip clip{.samples = std::vector<float>(100), .rate = 8000};
  return nwm::sound::encode_wav(clip).size();
}
