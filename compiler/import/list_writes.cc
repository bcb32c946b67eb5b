#include "import/list_writes.h"

#include "formats/tflite_fields.h"

#include <algorithm>
#include <map>
#include <optional>

namespace thimble {

namespace {

class ListWrites {
public:
    explicit ListWrites(TfliteSubgraph& subgraph) : subgraph_(subgraph)
    {
        for (size_t n = 0; n < subgraph.operators.size(); ++n)
            for (const int id : subgraph.operators[n].outputs) writer_[id] = n;
    }

    void rewrite(size_t index)
    {
        TfliteOperator& join = subgraph_.operators[index];
        namespace field = tflite_field::concatenation;
        if (join.name != "CONCATENATION" || join.inputs.size() != 3 || join.outputs.size() != 1 ||
            std::ranges::count(join.inputs, -1) > 0 || join.options.i32(field::axis) != 0 ||
            join.options.i8(field::fused_activation) != 0)
            return;
        const TfliteOperator* before = writer(join.inputs[0], "SLICE", 3);
        const TfliteOperator* after = writer(join.inputs[2], "SLICE", 3);
        if (!before || !after || before->inputs[0] != after->inputs[0]) return;
        const int list = before->inputs[0], value = join.inputs[1];
        if (!is_one_element_of(list, value) || !all(before->inputs[1], 0) ||
            !all(after->inputs[2], -1))
            return;
        // The size of what comes before is [i, -1, ...], the begin of the rest [i + 1, 0, ...].
        const std::optional<Joined> size = joined(before->inputs[2], -1);
        const std::optional<Joined> begin = joined(after->inputs[1], 0);
        if (!size || !begin || !follows(begin->index, size->index)) return;
        // [i, 0, ...], as the operator that made [i, -1, ...] would make it.
        TfliteOperator place = subgraph_.operators[size->join];
        place.inputs[1] = begin->rest;
        subgraph_.tensors.push_back(tensor(place.outputs[0]));
        place.outputs = {static_cast<int>(subgraph_.tensors.size()) - 1};
        unused_.push_back(before->outputs[0]);
        unused_.push_back(after->outputs[0]);
        join.name = "DYNAMIC_UPDATE_SLICE";
        join.builtin_code = tflite_operator_code(join.name);
        join.options = {};
        join.inputs = {list, value, place.outputs[0]};
        added_[join.outputs[0]] = std::move(place);
    }

    // Puts the places before the writes. The slices go, unless somebody else reads them.
    void finish()
    {
        std::vector<TfliteOperator> operators;
        for (TfliteOperator& source : subgraph_.operators) {
            if (source.outputs.size() == 1)
                if (const auto it = added_.find(source.outputs[0]); it != added_.end())
                    operators.push_back(std::move(it->second));
            operators.push_back(std::move(source));
        }
        subgraph_.operators = std::move(operators);
        std::erase_if(subgraph_.operators, [&](const TfliteOperator& candidate) {
            if (candidate.name != "SLICE" || candidate.outputs.size() != 1 ||
                std::ranges::count(unused_, candidate.outputs[0]) == 0)
                return false;
            return !is_read(candidate.outputs[0]);
        });
    }

private:
    struct Joined {
        size_t join;  // the operator that joined index and rest
        int index;    // tensor with one element
        int rest;     // the constant behind it
    };

    const TfliteTensor& tensor(int id) const
    {
        return subgraph_.tensors[static_cast<size_t>(id)];
    }
    const TfliteOperator* writer(int id, std::string_view name, size_t inputs) const
    {
        const auto it = writer_.find(id);
        if (it == writer_.end()) return nullptr;
        const TfliteOperator& found = subgraph_.operators[it->second];
        const bool right = found.name == name && found.inputs.size() == inputs &&
                           found.outputs.size() == 1 &&
                           std::ranges::all_of(found.inputs, [](int i) { return i >= 0; });
        return right ? &found : nullptr;
    }
    // The int32 constant is made of `number` alone.
    bool all(int id, int32_t number) const
    {
        const TfliteTensor& constant = tensor(id);
        if (constant.type != TfliteType::int32 || constant.data.empty() ||
            constant.data.size() % 4 != 0)
            return false;
        for (size_t i = 0; i < constant.data.size(); ++i)
            if (constant.data[i] != static_cast<uint8_t>(number >> (i % 4 * 8))) return false;
        return true;
    }
    bool is_one_element_of(int list, int value) const
    {
        const std::vector<int64_t>&whole = tensor(list).shape, &part = tensor(value).shape;
        return !whole.empty() && whole.size() == part.size() && part[0] == 1 &&
               std::equal(whole.begin() + 1, whole.end(), part.begin() + 1);
    }
    // concatenation(reshape(index), constant of `rest` alone)
    std::optional<Joined> joined(int id, int32_t rest) const
    {
        const TfliteOperator* join = writer(id, "CONCATENATION", 2);
        if (!join || !all(join->inputs[1], rest)) return std::nullopt;
        const TfliteOperator* reshape = writer(join->inputs[0], "RESHAPE", 2);
        if (!reshape || tensor(join->inputs[0]).shape != std::vector<int64_t>{1})
            return std::nullopt;
        return Joined{writer_.at(id), reshape->inputs[0], join->inputs[1]};
    }
    // next = index + 1
    bool follows(int next, int index) const
    {
        const TfliteOperator* add = writer(next, "ADD", 2);
        if (!add) return false;
        return (add->inputs[0] == index && all(add->inputs[1], 1)) ||
               (add->inputs[1] == index && all(add->inputs[0], 1));
    }
    bool is_read(int id) const
    {
        if (std::ranges::count(subgraph_.outputs, id) > 0) return true;
        return std::ranges::any_of(subgraph_.operators, [&](const TfliteOperator& reader) {
            return std::ranges::count(reader.inputs, id) > 0;
        });
    }

    TfliteSubgraph& subgraph_;
    std::map<int, size_t> writer_;  // by tensor: index of its operator
    std::map<int, TfliteOperator> added_;  // by what the write makes: the operator of its place
    std::vector<int> unused_;
};

}  // namespace

void rewrite_list_writes(TfliteSubgraph& subgraph)
{
    ListWrites writes(subgraph);
    for (size_t n = 0; n < subgraph.operators.size(); ++n) writes.rewrite(n);
    writes.finish();
}

}  // namespace thimble
