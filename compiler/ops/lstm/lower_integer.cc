// Integer LSTM to kernel calls.
#include "ops/lstm/lstm.h"

namespace thimble {

void lower_lstm_integer(LowerContext&)
{
    fail(ErrorCode::T0201, {"", "an integer LSTM is not compiled yet", "a float LSTM",
                            "`thimble run --engine oracle` evaluates it"});
}

}  // namespace thimble
