#include "copy.hpp"

static const bool added = sequence::add_copy<sequence::CopyControl<20>>("rnn", 20);
