#include "copy.hpp"

static const bool added = sequence::add_copy<sequence::CopyWaves<100>>("wave_rnn", 100);
