// Tables of loops that hold the same values one turn apart.
#pragma once

#include "ir/program.h"

namespace thimble {

// The state that a turn reads is what the turn before has written, so the scales of the one are
// those of the other, one turn later:
//
//   read     s0 s1 s2 ... s98 s99        one table:  s0 s1 s2 ... s98 s99 s100
//   written  s1 s2 s3 ... s99 s100       read from 0 on, written from 1 on
//
// Of two tables that a loop moves through, the second becomes a part of the first.
void join_tables(Program& program);

}  // namespace thimble
