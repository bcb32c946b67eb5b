#include "plan/join_tables.h"

#include <algorithm>
#include <map>

namespace thimble {

namespace {

// Calls `use` for every argument that is a table.
template <typename Use>
void for_each_table(Program& program, const Use& use)
{
    for (Step& step : program.steps)
        for (KernelCall& call : step.calls)
            for (Arg& arg : call.args)
                if (arg.kind == Arg::Kind::table) use(arg);
    for (auto& [tensor, arg] : program.views)
        if (arg.kind == Arg::Kind::table) use(arg);
}

// Bytes by which each table moves on with every turn of the one loop around; 0: not so simple.
std::vector<int64_t> steps_of_tables(Program& program)
{
    std::vector<int64_t> bytes(program.tables.size(), -1);
    for_each_table(program, [&](const Arg& arg) {
        const int64_t moves = arg.strides.size() == 1 ? arg.strides[0].bytes : 0;
        int64_t& known = bytes[static_cast<size_t>(arg.index)];
        known = known == -1 || known == moves ? moves : 0;
    });
    return bytes;
}

bool goes_on(const Table& first, const Table& second, size_t step)
{
    return first.c_type == second.c_type && first.is_weight == second.is_weight &&
           first.bytes.size() == second.bytes.size() && first.bytes.size() > 2 * step &&
           std::equal(second.bytes.begin(), second.bytes.end() - static_cast<std::ptrdiff_t>(step),
                      first.bytes.begin() + static_cast<std::ptrdiff_t>(step));
}

}  // namespace

void join_tables(Program& program)
{
    const std::vector<int64_t> moves = steps_of_tables(program);
    std::map<int, int> joined;  // table -> the one that it is now a part of
    std::vector<bool> taken(program.tables.size(), false);
    for (size_t a = 0; a < moves.size(); ++a) {
        for (size_t b = 0; b < moves.size(); ++b) {
            if (a == b || moves[a] <= 0 || moves[b] != moves[a] || taken[a] || taken[b]) continue;
            Table& first = program.tables[a];
            Table& second = program.tables[b];
            const auto step = static_cast<std::ptrdiff_t>(moves[a]);
            if (!goes_on(first, second, static_cast<size_t>(step))) continue;
            first.bytes.insert(first.bytes.end(), second.bytes.end() - step, second.bytes.end());
            first.purpose += " and, a turn later, " + second.purpose;
            second.bytes.clear();
            taken[a] = taken[b] = true;
            joined[static_cast<int>(b)] = static_cast<int>(a);
        }
    }
    for_each_table(program, [&](Arg& arg) {
        const auto at = joined.find(arg.index);
        if (at == joined.end()) return;
        arg.offset += moves[static_cast<size_t>(at->second)];
        arg.index = at->second;
    });
}

}  // namespace thimble
