// An animated GIF as giflib's own decoder reads it, for comparison with what was written.
#pragma once

#include <gif_lib.h>

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <vector>

#include "nwm/plot/image.hpp"
#include "tools.hpp"

namespace plot_test {

/// What giflib reads back from a file.
struct ReadGif {
  struct Frame {
    int width, height, delay, transparent;
    std::vector<std::uint8_t> pixels;
  };
  int width = 0, height = 0, repeats = -1;
  std::vector<Rgb> palette;
  std::vector<Frame> frames;

  Rgb at(std::size_t frame, std::size_t x, std::size_t y) const {
    return palette.at(frames.at(frame).pixels.at(y * static_cast<std::size_t>(width) + x));
  }
};

inline ReadGif read_gif(const fs::path& path) {
  int code = 0;
  GifFileType* gif = DGifOpenFileName(path.string().c_str(), &code);
  BOOST_REQUIRE_MESSAGE(gif, "giflib opens the file");
  BOOST_REQUIRE_EQUAL(DGifSlurp(gif), GIF_OK);
  ReadGif result;
  result.width = gif->SWidth, result.height = gif->SHeight;
  for (int i = 0; i < gif->SColorMap->ColorCount; ++i) {
    const GifColorType& c = gif->SColorMap->Colors[i];
    result.palette.push_back({c.Red, c.Green, c.Blue});
  }
  for (int i = 0; i < gif->ImageCount; ++i) {
    const SavedImage& image = gif->SavedImages[i];
    GraphicsControlBlock control{0, false, -1, NO_TRANSPARENT_COLOR};
    DGifSavedExtensionToGCB(gif, i, &control);
    const auto size =
        static_cast<std::size_t>(image.ImageDesc.Width) * static_cast<std::size_t>(image.ImageDesc.Height);
    result.frames.push_back({image.ImageDesc.Width,
                             image.ImageDesc.Height,
                             control.DelayTime,
                             control.TransparentColor,
                             {image.RasterBits, image.RasterBits + size}});
    for (int e = 0; i == 0 && e + 1 < image.ExtensionBlockCount; ++e) {
      const ExtensionBlock &head = image.ExtensionBlocks[e], &body = image.ExtensionBlocks[e + 1];
      if (head.Function == APPLICATION_EXT_FUNC_CODE && head.ByteCount == 11 &&
          std::memcmp(head.Bytes, "NETSCAPE2.0", 11) == 0 && body.ByteCount == 3 && body.Bytes[0] == 1)
        result.repeats = body.Bytes[1] + 256 * body.Bytes[2];
    }
  }
  BOOST_REQUIRE_EQUAL(DGifCloseFile(gif, &code), GIF_OK);
  return result;
}

}  // namespace plot_test
