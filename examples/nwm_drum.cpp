// The drum laboratory from the command line: strike a drum of any shape, and see and hear what its neurons
// do.
#include <CLI/CLI.hpp>
#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <nwm/drum/bars.hpp>
#include <nwm/drum/bars_picture.hpp>
#include <nwm/drum/drum.hpp>
#include <nwm/drum/hear.hpp>
#include <nwm/drum/modes.hpp>
#include <nwm/drum/picture.hpp>
#include <nwm/drum/weyl.hpp>
#include <nwm/plot/png.hpp>
#include <nwm/report/drum.hpp>
#include <nwm/report/drum_laboratory.hpp>
#include <optional>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "disk.hpp"

namespace fs = std::filesystem;
namespace mask = nwm::mask;
namespace report = nwm::report;
using nwm::Error;
using nwm::drum::Boundary;

struct Options {
  std::string shape = "square";
  double size = 40, second = 0, threshold = 0.5;
  fs::path picture;
  bool dark = false, displacement = false;
  std::size_t grid = 64, steps = 4096, every = 1, modes = 12, weyl = 0;
  double speed = 1, dt = 0.5, spacing = 1, damping = 0, strike_width = 1, hertz = 220;
  Boundary edge = Boundary::clamped;
  std::vector<std::size_t> strike, ear;
  std::optional<std::uint64_t> random;
  fs::path gif, strip, wav, csv, lengths, report;
};

mask::Outline from_picture(const Options& o) {
  if (o.picture.empty())
    throw Error("nwm_drum", "--shape picture",
                "--picture FILE.png, too: a pixel a neuron, bright ones the drum", "none");
  const nwm::plot::Image image = nwm::plot::read_png(o.picture);
  std::vector<float> brightness;
  for (std::size_t y = 0; y < image.height(); ++y)
    for (std::size_t x = 0; x < image.width(); ++x) {
      const auto c = image.at(x, y);
      brightness.push_back(static_cast<float>(0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b) / 255.0f);
    }
  return mask::silhouette(image.height(), image.width(), brightness, static_cast<float>(o.threshold), o.dark);
}

mask::Outline outline(const Options& o) {
  const auto whole = [](double v) { return static_cast<std::size_t>(std::lround(v)); };
  const auto second = [&](double otherwise) { return o.second > 0 ? o.second : otherwise; };
  const std::map<std::string, std::function<mask::Outline()>> shapes{
      {"square", [&] { return mask::square(o.size); }},
      {"rectangle", [&] { return mask::rectangle(second(0.6 * o.size), o.size); }},
      {"disc", [&] { return mask::disc(o.size / 2); }},
      {"annulus", [&] { return mask::annulus(o.size / 2, second(0.4 * o.size) / 2); }},
      {"polygon", [&] { return mask::regular_polygon(whole(second(6)), o.size / 2); }},
      {"l", [&] { return mask::ell(o.size); }},
      {"gww1", [&] { return mask::isospectral(0, whole(o.size / 3)); }},
      {"gww2", [&] { return mask::isospectral(1, whole(o.size / 3)); }},
      {"picture", [&] { return from_picture(o); }},
      {"whole", [&] { return mask::whole(); }}};
  return shapes.at(o.shape)();
}

/// The drum's neuron nearest to a part of the way down and across its bounding box.
nwm::Site inside(const nwm::Mask& m, double down, double across) {
  std::size_t top = m.height(), bottom = 0, left = m.width(), right = 0;
  for (const std::size_t i : m.sites()) {
    top = std::min(top, i / m.width()), bottom = std::max(bottom, i / m.width());
    left = std::min(left, i % m.width()), right = std::max(right, i % m.width());
  }
  const double row = static_cast<double>(top) + down * static_cast<double>(bottom - top),
               column = static_cast<double>(left) + across * static_cast<double>(right - left);
  nwm::Site best;
  double least = 1e300;
  for (const std::size_t i : m.sites()) {
    const double distance =
        std::hypot(static_cast<double>(i / m.width()) - row, static_cast<double>(i % m.width()) - column);
    if (distance < least) least = distance, best = {i / m.width(), i % m.width()};
  }
  return best;
}

void say(const char* what, double found, double truth, const char* unit = "") {
  std::printf("  %-38s %12.6g%s", what, found, unit);
  if (std::isfinite(truth)) std::printf("   true %.6g, error %+.3f %%", truth, 100 * (found / truth - 1));
  std::printf("\n");
}

template <class Recording>
void tell(const Recording& recording, const Options& o) {
  const nwm::Mask& m = recording.mask();
  const double h = o.spacing, area = m.area() * h * h, perimeter = m.perimeter() * h;
  if (o.edge == Boundary::clamped) {
    try {
      const auto heard = nwm::hear_area(recording);
      std::printf("%zu of %zu neurons hear a tone\n", heard.heard, recording.sites().size());
      const double truth = m.name() == "square" ? area : NAN;
      say("lowest tone, median", nwm::detail::median_of_finite(heard.frequency), NAN, " cycles/time");
      say(std::isfinite(truth) ? "area, exact relation" : "square that sounds so, exact relation",
          heard.median, truth);
      say(std::isfinite(truth) ? "area, textbook c^2/2f^2" : "square that sounds so, textbook",
          heard.textbook_median, truth);
      if (m.name() == "disc")
        say("radius, as a disc",
            nwm::disc_radius(nwm::detail::median_of_finite(heard.frequency), recording.physics()),
            o.size * h / 2);
    } catch (const Error& e) {
      std::printf("%s\n", e.found() == "no tone heard" ? "no tone heard" : e.what());
    }
    if (m.name() == "rectangle") try {
        const auto sides = nwm::hear_rectangle(recording);
        say("long side", sides.long_side, NAN), say("short side", sides.short_side, NAN);
      } catch (const Error& e) {
        std::printf("  no sides are stated: %s\n", e.what());
      }
    if (o.weyl > 0) {
      const auto found = nwm::weyl(nwm::modes(m, recording.physics(), {.count = o.weyl}).eigenvalues, h);
      std::printf("by Weyl's law from %zu modes\n", found.modes);
      say("area", found.area, area), std::printf("  %-38s %12.6g\n", "  stated error", found.area_error);
      say("perimeter", found.perimeter, perimeter),
          std::printf("  %-38s %12.6g\n", "  stated error", found.perimeter_error);
    }
  }
  if (o.edge == Boundary::absorbing || o.modes == 0 || m.sites().size() <= o.modes) return;
  const auto found = nwm::modes(m, recording.physics(), {.count = o.modes});
  std::printf("lowest modes by the eigen-solver\n  %4s %16s %16s\n", "mode", "eigenvalue", "frequency");
  for (std::size_t k = 0; k < o.modes; ++k)
    std::printf("  %4zu %16.10g %16.10g\n", k + 1, found.eigenvalues[k], found.frequency(k));
}

using BarDrum = nwm::Drum<nwm::Grid<64, 64>>;

/// Undamped bars of growing length, 16 sites wide.
std::vector<nwm::HeardBar> bars(const Options& o) {
  return nwm::hear_bars<BarDrum>(16, std::array{16.0, 20.0, 28.0, 40.0, 60.0},
                                 {.wave_speed = o.speed, .dt = o.dt, .spacing = o.spacing});
}

/// How low each bar rings, beside theory.
void tell(const std::vector<nwm::HeardBar>& bars) {
  std::printf("bars of width %g\n  %8s %14s %14s %12s\n", bars[0].width, "length", "lowest tone", "theory",
              "error");
  bool lower = true;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const nwm::HeardBar& bar = bars[i];
    std::printf("  %8g %14.6g %14.6g %+10.5f %%   %zu of %zu neurons hear it\n", bar.length, bar.lowest,
                bar.theory, 100 * (bar.lowest / bar.theory - 1), bar.heard, bar.neurons);
    lower = lower && (i == 0 || bar.lowest < bars[i - 1].lowest);
  }
  std::printf("the longer, the lower: %s\n", lower ? "ok" : "no");
}

template <std::size_t n>
void run(const Options& o) {
  using Drum = nwm::Drum<nwm::Grid<n, n>>;
  const typename Drum::Options physics{
      .wave_speed = o.speed, .dt = o.dt, .spacing = o.spacing, .damping = o.damping, .edge = o.edge};
  Drum drum(outline(o), physics);
  const nwm::Mask& m = drum.mask();
  const auto site = [&](const std::vector<std::size_t>& given, double down, double across) {
    return given.size() == 2 ? nwm::Site{given[0], given[1]} : inside(m, down, across);
  };
  report::DrumPlan plan{
      .at = site(o.strike, 0.37, 0.29),
      .strike = {.width = o.strike_width,
                 .how = o.displacement ? nwm::Strike::How::displacement : nwm::Strike::How::velocity},
      .steps = o.steps,
      .ear = site(o.ear, 0.61, 0.72),
      .modes = o.modes,
      .lowest_hertz = o.hertz};
  const auto strike = [&](Drum& d) {
    o.random ? d.strike_at_random(*o.random) : d.strike(plan.at, plan.strike);
  };
  std::printf("%s on %zux%zu, %zu neurons, c dt/h = %g (limit %g)\n", m.name().c_str(), n, n,
              m.sites().size(), drum.physics().courant(), nwm::drum::Physics::courant_limit(o.dt, o.damping));
  strike(drum);
  const auto recording = drum.run(o.steps, {.every = o.every});
  tell(recording, o);

  if (!o.gif.empty() || !o.strip.empty()) {
    Drum shown(m, physics);
    strike(shown);
    const auto film = shown.run(4 * n, {.every = n >= 128 ? 4u : 2u});
    if (!o.gif.empty()) {
      const auto frames = nwm::drum::film(film, {.title = m.name()});
      nwm::plot::write_gif(o.gif, frames.frames, frames.palette, 5);
    }
    const std::vector<std::size_t> moments{2, n / 8, n / 4, n / 2, n - 1};
    if (!o.strip.empty()) nwm::plot::write_png(o.strip, nwm::drum::strip(film, moments));
  }
  if (!o.csv.empty()) {
    const auto spectrum = nwm::mean_spectrum(recording);
    nwm::io::write_whole(o.csv, [&](nwm::io::AtomicFile& file) {
      file.write("frequency,amplitude\n");
      for (std::size_t k = 0; k < spectrum.amplitude.size(); ++k)
        file.write(report::number(spectrum.frequency(k), 9) + "," + report::number(spectrum.amplitude[k], 9) +
                   "\n");
    });
  }
  if (!o.wav.empty()) {
    const double lowest = nwm::modes(m, drum.physics(), {.count = 2}).frequency(0);
    const auto pitch = nwm::sound::Pitch::tuned(lowest, o.hertz);
    nwm::sound::write_wav(o.wav, report::drum_sound<Drum>(m, drum.physics(), plan, pitch, 1.5, m.name()));
  }
  if (!o.lengths.empty()) {
    const auto heard = bars(o);
    tell(heard), nwm::plot::write_png(o.lengths, nwm::drum::bars_picture(heard));
  }
  if (!o.report.empty()) {
    disk::make_folder(o.report);
    report::Page page("Hear the shape of a drum",
                      "Neurons that know nothing but their own motion, tied to their neighbours only, can "
                      "tell how large the whole "
                      "is that they are part of: waves carry it to them, and a spectrum reads it.");
    const report::DrumReport<Drum> one(m, physics, plan);
    one.add_all(page);
    const typename Drum::Options plain{.wave_speed = o.speed, .dt = o.dt, .spacing = o.spacing};
    report::add_sizes<Drum>(page, plain, o.hertz);
    report::add_lengths<BarDrum>(page, bars(o), {.wave_speed = o.speed, .dt = o.dt, .spacing = o.spacing},
                                 o.hertz);
    report::add_weyl<Drum>(page, drum.physics());
    report::add_pair<Drum>(page, plain, o.hertz);
    page.write(o.report / "index.html");
    std::printf("report: %s\n", (o.report / "index.html").string().c_str());
  }
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Strikes a drum made of neurons, and hears its shape");
  const std::vector<std::string> shapes{"square", "rectangle", "disc", "annulus", "polygon",
                                        "l",      "gww1",      "gww2", "picture", "whole"};
  app.add_option("--shape", o.shape, "Its shape; gww1 and gww2 are the pair that sounds alike")
      ->check(CLI::IsMember(shapes))
      ->capture_default_str();
  app.add_option("--size", o.size, "Side, or diameter, in lattice spacings")
      ->capture_default_str()
      ->check(command_line::positive);
  app.add_option("--second", o.second,
                 "Other side of a rectangle, inner diameter of an annulus, sides of a polygon")
      ->check(command_line::finite);
  app.add_option("--picture", o.picture, "A PNG, a pixel a neuron, for --shape picture")
      ->check(CLI::ExistingFile);
  app.add_option("--threshold", o.threshold, "Brightness above which a pixel is in the drum")
      ->capture_default_str()
      ->check(command_line::finite);
  app.add_flag("--dark", o.dark, "The drum is what is darker than that");
  app.add_option("--grid", o.grid, "Sites a side: 64 or 128")
      ->check(CLI::IsMember({64, 128}))
      ->capture_default_str();
  const std::map<std::string, Boundary> edges{{"clamped", Boundary::clamped},
                                              {"reflecting", Boundary::reflecting},
                                              {"periodic", Boundary::periodic},
                                              {"absorbing", Boundary::absorbing}};
  std::string edge = "clamped";
  app.add_option("--edge", edge,
                 "What waves meet there: nothing moves, nothing pulls, the other side, a beach")
      ->check(CLI::IsMember(std::vector<std::string>{"clamped", "reflecting", "periodic", "absorbing"}))
      ->capture_default_str();
  app.add_option("--strike", o.strike, "Row and column of the strike")
      ->expected(2)
      ->check(command_line::natural);
  app.add_option("--strike-width", o.strike_width,
                 "Its standard deviation in lattice spacings; 0: one neuron")
      ->capture_default_str()
      ->check(command_line::finite);
  app.add_flag("--displacement", o.displacement, "Pluck it: displacement, not velocity");
  app.add_option("--random", o.random, "Strike everywhere at once, with this seed")
      ->check(command_line::natural);
  app.add_option("--ear", o.ear, "Row and column of the neuron shown and heard")
      ->expected(2)
      ->check(command_line::natural);
  app.add_option("--steps", o.steps, "Time steps")->capture_default_str()->check(command_line::count);
  app.add_option("--every", o.every, "Record every so many of them")
      ->capture_default_str()
      ->check(command_line::count);
  app.add_option("--speed", o.speed, "Wave speed c")->capture_default_str()->check(command_line::positive);
  app.add_option("--dt", o.dt, "Time step")->capture_default_str()->check(command_line::positive);
  app.add_option("--spacing", o.spacing, "Lattice spacing h")
      ->capture_default_str()
      ->check(command_line::positive);
  app.add_option("--damping", o.damping, "alpha")->capture_default_str()->check(command_line::finite);
  app.add_option("--modes", o.modes, "Modes listed")->capture_default_str()->check(command_line::natural);
  app.add_option("--weyl", o.weyl, "Area and perimeter by Weyl's law from so many modes; 0: not")
      ->check(command_line::natural);
  app.add_option("--hertz", o.hertz,
                 "What the lowest mode sounds at, in Hz; small loudspeakers play 200 to 2000")
      ->capture_default_str()
      ->check(command_line::positive);
  app.add_option("--gif", o.gif, "Write the wave as a film");
  app.add_option("--strip", o.strip, "Write the wave at five moments as a PNG");
  app.add_option("--wav", o.wav, "Write the sound");
  app.add_option("--csv", o.csv, "Write the mean spectrum as a table");
  app.add_option("--lengths", o.lengths,
                 "Strike bars of growing length, too, and write how they ring as a PNG");
  app.add_option("--report", o.report, "Write one page with everything into this folder");
  CLI11_PARSE(app, argc, argv);
  o.edge = edges.at(edge);
  try {
    o.grid == 64 ? run<64>(o) : run<128>(o);
  } catch (const std::exception& error) {
    return command_line::failed("nwm_drum", error);
  }
}
