// Measures models on emulated targets: thimble_measure [--verify CASES] TARGET MODEL...
//
// One line of JSON per model: what `profile` measures, and with --verify the outputs compared with
// the oracle. bench/run.sh makes the table of the README from it.
#include "base/error.h"
#include "compile.h"
#include "emit/c_source.h"
#include "import/import.h"
#include "verify/profile.h"
#include "verify/verify.h"

#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace thimble
{

static nlohmann::json measure(const std::string& path, const ResolvedTarget& target, int cases, bool layers)
{
    const Graph graph = import_model(path);
    CompileOptions options;
    options.name = c_identifier(std::filesystem::path(path).stem().string());
    options.target = target.facts;
    const Program program = compile(graph, options);
    nlohmann::json line = {{"model", std::filesystem::path(path).stem().string()}, {"target", target.name}};
    if (cases > 0) {
        const VerifyReport report = verify(graph, program, target, Match::tflm, make_cases(graph, cases, 1), {});
        line["outputs_compared"] = report.outputs_compared;
        line["bit_exact"] = report.bit_exact;
    }
    const Profile result = profile(program, target);
    line["unit"] = result.unit;
    line["total"] = result.total;
    line["flash_code"] = result.flash_code;
    line["flash_weights"] = result.flash_weights;
    line["ram_total"] = result.ram_total();
    line["stack"] = result.stack;
    if (layers)
        for (const LayerCost& layer : result.layers)
            line["layers"].push_back(fmt::format("{} {} {} macs {} total {}", layer.name.substr(0, 40), layer.op, layer.kernel, layer.macs, layer.total));
    return line;
}

static int main_of(const std::vector<std::string>& arguments)
{
    int cases = 0;
    bool layers = false, exact = true;
    size_t at = 0;
    for (; at < arguments.size() && arguments[at].starts_with("--"); ++at) {
        if (arguments[at] == "--verify") cases = std::atoi(arguments.at(++at).c_str());
        if (arguments[at] == "--layers") layers = true;
    }
    const ResolvedTarget target = find_target(arguments.at(at++));
    for (; at < arguments.size(); ++at) {
        const nlohmann::json line = measure(arguments[at], target, cases, layers);
        exact = exact && line.value("bit_exact", true);
        std::cout << line.dump(layers ? 1 : -1) << std::endl;
    }
    return exact ? 0 : 3;
}

} // namespace thimble

int main(int count, char** arguments)
{
    try {
        return thimble::main_of({arguments + 1, arguments + count});
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
