// Small models for the tests of the formats, written by write_tflite().
#pragma once

#include "formats/tflite_writer.h"

namespace thimble {

// y = relu(W x + b): int8 [1, 4] -> [1, 3], weights with one scale per output.
inline TfliteDraft dense_draft()
{
    namespace field = tflite_field::fully_connected;
    const std::vector<uint8_t> weights = {1, 2, 3, 4, 0xFF, 0xFE, 0xFD, 0xFC, 10, 0xF6, 10, 0xF6};
    const std::vector<uint8_t> bias = {100, 0, 0, 0, 0x9C, 0xFF, 0xFF, 0xFF, 0, 1, 0, 0};
    TfliteDraft draft;
    draft.subgraphs.push_back({
        .tensors =
            {
                {.name = "x", .type = TfliteType::int8, .shape = {1, 4},
                 .shape_signature = {-1, 4}, .scales = {0.5f}, .zero_points = {-3}},
                {.name = "w", .type = TfliteType::int8, .shape = {3, 4},
                 .scales = {0.25f, 0.125f, 0.5f}, .zero_points = {0, 0, 0}, .data = weights},
                {.name = "b", .type = TfliteType::int32, .shape = {3},
                 .scales = {0.125f, 0.0625f, 0.25f}, .zero_points = {0, 0, 0}, .data = bias},
                {.name = "y", .type = TfliteType::int8, .shape = {1, 3}, .scales = {1.5f},
                 .zero_points = {-128}},
            },
        .inputs = {0},
        .outputs = {3},
        .operators = {{.name = "FULLY_CONNECTED", .version = 4, .inputs = {0, 1, 2}, .outputs = {3},
                       .options = {{field::fused_activation,
                                    int8_t{tflite_field::kActivationRelu}}}}},
    });
    draft.signatures.push_back({"serving_default", 0, {{"x", 0}}, {{"y", 3}}});
    draft.metadata.push_back({"note", {1, 2, 3}});
    return draft;
}

// Every kind of field: two subgraphs, custom and StableHLO operators, strings, int4, variables.
inline TfliteDraft varied_draft()
{
    namespace composite = tflite_field::stablehlo_composite;
    TfliteDraft draft;
    draft.subgraphs.push_back({
        .tensors = {{.name = "x", .shape = {2, 3}},
                    {.name = "nibbles", .type = TfliteType::int4, .shape = {3}, .scales = {1},
                     .zero_points = {0}, .data = {0x21, 0x03}},
                    {.name = "kept", .shape = {2, 3}, .is_variable = true},
                    {.name = "handle", .type = TfliteType::resource},
                    {.name = "shape", .type = TfliteType::int32, .shape = {1},
                     .data = {6, 0, 0, 0}},
                    {.name = "y", .shape = {6}}},
        .inputs = {0},
        .outputs = {5},
        .operators =
            {{.name = "CUSTOM:Mine", .inputs = {0, -1}, .outputs = {2}, .intermediates = {1},
              .custom_options = {0, 0, 1, 0, 0, 0x24, 1},
              .mutating_variable_inputs = {true, false}},
             {.name = "VAR_HANDLE", .outputs = {3},
              .options = {{tflite_field::var_handle::shared_name, std::string("v")}}},
             {.name = "STABLEHLO_COMPOSITE", .inputs = {0}, .outputs = {2},
              .options = {{composite::name, std::string("odml.thing")},
                          {composite::decomposition_subgraph_index, 1}}},
             {.name = "RESHAPE", .inputs = {2, 4}, .outputs = {5},
              .options = {{tflite_field::reshape::new_shape, std::vector<int32_t>{6}}}},
             {.name = "BUILTIN_217", .inputs = {0}, .outputs = {2}}},
    });
    draft.subgraphs.push_back({
        .name = "decomposition",
        .tensors = {{.name = "x", .shape = {2, 3}}, {.name = "y", .shape = {2, 3}}},
        .inputs = {0},
        .outputs = {1},
        .operators = {{.name = "GELU", .inputs = {0}, .outputs = {1},
                       .options = {{tflite_field::gelu::approximate, true}}}},
    });
    return draft;
}

}  // namespace thimble
