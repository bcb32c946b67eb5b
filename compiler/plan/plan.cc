#include "plan/plan.h"

#include "base/error.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace thimble {

namespace {

// What is placed: one buffer, or several that start at the same byte because one is computed in
// place over the other.
struct Block {
    int64_t bytes = 0;
    int64_t alignment = 1;
    int first_step = 0;
    int last_step = 0;
    std::vector<int> buffers;
    int64_t offset = 0;
};

int64_t align_up(int64_t value, int64_t alignment)
{
    return (value + alignment - 1) / alignment * alignment;
}

bool live_together(const Block& a, const Block& b)
{
    return a.first_step <= b.last_step && b.first_step <= a.last_step;
}

// One block per work buffer; then a buffer written in place joins the block of one that dies there.
std::vector<Block> make_blocks(const Program& program)
{
    std::vector<Block> blocks;
    std::vector<int> block_of(program.buffers.size(), -1);
    for (size_t i = 0; i < program.buffers.size(); ++i) {
        const Buffer& buffer = program.buffers[i];
        if (buffer.place != Place::work || buffer.bytes == 0) continue;
        block_of[i] = static_cast<int>(blocks.size());
        blocks.push_back({buffer.bytes,
                          buffer.alignment,
                          buffer.first_step,
                          buffer.last_step,
                          {static_cast<int>(i)},
                          0});
    }
    for (size_t i = 0; i < program.buffers.size(); ++i) {
        const Buffer& buffer = program.buffers[i];
        for (const int from : buffer.may_start_at) {
            const int source = block_of[static_cast<size_t>(from)];
            const int own = block_of[i];
            if (source < 0 || own < 0 || source == own) continue;
            Block& target = blocks[static_cast<size_t>(source)];
            Block& moved = blocks[static_cast<size_t>(own)];
            if (target.last_step != moved.first_step || target.buffers.empty()) continue;
            if (program.buffers[static_cast<size_t>(from)].last_step != buffer.first_step) continue;
            target.bytes = std::max(target.bytes, moved.bytes);
            target.alignment = std::max(target.alignment, moved.alignment);
            target.last_step = moved.last_step;
            for (const int member : moved.buffers) {
                target.buffers.push_back(member);
                block_of[static_cast<size_t>(member)] = source;
            }
            moved.buffers.clear();
        }
    }
    std::erase_if(blocks, [](const Block& block) { return block.buffers.empty(); });
    return blocks;
}

// Lowest aligned offset where `block` fits beside those of `placed` that live with it.
int64_t lowest_fit(const Block& block, const std::vector<const Block*>& placed)
{
    std::vector<const Block*> rivals;
    for (const Block* other : placed)
        if (live_together(block, *other)) rivals.push_back(other);
    std::ranges::sort(rivals, {}, &Block::offset);
    int64_t at = 0;
    for (const Block* rival : rivals) {
        if (at + block.bytes <= rival->offset) break;
        at = std::max(at, align_up(rival->offset + rival->bytes, block.alignment));
    }
    return at;
}

int64_t place_in_order(std::vector<Block>& blocks, const std::vector<size_t>& order)
{
    std::vector<const Block*> placed;
    int64_t top = 0;
    for (const size_t i : order) {
        blocks[i].offset = lowest_fit(blocks[i], placed);
        top = std::max(top, blocks[i].offset + blocks[i].bytes);
        placed.push_back(&blocks[i]);
    }
    return top;
}

int64_t lower_bound_of(const std::vector<Block>& blocks)
{
    int64_t bound = 0;
    for (const Block& at : blocks) {
        int64_t live = 0;
        for (const Block& block : blocks)
            if (block.first_step <= at.first_step && at.first_step <= block.last_step)
                live += block.bytes;
        bound = std::max(bound, live);
    }
    return bound;
}

// Every optimal plan can be pushed down until each block lies at 0 or on top of another; placing
// the blocks in order of offset, each at its lowest fit, reaches such a plan. The search runs over
// orders.
class Search {
public:
    Search(std::vector<Block>& blocks, int64_t best, int64_t bound, int64_t nodes_max)
        : blocks_(blocks), best_(best), bound_(bound), nodes_left_(nodes_max)
    {
        for (const Block& block : blocks) best_offsets_.push_back(block.offset);
        // A node tries every block against every other one; the budget is for 32 of them.
        const auto many = static_cast<int64_t>(blocks.size() / 32);
        node_cost_ = std::max<int64_t>(1, many * many * many);
    }

    void run()
    {
        std::vector<const Block*> placed;
        std::vector<bool> used(blocks_.size(), false);
        descend(placed, used, 0, 0);
        for (size_t i = 0; i < blocks_.size(); ++i) blocks_[i].offset = best_offsets_[i];
    }
    int64_t best() const { return best_; }
    bool complete() const { return best_ == bound_ || nodes_left_ > 0; }

private:
    void descend(std::vector<const Block*>& placed, std::vector<bool>& used, int64_t top,
                 int64_t last_offset)
    {
        nodes_left_ -= node_cost_;
        if (best_ == bound_ || nodes_left_ <= 0) return;
        if (placed.size() == blocks_.size()) {
            best_ = top;
            for (size_t i = 0; i < blocks_.size(); ++i) best_offsets_[i] = blocks_[i].offset;
            return;
        }
        for (size_t i = 0; i < blocks_.size(); ++i) {
            if (used[i]) continue;
            Block& block = blocks_[i];
            block.offset = lowest_fit(block, placed);
            // Orders of increasing offset only: any plan can be listed so.
            if (block.offset < last_offset || std::max(top, block.offset + block.bytes) >= best_)
                continue;
            used[i] = true;
            placed.push_back(&block);
            descend(placed, used, std::max(top, block.offset + block.bytes), block.offset);
            placed.pop_back();
            used[i] = false;
            if (best_ == bound_ || nodes_left_ <= 0) return;
        }
    }

    std::vector<Block>& blocks_;
    std::vector<int64_t> best_offsets_;
    int64_t best_;
    int64_t bound_;
    int64_t nodes_left_;
    int64_t node_cost_ = 1;
};

// Best of several greedy orders: by size, by size times life, by first step.
int64_t place_greedily(std::vector<Block>& blocks)
{
    const auto area = [](const Block& b) { return b.bytes * (b.last_step - b.first_step + 1); };
    int64_t best = std::numeric_limits<int64_t>::max();
    std::vector<int64_t> best_offsets;
    for (int rule = 0; rule < 3; ++rule) {
        std::vector<size_t> order(blocks.size());
        std::iota(order.begin(), order.end(), size_t{0});
        std::ranges::stable_sort(order, [&](size_t x, size_t y) {
            const Block &a = blocks[x], &b = blocks[y];
            if (rule == 0) return a.bytes > b.bytes;
            if (rule == 1) return area(a) > area(b);
            return a.first_step < b.first_step;
        });
        const int64_t top = place_in_order(blocks, order);
        if (top >= best) continue;
        best = top;
        best_offsets.clear();
        for (const Block& block : blocks) best_offsets.push_back(block.offset);
    }
    for (size_t i = 0; i < blocks.size(); ++i) blocks[i].offset = best_offsets[i];
    return best;
}

void plan_work(Program& program, const PlanOptions& options)
{
    std::vector<Block> blocks = make_blocks(program);
    program.work_bytes_lower_bound = lower_bound_of(blocks);
    program.work_bytes = 0;
    program.plan_is_optimal = true;
    if (blocks.empty()) return;
    std::ranges::stable_sort(blocks,
                             [](const Block& a, const Block& b) { return a.bytes > b.bytes; });
    program.work_bytes = place_greedily(blocks);
    if (program.work_bytes > program.work_bytes_lower_bound) {
        Search search(blocks, program.work_bytes, program.work_bytes_lower_bound,
                      options.search_nodes_max);
        search.run();
        program.work_bytes = search.best();
        program.plan_is_optimal = search.complete();
    }
    for (const Block& block : blocks)
        for (const int buffer : block.buffers)
            program.buffers[static_cast<size_t>(buffer)].offset = block.offset;
}

}  // namespace

void plan_memory(Program& program, const PlanOptions& options)
{
    plan_work(program, options);
    std::vector<Buffer*> states;
    for (Buffer& buffer : program.buffers) {
        if (buffer.bytes == 0) buffer.offset = 0;
        else if (buffer.place == Place::state) states.push_back(&buffer);
    }
    std::ranges::stable_sort(states, [](const Buffer* a, const Buffer* b) {
        if (a->per_sequence != b->per_sequence) return a->per_sequence;
        if (a->of_stream != b->of_stream) return b->of_stream;
        return a->alignment > b->alignment;
    });
    int64_t top = 0;
    program.sequence_bytes = program.tick_state_bytes = 0;
    for (Buffer* buffer : states) {
        buffer->offset = align_up(top, buffer->alignment);
        top = buffer->offset + buffer->bytes;
        if (buffer->per_sequence) program.sequence_bytes = top;
        if (!buffer->of_stream) program.tick_state_bytes = top;
    }
    program.state_bytes = top;
    for (const Buffer& buffer : program.buffers)
        THIMBLE_CHECK(buffer.offset >= 0, buffer.name + " has no place");
}

}  // namespace thimble
