#include "copy.hpp"

static const bool added = sequence::add_copy<sequence::CopyWaves<20>>("wave_rnn", 20);
