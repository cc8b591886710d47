#include "copy.hpp"

static const bool added = sequence::add_copy<sequence::CopyControl<100>>("rnn", 100);
