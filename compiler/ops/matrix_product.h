// Calls of the batch_matmul kernels, for batch_matmul and for dense layers whose weights are
// computed.
#pragma once

#include "ops/weights.h"

#include <array>

namespace thimble {

// out[b][r][c] = sum_k x[b][r][k] * y[b][k][c]; up to three batch dimensions.
struct MatrixProduct {
    std::array<int64_t, 3> batches = {1, 1, 1};
    std::array<int64_t, 3> x_steps = {0, 0, 0};  // elements to the next matrix, 0: repeated
    std::array<int64_t, 3> y_steps = {0, 0, 0};
    int64_t rows = 0, depth = 0, columns = 0;
    bool adj_x = false, adj_y = false;
    double macs() const;
};

// What the integer kernels need besides the two operands, node inputs 0 and 1.
struct ProductScaling {
    std::vector<int64_t> bias;  // [c] or empty
    RequantTables requant;
    bool wide_multiply = false;
    StoredClamp clamp = {0, 0};
};

// int8 x int8 or int16 x int16, int8.
void lower_product_integer(LowerContext& context, const MatrixProduct& product,
                           const ProductScaling& scaling);
void lower_product_f32(LowerContext& context, const MatrixProduct& product);

}  // namespace thimble
