// Text classifiers with seeded weights: an average of embeddings, and a recurrent one.
#pragma once

#include "draft_builder.h"
#include "formats/tflite_fields.h"

#include <random>
#include <string>

namespace thimble {

struct AverageModel {
    int64_t words = 16, rows = 4097, width = 16, outputs = 1;
    bool int8_table = false;   // rows dequantised after the look-up, as hybrid files do
    bool float_ids = true;     // the input is float32 and CAST
    std::string activation;    // of the last layer: "LOGISTIC", "SOFTMAX", or none
    bool relu_before = false;  // an activation between average and dense layer
};

inline TfliteDraft average_draft(const AverageModel& model, uint32_t seed = 1)
{
    std::mt19937 random(seed);
    const auto weights = [&](int64_t count, float scale) {
        std::vector<float> values;
        for (int64_t i = 0; i < count; ++i)
            values.push_back(scale * (static_cast<float>(random() % 2001) / 1000.0f - 1.0f));
        return values;
    };
    DraftBuilder draft;
    int ids = 0;
    if (model.float_ids) {
        const int input = draft.input("ids", {1, model.words});
        ids = draft.op("CAST", {input}, {1, model.words});
        draft.set_type(ids, TfliteType::int32);
    } else {
        ids = draft.whole_input("ids", {1, model.words});
    }
    const int table =
        draft.constant({model.rows, model.width}, weights(model.rows * model.width, 0.05f));
    if (model.int8_table) draft.quantise(table, 0.05f / 127);
    int rows = draft.op("GATHER", {table, ids}, {1, model.words, model.width});
    if (model.int8_table) {
        draft.quantise(rows, 0.05f / 127);
        rows = draft.op("DEQUANTIZE", {rows}, {1, model.words, model.width});
    }
    const int axis = draft.whole({1}, {1});
    int value = draft.op("MEAN", {rows, axis}, {1, model.width});
    if (model.relu_before) value = draft.op("RELU", {value}, {1, model.width});
    const int dense =
        draft.constant({model.outputs, model.width}, weights(model.outputs * model.width, 1.0f));
    const int bias = draft.constant({model.outputs}, weights(model.outputs, 0.1f));
    value = draft.op("FULLY_CONNECTED", {value, dense, bias}, {1, model.outputs});
    if (!model.activation.empty()) {
        std::vector<TfliteOption> options;
        if (model.activation == "SOFTMAX") options = {{tflite_field::softmax::beta, 1.0f}};
        value = draft.op(model.activation, {value}, {1, model.outputs}, options);
    }
    TfliteDraft result;
    result.subgraphs.push_back(draft.finish({value}));
    return result;
}

// The same in int8 throughout: rows, their mean, a dense layer without bias, the logistic function.
inline TfliteDraft int8_average_draft(const AverageModel& model, int64_t axis = 1)
{
    std::mt19937 random(3);
    const auto weights = [&](int64_t count) {
        std::vector<float> values;
        for (int64_t i = 0; i < count; ++i)
            values.push_back(static_cast<float>(random() % 255) - 127.0f);
        return values;
    };
    DraftBuilder draft;
    const int ids = draft.whole_input("ids", {1, model.words});
    const int table = draft.constant({model.rows, model.width}, weights(model.rows * model.width));
    draft.quantise(table, 1.0f, 7);
    const int rows = draft.op("GATHER", {table, ids}, {1, model.words, model.width});
    draft.quantise(rows, 1.0f, 7);
    int value =
        draft.op("MEAN", {rows, draft.whole({1}, {static_cast<int32_t>(axis)})}, {1, model.width});
    draft.quantise(value, 0.4f, -5);
    const int dense =
        draft.constant({model.outputs, model.width}, weights(model.outputs * model.width));
    draft.quantise(dense, 1.0f);
    value = draft.op("FULLY_CONNECTED", {value, dense}, {1, model.outputs});
    draft.quantise(value, 40.0f, 11);
    TfliteDraft result;
    result.subgraphs.push_back(draft.finish({value}));
    return result;
}

}  // namespace thimble
