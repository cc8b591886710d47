// WAV files, byte by byte and as standard programs read them; pitch.
#define BOOST_TEST_MODULE wav
#define BOOST_TEST_DYN_LINK
#include "nwm/sound/wav.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "nwm/sound/pitch.hpp"
#include "nwm/sound/spectrum.hpp"
#include "nwm/sound/tone.hpp"

namespace fs = std::filesystem;
namespace sound = nwm::sound;
using boost::test_tools::tolerance;

namespace {

auto about(std::string field) {
  return [field](const nwm::Error& e) { return e.field() == field; };
}

struct Folder {
  fs::path path = fs::temp_directory_path() / ("nwm_wav_" + std::to_string(std::random_device{}()));
  Folder() { fs::create_directory(path); }
  ~Folder() { fs::remove_all(path); }
};

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
std::size_t number(const std::string& bytes, std::size_t at, int count) {
  std::size_t value = 0;
  for (int i = count; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return value;
}
/// A command's output; empty, with a message (and "Skipped" at ctest's judge/NAME), when the program is not
/// installed.
std::string output_of(const std::string& program, const std::string& arguments) {
  if (std::system(("command -v " + program + " > /dev/null").c_str()) != 0) {
    std::cerr << "skipped: what " << program << " says; it is not there\n";
    return "";
  }
  std::string text;
  std::FILE* pipe = popen((program + " " + arguments + " 2>&1").c_str(), "r");
  std::array<char, 256> part;
  while (std::fgets(part.data(), part.size(), pipe)) text += part.data();
  BOOST_TEST(pclose(pipe) == 0, program << ": " << text);
  return text;
}
std::vector<double> as_double(const sound::Clip& clip) { return {clip.samples.begin(), clip.samples.end()}; }
std::vector<double> sine(std::size_t n, double cycles_per_sample) {
  std::vector<double> x(n);
  for (std::size_t i = 0; i < n; ++i)
    x[i] = std::sin(2 * std::numbers::pi * cycles_per_sample * static_cast<double>(i));
  return x;
}
double tone_of(const sound::Clip& clip) {
  const auto tone = sound::lowest_tone(sound::spectrum(as_double(clip), 1.0 / clip.rate), {.threshold = 0.1});
  BOOST_REQUIRE(tone.has_value());
  return tone->frequency;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_file_is_what_the_format_says) {
  const Folder folder;
  const fs::path path = folder.path / "a.wav";
  sound::write_wav(path, {{0, 1, -1, 0.5f, -0.5f}, 8000, "odd", "even"});
  const std::string b = read(path);
  BOOST_TEST(b.substr(0, 4) == "RIFF");
  BOOST_TEST(number(b, 4, 4) == b.size() - 8);
  BOOST_TEST(b.substr(8, 8) == "WAVEfmt ");
  BOOST_TEST(number(b, 16, 4) == 16u);
  BOOST_TEST(number(b, 20, 2) == 1u);  // PCM
  BOOST_TEST(number(b, 22, 2) == 1u);  // mono
  BOOST_TEST(number(b, 24, 4) == 8000u);
  BOOST_TEST(number(b, 28, 4) == 16000u);  // bytes per second
  BOOST_TEST(number(b, 32, 2) == 2u);
  BOOST_TEST(number(b, 34, 2) == 16u);
  BOOST_TEST(b.substr(36, 4) == "data");
  BOOST_TEST(number(b, 40, 4) == 10u);
  const std::array<int, 5> levels{0, 32767, -32767, 16384, -16384};
  for (std::size_t i = 0; i < 5; ++i)
    BOOST_TEST(static_cast<std::int16_t>(number(b, 44 + 2 * i, 2)) == levels[i]);
  BOOST_TEST(b.substr(54, 4) == "LIST");
  BOOST_TEST(number(b, 58, 4) == 4u + 8 + 4 + 8 + 6);
  BOOST_TEST(b.substr(62, 8) == "INFOINAM");
  BOOST_TEST(b.substr(74, 3) == "odd");
  BOOST_TEST(b.substr(78, 4) == "ICMT");
  BOOST_TEST(b.substr(86, 4) == "even");
  BOOST_TEST(b.size() == 92u);
}

BOOST_AUTO_TEST_CASE(standard_programs_read_it) {
  const Folder folder;
  const fs::path path = folder.path / "tone.wav";
  const auto clip = sound::render(sine(2000, 0.02), 0.5, sound::Pitch::tuned(0.04, 440), "A drum");
  sound::write_wav(path, clip);
  const std::string soxi = output_of("soxi", path.string());
  if (!soxi.empty()) {
    BOOST_TEST(soxi.find("Sample Rate    : 44100") != std::string::npos, soxi);
    BOOST_TEST(soxi.find("Precision      : 16-bit") != std::string::npos, soxi);
    BOOST_TEST(soxi.find("= " + std::to_string(clip.samples.size()) + " samples") != std::string::npos, soxi);
    // Played by another program: decoded to the end, with its loudest sample and its frequency.
    const std::string stat = output_of("sox", path.string() + " -n stat");
    BOOST_TEST(stat.find("Maximum amplitude:     0.799") != std::string::npos, stat);
    const auto at = stat.find("Rough   frequency:");
    BOOST_REQUIRE(at != std::string::npos);
    BOOST_TEST(std::stod(stat.substr(at + 18)) == 440.0, tolerance(0.05));
  }
  const std::string tags = output_of("exiftool", path.string());
  if (!tags.empty()) {
    BOOST_TEST(tags.find("A drum") != std::string::npos, tags);
    BOOST_TEST(tags.find("a tone of f cycles per unit time sounds at 11000 f Hz") != std::string::npos, tags);
  }
  const std::string kind = output_of("file", "-b " + path.string());
  if (!kind.empty())
    BOOST_TEST(kind.find("WAVE audio, Microsoft PCM, 16 bit, mono 44100 Hz") != std::string::npos, kind);
}

BOOST_AUTO_TEST_CASE(pitch_keeps_ratios_up_and_down) {
  for (const double per_second : {500.0, 5000.0, 40000.0, 120000.0}) {
    // 0.02 and 0.03 cycles per step, dt = 0.5.
    const sound::Pitch pitch{per_second};
    const auto steps = static_cast<std::size_t>(per_second * 2);  // a second
    const auto low = sound::render(sine(steps, 0.02), 0.5, pitch),
               high = sound::render(sine(steps, 0.03), 0.5, pitch);
    BOOST_TEST(tone_of(low) == 0.04 * per_second, tolerance(1e-3));
    BOOST_TEST(tone_of(high) / tone_of(low) == 1.5, tolerance(1e-3));
    BOOST_TEST(low.seconds() == 1.0, tolerance(1e-3));
  }
}

BOOST_AUTO_TEST_CASE(bands_are_moved_to_where_small_loudspeakers_play) {
  const auto narrow = sound::Pitch::audible(0.002, 0.008), wide = sound::Pitch::audible(0.001, 1);
  BOOST_TEST(narrow.per_second * 0.004 == std::sqrt(200.0 * 2000), boost::test_tools::tolerance(1e-12));
  BOOST_TEST(narrow.per_second * 0.002 > 200);
  BOOST_TEST(narrow.per_second * 0.008 < 2000);
  BOOST_TEST(200 / (wide.per_second * 0.001) == wide.per_second * 1 / 2000,
             boost::test_tools::tolerance(1e-12));
  BOOST_CHECK_EXCEPTION(sound::Pitch::audible(0, 1), nwm::Error, about("band"));
  BOOST_CHECK_EXCEPTION(sound::Pitch::audible(2, 1), nwm::Error, about("band"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_heard_is_not_folded_into_what_can) {
  // 0.4 cycles a step at 100,000 steps a second are 40 kHz, above the band of 44.1 kHz.
  const auto folded = sound::render(sine(50000, 0.4), 1, {100000}, "", {.peak = 1});
  auto mixed = sine(50000, 0.4);
  const auto low = sine(50000, 0.01);
  for (std::size_t i = 0; i < mixed.size(); ++i) mixed[i] += low[i];
  const auto both = sound::render(mixed, 1, {100000}, "", {.peak = 1}),
             alone = sound::render(low, 1, {100000}, "", {.peak = 1});
  double worst = 0;
  for (std::size_t i = 1000; i + 1000 < both.samples.size(); ++i)
    worst = std::max(worst, static_cast<double>(std::abs(both.samples[i] - alone.samples[i])));
  BOOST_TEST(worst < 0.01);
  BOOST_TEST(folded.samples.size() == both.samples.size());
}

BOOST_AUTO_TEST_CASE(a_texture_sounds_as_its_grains) {
  std::vector<std::vector<double>> grains;
  for (int i = 0; i < 7; ++i) {
    grains.push_back(sine(100, 0.11));
    for (double& x : grains.back()) x = x * (1 + 0.1 * i) + 5;  // a constant offset is silent
  }
  const auto clip = sound::texture(grains, 1, {4000}, 1.5, "class 1");
  BOOST_TEST(clip.seconds() == 1.5, tolerance(1e-4));
  // Grains of 25 ms blur a tone by 40 Hz.
  const auto all = sound::tones(sound::spectrum(as_double(clip), 1.0 / clip.rate, {.segment = 2000}),
                                {.threshold = 0.999});
  BOOST_REQUIRE(all.size() == 1u);
  BOOST_TEST(std::abs(all[0].frequency - 440) < 40);
}

BOOST_AUTO_TEST_CASE(silence_stays_silent) {
  const auto clip = sound::render(std::vector<double>(100, 0.0), 1, {1000});
  for (const float s : clip.samples) BOOST_TEST(s == 0.0f);
}

BOOST_AUTO_TEST_CASE(bad_sounds_are_refused_and_nothing_is_written) {
  const Folder folder;
  const fs::path path = folder.path / "x.wav";
  BOOST_CHECK_EXCEPTION(sound::write_wav(path, {{}, 44100}), nwm::Error, about("samples"));
  BOOST_CHECK_EXCEPTION(sound::write_wav(path, {{0, 1.01f}, 44100}), nwm::Error, about("samples"));
  BOOST_CHECK_EXCEPTION(sound::write_wav(path, {{0, NAN}, 44100}), nwm::Error, about("samples"));
  BOOST_CHECK_EXCEPTION(sound::write_wav(path, {{0}, 10}), nwm::Error, about("rate"));
  BOOST_TEST(!fs::exists(path));
  const std::vector<double> x(100, 1.0), bad{1, INFINITY};
  BOOST_CHECK_EXCEPTION(sound::render(bad, 1, {}), nwm::Error, about("series"));
  BOOST_CHECK_EXCEPTION(sound::render(x, 0, {}), nwm::Error, about("interval"));
  BOOST_CHECK_EXCEPTION(sound::render(x, 1, {0}), nwm::Error, about("pitch"));
  BOOST_CHECK_EXCEPTION(sound::render(x, 1, {1e9}), nwm::Error, about("series"));
  BOOST_CHECK_EXCEPTION(sound::render(x, 1, {}, "", {.peak = 2}), nwm::Error, about("peak"));
  BOOST_CHECK_EXCEPTION(sound::Pitch::tuned(0, 440), nwm::Error, about("frequency"));
  BOOST_CHECK_EXCEPTION(sound::texture({}, 1, {}, 1), nwm::Error, about("series"));
  const std::vector<std::vector<double>> grains{x};
  BOOST_CHECK_EXCEPTION(sound::texture(grains, 1, {}, 0), nwm::Error, about("seconds"));
}
