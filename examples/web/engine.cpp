// What the page's workers call: the waves of trained machines, drums, and a machine that learns. Functions of
// type int return 0, or -1 where nwm_error() has the reason. They are called by one thread at a time.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <nwm/drum/drum.hpp>
#include <nwm/drum/hear.hpp>
#include <nwm/sound/pitch.hpp>
#include <nwm/sound/spectrum.hpp>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "machines.hpp"

#ifdef __EMSCRIPTEN__
#include <emscripten.h>
// clang-format off
EM_JS(void, tell_progress, (double step, double steps, double loss), {
  if (Module.onProgress) Module.onProgress(step, steps, loss);
});
// clang-format on
#define WEB_EXPORT extern "C" EMSCRIPTEN_KEEPALIVE
#else  // the same functions, for tests beside the page
extern "C" void tell_progress(double, double, double) {}
#define WEB_EXPORT extern "C"
#endif

namespace {

std::string reason;

/// Calls f: 0, or -1 with the reason of what it threw.
template <class F>
int attempt(const F& f) {
  try {
    reason.clear();
    f();
    return 0;
  } catch (const std::exception& error) {
    reason = error.what();
  } catch (...) {
    reason = "the engine failed without a reason";
  }
  return -1;
}

/// A number that is not negative. Throws nwm::Error, with its name, for one that is.
std::size_t natural(const char* name, int value) {
  if (value < 0) throw nwm::Error("the engine", name, "0 or more", std::to_string(value));
  return static_cast<std::size_t>(value);
}

/// Samples a second.
unsigned hertz(int rate) {
  if (rate < 1) throw nwm::Error("the engine", "rate", "1 or more", std::to_string(rate));
  return static_cast<unsigned>(rate);
}

/// Sets a sound of so many samples: the clip, then silence.
void play(const nwm::sound::Clip& clip, int samples, float* sound) {
  for (std::size_t i = 0; i < natural("samples", samples); ++i)
    sound[i] = i < clip.samples.size() ? clip.samples[i] : 0;
}

template <class Machine>
int size_of(int what) {
  constexpr nwm::Shape shape = Machine::shape;
  const std::array sizes{shape.height,       shape.width, shape.image_channels,
                         shape.oscillators,  shape.steps, static_cast<std::size_t>(shape.classes),
                         shape.steps / 2 + 1};
  const std::size_t which = natural("what", what);
  if (which >= sizes.size()) throw nwm::Error("the engine", "what", "a size", std::to_string(what));
  return static_cast<int>(sizes[which]);
}

template <class Machine>
void set_labels(std::span<const float> scores, std::uint8_t* labels) {
  for (std::size_t p = 0; p < Machine::sites; ++p)
    labels[p] = static_cast<std::uint8_t>(nwm::largest_class(scores, p, Machine::sites, Machine::outputs));
}

/// A data set's picture as floats (channels, H, W), and its mask.
void copy_picture(const nwm::data::Dataset& set, std::size_t index, float* image, std::uint8_t* mask) {
  set.picture(index, std::span(image, set.extent().values()));
  const auto labels = set.mask(index);
  std::copy(labels.begin(), labels.end(), mask);
}

// ---- Segment: trained machines, and the waves of the picture shown last ----

struct Room {
  virtual ~Room() = default;
  virtual void open(const char* path) = 0;
  virtual int size(int what) const = 0;
  virtual double dt() const = 0;
  virtual void run(const float* image, float* series) = 0;
  virtual void labels(std::size_t steps, std::uint8_t* to) = 0;
  virtual void spectrum(std::size_t row, std::size_t column, std::size_t channel, float* to) const = 0;
  virtual nwm::sound::Clip sound(std::size_t row, std::size_t column, unsigned rate) const = 0;
  virtual void example(std::uint64_t seed, float* image, std::uint8_t* mask) const = 0;
};

template <class Kind>
class RoomOf : public Room {
  using Machine = typename Kind::Machine;
  static constexpr nwm::Shape shape = Machine::shape;

 public:
  void open(const char* path) override { nwm::load(machine_, path); }
  int size(int what) const override { return size_of<Machine>(what); }
  double dt() const override { return machine_.cell.dt; }
  void run(const float* image, float* series) override {
    machine_.record(std::span<const float, Machine::image_size>(image, Machine::image_size),
                    std::span<float, Machine::series_size>(series_.data(), series_.size()), space_);
    std::copy(series_.begin(), series_.end(), series);
  }
  /// Of waves that are cut off after so many steps: the rest of the series is still.
  void labels(std::size_t steps, std::uint8_t* to) override {
    if (steps == 0 || steps > shape.steps)
      throw nwm::Error("labels", "steps", "from 1 to " + std::to_string(shape.steps), std::to_string(steps));
    std::vector<float> cut(series_.size()), scores(Machine::score_size);
    std::copy_n(series_.begin(), steps * Machine::columns, cut.begin());
    machine_.read(std::span<const float, Machine::series_size>(cut.data(), cut.size()),
                  std::span<float, Machine::score_size>(scores.data(), scores.size()), space_);
    set_labels<Machine>(scores, to);
  }
  /// Amplitudes at k / (T dt) cycles per unit time; a sine of amplitude a has a, a constant has itself.
  void spectrum(std::size_t row, std::size_t column, std::size_t channel, float* to) const override {
    nwm::sound::Ear ear(shape.steps, dt(), {.window = nwm::sound::Window::rectangular, .padding = 1});
    const auto heard = ear(pixel(row, column, channel)).amplitude;
    for (std::size_t k = 0; k < heard.size(); ++k)  // an Ear doubles what has no second half: both ends
      to[k] = static_cast<float>(k == 0 || k + 1 == heard.size() ? heard[k] / 2 : heard[k]);
  }
  /// All oscillators of a pixel, one after the other, again and again. A fifth of the rate of the steps
  /// sounds at 440 Hz: the pitches that machines learn are below it, and audible.
  nwm::sound::Clip sound(std::size_t row, std::size_t column, unsigned rate) const override {
    std::vector<std::vector<double>> all;
    for (std::size_t c = 0; c < shape.oscillators; ++c) {
      all.push_back(pixel(row, column, c));
      const double mean = std::accumulate(all.back().begin(), all.back().end(), 0.0) / shape.steps;
      for (double& v : all.back()) v -= mean;  // what stands still is not heard
    }
    return nwm::sound::texture(all, dt(), nwm::sound::Pitch::tuned(0.2 / dt(), 440), 1.5, "a pixel",
                               {.rate = rate});
  }
  void example(std::uint64_t seed, float* image, std::uint8_t* mask) const override {
    if constexpr (std::is_same_v<Kind, web::Polygons>)
      copy_picture(nwm::data::polygons<Machine>({.images = 1, .validation = 1, .test = 1, .seed = seed}).test,
                   0, image, mask);
    else if constexpr (std::is_same_v<Kind, web::Tetrominoes>)
      copy_picture(
          nwm::data::tetrominoes<Machine>({.images = 1, .validation = 1, .test = 1, .seed = seed}).test, 0,
          image, mask);
    else throw std::runtime_error("there is no generator of digits");
  }

 private:
  std::vector<double> pixel(std::size_t row, std::size_t column, std::size_t channel) const {
    if (row >= shape.height || column >= shape.width || channel >= shape.oscillators)
      throw nwm::Error("pixel", "row, column, oscillator", "one of the machine's",
                       std::to_string(row) + ", " + std::to_string(column) + ", " + std::to_string(channel));
    std::vector<double> y(shape.steps);
    for (std::size_t t = 0; t < shape.steps; ++t)
      y[t] = static_cast<double>(
          series_[(t * shape.oscillators + channel) * Machine::sites + row * shape.width + column]);
    return y;
  }

  Machine machine_;
  typename Machine::Workspace space_;
  std::vector<float> series_ = std::vector<float>(Machine::series_size);  // of the picture shown last
};

/// A room is made when it is first asked for.
Room& room(int machine) {
  static std::array<std::unique_ptr<Room>, 3> all;
  if (machine < 0 || machine > 2)
    throw nwm::Error("segment", "machine", "0, 1 or 2", std::to_string(machine));
  auto& one = all[static_cast<std::size_t>(machine)];
  if (!one) {
    if (machine == 0) one = std::make_unique<RoomOf<web::Polygons>>();
    else if (machine == 1) one = std::make_unique<RoomOf<web::Tetrominoes>>();
    else one = std::make_unique<RoomOf<web::Digits>>();
  }
  return *one;
}

// ---- Drum ----

constexpr std::size_t side = 96;
using Drum = nwm::Drum<nwm::Grid<side, side>>;
constexpr double drum_dt = 0.5, lowest_hertz = 110;
/// A little damping: what moves on the screen dies away.
const Drum::Options shown{.wave_speed = 1, .dt = drum_dt, .damping = 0.004};
std::array<std::optional<Drum>, 2> drums;
std::array<std::vector<std::uint8_t>, 2> masks;

Drum& drum(int slot) {
  if (slot < 0 || slot > 1 || !drums[static_cast<std::size_t>(slot)])
    throw nwm::Error("drum", "slot", "one with a drum", std::to_string(slot));
  return *drums[static_cast<std::size_t>(slot)];
}
nwm::Mask mask_of(const std::vector<std::uint8_t>& inside) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  return {"drum", side, side, inside, unknown, unknown};
}
nwm::Site site(int row, int column) { return {natural("row", row), natural("column", column)}; }
nwm::mask::Outline outline(int kind) {
  namespace mask = nwm::mask;
  switch (kind) {
    case 0:
      return mask::square(60);
    case 1:
      return mask::rectangle(45, 80);
    case 2:
      return mask::disc(38);
    case 3:
      return mask::regular_polygon(3, 48);
    case 4:
      return mask::ell(76);
    case 5:
      return mask::isospectral(0, 28);
    case 6:
      return mask::isospectral(1, 28);
    case 7:
      return mask::annulus(40, 14);
    default:
      throw nwm::Error("drum_shape", "kind", "from 0 to 7", std::to_string(kind));
  }
}

// ---- Learn ----

struct Lesson {
  static constexpr std::size_t epochs = 6, images = 2000;
  explicit Lesson(std::uint64_t seed)
      : data(nwm::data::polygons<shared::First>({.images = images, .seed = seed})),
        trainer({.learning_rate = 2e-3, .batch = 16, .epochs = epochs, .seed = seed, .threads = 1},
                shared::First({.cell = {.dt = 0.3}, .seed = seed})) {}
  nwm::data::Split data;
  nwm::Trainer<shared::First> trainer;
};
std::unique_ptr<Lesson> lesson;
Lesson& running() {
  if (!lesson) throw std::runtime_error("nothing learns yet");
  return *lesson;
}

}  // namespace

WEB_EXPORT const char* nwm_error() { return reason.c_str(); }

WEB_EXPORT int segment_open(int machine, const char* path) {
  return attempt([&] { room(machine).open(path); });
}
WEB_EXPORT int segment_size(int machine, int what) {
  int size = -1;
  attempt([&] { size = room(machine).size(what); });
  return size;
}
WEB_EXPORT double segment_dt(int machine) {
  double dt = 0;
  attempt([&] { dt = room(machine).dt(); });
  return dt;
}
WEB_EXPORT int segment_run(int machine, const float* image, float* series) {
  return attempt([&] { room(machine).run(image, series); });
}
WEB_EXPORT int segment_labels(int machine, int steps, unsigned char* labels) {
  return attempt([&] { room(machine).labels(natural("steps", steps), labels); });
}
WEB_EXPORT int segment_spectrum(int machine, int row, int column, int channel, float* amplitudes) {
  return attempt([&] {
    room(machine).spectrum(natural("row", row), natural("column", column), natural("oscillator", channel),
                           amplitudes);
  });
}
WEB_EXPORT int segment_sound(int machine, int row, int column, int rate, int samples, float* sound) {
  return attempt([&] {
    play(room(machine).sound(natural("row", row), natural("column", column), hertz(rate)), samples, sound);
  });
}
WEB_EXPORT int segment_example(int machine, int seed, float* image, unsigned char* mask) {
  return attempt([&] { room(machine).example(natural("seed", seed), image, mask); });
}

WEB_EXPORT int drum_side() { return static_cast<int>(side); }
WEB_EXPORT int drum_shape(int kind, unsigned char* mask) {
  return attempt([&] {
    const nwm::Mask drawn(outline(kind), side, side);
    std::copy(drawn.values().begin(), drawn.values().end(), mask);
  });
}
WEB_EXPORT int drum_make(int slot, const unsigned char* mask) {
  return attempt([&] {
    if (slot < 0 || slot > 1) throw nwm::Error("drum_make", "slot", "0 or 1", std::to_string(slot));
    const auto i = static_cast<std::size_t>(slot);
    masks[i].assign(mask, mask + side * side);
    drums[i].emplace(mask_of(masks[i]), shown);
  });
}
WEB_EXPORT int drum_strike(int slot, int row, int column) {
  return attempt([&] { drum(slot).strike(site(row, column), {.width = 1.5}); });
}
WEB_EXPORT int drum_advance(int slot, int steps, float* u) {
  return attempt([&] {
    auto& waves = drum(slot).advance(natural("steps", steps)).waves();
    const auto now = waves.field(Drum::Membrane::u);
    std::copy(now.begin(), now.end(), u);
  });
}
WEB_EXPORT int drum_rest(int slot) {
  return attempt([&] { drum(slot).rest(); });
}
WEB_EXPORT int drum_listen(int slot, int row, int column, int ear_row, int ear_column, int rate, int samples,
                           float* sound) {
  return attempt([&] {
    drum(slot);
    // Pitch: the square of 60 spacings sounds at 110 Hz; larger drums lower, smaller ones higher.
    const auto pitch = nwm::sound::Pitch::tuned(std::sqrt(0.5) / 60, lowest_hertz);
    const double seconds = static_cast<double>(natural("samples", samples)) / hertz(rate),
                 time = seconds * pitch.per_second;
    Drum struck(mask_of(masks[static_cast<std::size_t>(slot)]),
                {.wave_speed = 1, .dt = drum_dt, .damping = 2 * std::log(1000.0) / time});
    struck.strike(site(row, column), {.width = 1.5});
    const auto heard =
        struck.run(static_cast<std::size_t>(time / drum_dt), {.probes = {site(ear_row, ear_column)}});
    play(nwm::sound::render(heard.series(0), heard.interval(), pitch, "a drum", {.rate = hertz(rate)}),
         samples, sound);
  });
}
WEB_EXPORT int drum_hear(int slot, int kind, double* out) {
  return attempt([&] {
    std::fill(out, out + 9, std::numeric_limits<double>::quiet_NaN());
    drum(slot);
    Drum struck(mask_of(masks[static_cast<std::size_t>(slot)]), {.wave_speed = 1, .dt = drum_dt});
    // Off every axis of symmetry: a strike everywhere at once wakes all tones.
    const auto series = struck.strike_at_random(1).run(4096, {.every = 2});
    const auto area = nwm::hear_area(series);
    const auto sites = struck.mask().sites().size();
    out[0] = static_cast<double>(sites), out[1] = area.median;
    out[2] = static_cast<double>(area.heard) / static_cast<double>(sites);
    out[7] = nwm::detail::median_of_finite(area.frequency);
    if (kind >= 0) out[8] = outline(kind).area;
    if (kind == 0 || kind == 1) {
      out[5] = std::max(outline(kind).height, outline(kind).width);
      out[6] = std::min(outline(kind).height, outline(kind).width);
    }
    if (kind == 0) out[3] = out[4] = std::sqrt(area.median);
    if (kind == 1) {
      const auto heard = nwm::hear_rectangle(series);
      out[3] = heard.long_side, out[4] = heard.short_side;
    }
  });
}

WEB_EXPORT int learn_size(int what) {
  constexpr std::array<int, 3> more{Lesson::epochs, Lesson::images, Lesson::images / 10};
  if (what >= 7 && what < 10) return more[static_cast<std::size_t>(what - 7)];
  int size = -1;
  attempt([&] { size = size_of<shared::First>(what); });
  return size;
}
WEB_EXPORT int learn_start(int seed) {
  return attempt([&] { lesson = std::make_unique<Lesson>(natural("seed", seed)); });
}
WEB_EXPORT int learn_epoch(double* out) {
  return attempt([&] {
    Lesson& l = running();
    const double before = l.trainer.state().seconds;
    if (l.trainer.state().epoch >= Lesson::epochs) throw std::runtime_error("all epochs are done");
    l.trainer.fit(l.data.train, l.data.validation, [&](const nwm::Progress& p) {
      tell_progress(static_cast<double>(p.step), static_cast<double>(p.steps), p.loss);
      if (!p.epoch_end) return true;
      out[0] = static_cast<double>(p.epoch), out[1] = p.loss, out[2] = p.validation.loss;
      out[3] = p.validation.iou_foreground, out[4] = p.seconds - before;
      return false;
    });
  });
}
WEB_EXPORT int learn_show(int index, float* image, unsigned char* mask, unsigned char* labels,
                          float* series) {
  return attempt([&] {
    const Lesson& l = running();
    if (natural("index", index) >= l.data.test.size())
      throw nwm::Error("learn_show", "index", "below " + std::to_string(l.data.test.size()),
                       std::to_string(index));
    const auto one = l.data.test.part(static_cast<std::size_t>(index), 1);
    copy_picture(one, 0, image, mask);
    const auto& machine = l.trainer.current();
    const auto predicted = nwm::predict(machine, one);
    const auto waves = nwm::record(machine, one);
    std::copy(predicted.labels.values.begin(), predicted.labels.values.end(), labels);
    std::copy(waves.values.begin(), waves.values.end(), series);
  });
}
