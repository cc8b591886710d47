// A second file, which a unity build puts behind the first. Its globals have names that a template of the
// library gives to parameters of its own: no warning of this project may come of it (-Wshadow, -Werror).
#include <cstddef>
#include <nwm/io/safetensors.hpp>
#include <nwm/sound.hpp>
#include <string>
#include <vector>

const std::vector<std::string> expected{"silence"}, found{"waves"};

std::size_t bytes_of_silence();
std::size_t tensors_of(const std::string& file);

std::size_t bytes_of_silence() {
  const nwm::sound::Clip clip{.samples = std::vector<float>(100), .rate = 8000};
  return nwm::sound::encode_wav(clip).size() + expected.size() + found.size();
}

std::size_t tensors_of(const std::string& file) { return nwm::io::read_safetensors(file).tensors.size(); }
