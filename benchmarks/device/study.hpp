// The timed configurations; each becomes a source file of nwm_device_benchmark (CMakeLists.txt).
#pragma once

#include "models.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/checkpointing/policies.hpp"
#include "nwm/model/cnn.hpp"
#include "nwm/model/unet.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/readout/linear.hpp"

namespace device_bench {

inline constexpr nwm::Shape tetrominoes = Place::sized(bench::tetrominoes),
                            mnist = Place::sized(bench::mnist),
                            multi_mnist = Place::sized(bench::multi_mnist),
                            twenty_steps = Place::sized(bench::tetrominoes_in_twenty_steps);

using nwm::WaveMachine, nwm::cell::Wave;

struct NwmTetrominoesLinear {
  static constexpr const char* name = "nwm/tetrominoes/linear";
  template <class B>
  using Machine = WaveMachine<tetrominoes, nwm::readout::Linear, nwm::head::Wide, Wave, B>;
};
struct NwmTetrominoesFft {
  static constexpr const char* name = "nwm/tetrominoes/fft";
  template <class B>
  using Machine = WaveMachine<tetrominoes, nwm::readout::Fft, nwm::head::Wide, Wave, B>;
};
struct NwmTetrominoesLast {
  static constexpr const char* name = "nwm/tetrominoes/last";
  template <class B>
  using Machine = WaveMachine<tetrominoes, nwm::readout::Last, nwm::head::Wide, Wave, B>;
};
struct NwmMnistLinear {
  static constexpr const char* name = "nwm/mnist/linear";
  template <class B>
  using Machine = WaveMachine<mnist, nwm::readout::Linear, nwm::head::Wide, Wave, B>;
};
struct NwmMultiMnistLinear {
  static constexpr const char* name = "nwm/multi_mnist/linear";
  template <class B>
  using Machine = WaveMachine<multi_mnist, nwm::readout::Linear, nwm::head::Narrow, Wave, B>;
};
/// The same, keeping the state every 10 steps.
struct NwmMultiMnistEvery10 {
  static constexpr const char* name = "nwm/multi_mnist/linear_every10";
  template <class B>
  using Machine = WaveMachine<multi_mnist, nwm::readout::Linear, nwm::head::Narrow, Wave, B, float,
                              nwm::checkpointing::Every<10>>;
};
struct LstmTetrominoesLinear {
  static constexpr const char* name = "lstm/tetrominoes/linear";
  template <class B>
  using Machine = WaveMachine<twenty_steps, nwm::readout::Linear, nwm::head::Wide, nwm::cell::Lstm, B>;
};
struct CnnTetrominoes16 {
  static constexpr const char* name = "cnn/tetrominoes/16";
  template <class B>
  using Machine = nwm::Cnn<tetrominoes, 16, nwm::head::Wide, B>;
};
struct UNetMultiMnist4 {
  static constexpr const char* name = "unet/multi_mnist/4";
  template <class B>
  using Machine = nwm::UNet<multi_mnist, 4, B>;
};

}  // namespace device_bench
