// PNG and GIF files: read back equal by the format's own library; after an error nothing is left behind.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE picture_file

#include <zlib.h>

#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>
#include <vector>

#include "nwm/plot/gif.hpp"
#include "nwm/plot/png.hpp"
#include "read_gif.hpp"
#include "tools.hpp"

using namespace plot_test;

BOOST_AUTO_TEST_SUITE(png)

std::string number(std::size_t n) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(n >> shift & 0xFF);
  return bytes;
}
std::string chunk(const std::string& type_and_data) {
  const auto sum = ::crc32(0, reinterpret_cast<const Bytef*>(type_and_data.data()),
                           static_cast<uInt>(type_and_data.size()));
  return number(type_and_data.size() - 4) + type_and_data + number(sum);
}
/// A PNG of colour type 0 (grey), 2 (RGB) or 3 (palette), of bytes of rows that begin with a filter's.
std::string png_of(std::size_t width, std::size_t height, char bits, char colour, const std::string& rows) {
  std::string file = "\x89PNG\r\n\x1a\n";
  file += chunk("IHDR" + number(width) + number(height) + bits + colour + std::string(3, '\0'));
  if (!rows.empty()) {
    std::string packed(::compressBound(rows.size()), '\0');
    uLongf size = packed.size();
    ::compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
               rows.size());
    file += chunk("IDAT" + packed.substr(0, size));
  }
  return file + chunk("IEND");
}

BOOST_AUTO_TEST_CASE(sixteen_bits_are_as_bright_as_eight) {
  const Folder folder;
  std::string narrow(1, '\0'), wide(1, '\0');
  for (int v = 0; v < 256; ++v) {
    narrow += static_cast<char>(v);
    wide += std::string(2, static_cast<char>(v));  // 257 v
  }
  const std::string rgb = wide + wide.substr(1) + wide.substr(1);
  for (const std::string& file : {png_of(256, 1, 8, 0, narrow), png_of(256, 1, 16, 0, wide)}) {
    std::ofstream(folder.path / "a.png", std::ios::binary) << file;
    const Image image = plot::read_png(folder.path / "a.png");
    for (std::size_t v = 0; v < 256; ++v) {
      const auto grey = static_cast<std::uint8_t>(v);
      BOOST_TEST(image.at(v, 0) == (Rgb{grey, grey, grey}));
    }
  }
  std::ofstream(folder.path / "a.png", std::ios::binary) << png_of(256, 1, 16, 2, rgb);
  BOOST_TEST(plot::read_png(folder.path / "a.png").at(33, 0) == (Rgb{99, 100, 101}));
}

BOOST_AUTO_TEST_CASE(sizes_are_told_before_memory_is_taken) {
  const Folder folder;
  const auto refused = [&](const std::string& file) {
    std::ofstream(folder.path / "a.png", std::ios::binary) << file;
    BOOST_CHECK_EXCEPTION(plot::read_png(folder.path / "a.png"), Error, about("size"));
  };
  const std::string row(1, '\0');
  BOOST_TEST(png_of(20000, 20000, 8, 2, "").size() == 45u);
  refused(png_of(20000, 20000, 8, 2, ""));   // 1.2 GB
  refused(png_of(44000, 44000, 8, 2, row));  // 5.9 GB
  refused(png_of(60000, 60000, 1, 0, row));
  refused(png_of(1, 1000000, 16, 6, row));
  refused(png_of(0x7FFFFFFF, 0x7FFFFFFF, 8, 0, row));
  // What packs as well as can be is read: a bit a pixel, all black.
  const std::string black(4000 * 501, '\0');
  std::ofstream(folder.path / "a.png", std::ios::binary) << png_of(4000, 4000, 1, 0, black);
  BOOST_TEST(plot::read_png(folder.path / "a.png").width() == 4000u);
}

BOOST_AUTO_TEST_CASE(what_is_written_reads_back_equal) {
  const Folder folder;
  for (const auto& [width, height] : {std::pair<std::size_t, std::size_t>{1, 1}, {7, 5}, {300, 200}}) {
    const Image image = noise(width, height, 3);  // noise does not compress: the largest file there can be
    plot::write_png(folder.path / "a.png", image);
    BOOST_CHECK(plot::read_png(folder.path / "a.png") == image);
  }
  BOOST_CHECK_EQUAL(folder.entries(), 1u);  // the older pictures were replaced, no temporary is left
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_leaves_nothing) {
  const Folder folder;
  const fs::path missing = folder.path / "no" / "a.png";
  BOOST_CHECK_EXCEPTION(plot::write_png(missing, noise(4, 4, 1)), Error,
                        [&](const Error& e) { return e.where() == missing.string(); });
  BOOST_CHECK_EXCEPTION(plot::write_png(folder.path / "a.png", Image()), Error, about("size"));
  fs::create_directory(folder.path / "taken.png");
  BOOST_CHECK_THROW(plot::write_png(folder.path / "taken.png", noise(4, 4, 1)), Error);
  BOOST_CHECK_EQUAL(folder.entries(), 1u);
  const Image kept = noise(4, 4, 2);
  plot::write_png(folder.path / "a.png", kept);
  BOOST_CHECK_THROW(plot::write_png(folder.path / "a.png", Image()), Error);
  BOOST_CHECK(plot::read_png(folder.path / "a.png") == kept);
}

BOOST_AUTO_TEST_CASE(damaged_files_are_told) {
  const Folder folder;
  const fs::path path = folder.path / "a.png";
  BOOST_CHECK_EXCEPTION(plot::read_png(path), Error, about("file"));
  plot::write_png(path, noise(40, 30, 5));
  const std::string whole = read_text(path);
  for (const std::size_t size : {std::size_t{0}, std::size_t{20}, whole.size() / 2}) {
    std::ofstream(path, std::ios::binary) << whole.substr(0, size);
    BOOST_CHECK_EXCEPTION(plot::read_png(path), Error, about("PNG data"));
  }
  std::ofstream(path, std::ios::binary) << std::string(500, 'x');
  BOOST_CHECK_EXCEPTION(plot::read_png(path), Error, about("PNG data"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(gif)

std::vector<plot::IndexedImage> three_frames() {
  std::vector<plot::IndexedImage> frames;
  nwm::Random random(7);
  for (int t = 0; t < 3; ++t)
    for (std::uint8_t& pixel : frames.emplace_back(37, 23).pixels)
      pixel = static_cast<std::uint8_t>(random.below(5));
  return frames;
}

const std::vector<Rgb> five{{1, 2, 3}, {40, 50, 60}, {255, 0, 0}, {0, 255, 0}, {7, 7, 7}};

BOOST_AUTO_TEST_CASE(giflib_reads_the_same_frames) {
  const Folder folder;
  const auto frames = three_frames();
  plot::write_gif(folder.path / "a.gif", frames, five, 17);
  BOOST_CHECK_EQUAL(read_text(folder.path / "a.gif").substr(0, 6), "GIF89a");
  const ReadGif gif = read_gif(folder.path / "a.gif");
  BOOST_CHECK_EQUAL(gif.width, 37);
  BOOST_CHECK_EQUAL(gif.height, 23);
  BOOST_CHECK_EQUAL(gif.repeats, 0);  // for ever
  BOOST_REQUIRE_EQUAL(gif.frames.size(), 3u);
  for (std::size_t t = 0; t < 3; ++t) {
    BOOST_CHECK_EQUAL(gif.frames[t].width, 37);
    BOOST_CHECK_EQUAL(gif.frames[t].height, 23);
    BOOST_CHECK_EQUAL(gif.frames[t].delay, 17);
    BOOST_CHECK_EQUAL(gif.frames[t].transparent, NO_TRANSPARENT_COLOR);
    BOOST_CHECK(gif.frames[t].pixels == frames[t].pixels);
  }
  for (std::size_t i = 0; i < five.size(); ++i) BOOST_CHECK_EQUAL(gif.palette[i], five[i]);
}

BOOST_AUTO_TEST_CASE(every_palette_size_survives) {
  const Folder folder;
  for (const std::size_t colours : {1u, 2u, 3u, 16u, 129u, 256u}) {
    std::vector<Rgb> palette;
    plot::IndexedImage frame(colours, 2);
    for (std::size_t i = 0; i < colours; ++i) {
      palette.push_back({static_cast<std::uint8_t>(i), 1, 2});
      frame.pixels[i] = frame.pixels[2 * colours - 1 - i] = static_cast<std::uint8_t>(i);
    }
    plot::write_gif(folder.path / "a.gif", std::span(&frame, 1), palette, 0);
    const ReadGif gif = read_gif(folder.path / "a.gif");
    BOOST_REQUIRE_EQUAL(gif.frames.size(), 1u);
    BOOST_CHECK(gif.frames[0].pixels == frame.pixels);
    BOOST_CHECK_EQUAL(gif.frames[0].delay, 0);
    for (std::size_t i = 0; i < colours; ++i) BOOST_CHECK_EQUAL(gif.at(0, i, 0), palette[i]);
  }
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_told_and_leaves_nothing) {
  const Folder folder;
  const fs::path path = folder.path / "a.gif";
  const auto frames = three_frames();
  BOOST_CHECK_EXCEPTION(plot::write_gif(path, {}, five, 5), Error, about("frames"));
  BOOST_CHECK_EXCEPTION(plot::write_gif(path, frames, {}, 5), Error, about("palette"));
  BOOST_CHECK_EXCEPTION(plot::write_gif(path, frames, std::vector<Rgb>(257), 5), Error, about("palette"));
  BOOST_CHECK_EXCEPTION(plot::write_gif(path, frames, five, -1), Error, about("delay"));
  BOOST_CHECK_EXCEPTION(plot::write_gif(path, frames, five, 65536), Error, about("delay"));
  BOOST_CHECK_EXCEPTION(plot::write_gif(path, frames, std::span(five).first(4), 5), Error, about("frame 0"));
  auto uneven = frames;
  uneven[1] = plot::IndexedImage(23, 37);
  BOOST_CHECK_EXCEPTION(plot::write_gif(path, uneven, five, 5), Error, about("frame 1"));
  uneven = frames;
  uneven[2].pixels.pop_back();
  BOOST_CHECK_EXCEPTION(plot::write_gif(path, uneven, five, 5), Error, about("frame 2"));
  const plot::IndexedImage wide(65536, 1);
  BOOST_CHECK_EXCEPTION(plot::write_gif(path, std::span(&wide, 1), five, 5), Error, about("frame 0"));
  const fs::path missing = folder.path / "no" / "a.gif";
  BOOST_CHECK_EXCEPTION(plot::write_gif(missing, frames, five, 5), Error,
                        [&](const Error& e) { return e.where() == missing.string(); });
  BOOST_CHECK_EQUAL(folder.entries(), 0u);
}

BOOST_AUTO_TEST_SUITE_END()
