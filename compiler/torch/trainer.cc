#include "torch/trainer.h"

#include "base/error.h"
#include "base/file.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <cmath>
#include <fmt/format.h>
#include <memory>
#include <sstream>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim.h>
#include <torch/serialize.h>

namespace thimble {

namespace fs = std::filesystem;

namespace {

constexpr size_t kScoreBatch = 256;

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const TrainOptions& options,
                                                        std::vector<torch::Tensor> weights)
{
    using namespace torch::optim;
    if (options.optimizer == "sgd")
        return std::make_unique<SGD>(
            std::move(weights),
            SGDOptions(options.rate).momentum(options.momentum).weight_decay(options.decay));
    if (options.optimizer == "rmsprop")
        return std::make_unique<RMSprop>(std::move(weights),
                                         RMSpropOptions(options.rate).weight_decay(options.decay));
    if (options.optimizer == "adamw")
        return std::make_unique<AdamW>(std::move(weights),
                                       AdamWOptions(options.rate).weight_decay(options.decay));
    return std::make_unique<Adam>(std::move(weights),
                                  AdamOptions(options.rate).weight_decay(options.decay));
}

std::vector<torch::Tensor> copies(const std::vector<torch::Tensor>& tensors)
{
    std::vector<torch::Tensor> result;
    for (const torch::Tensor& tensor : tensors) result.push_back(tensor.detach().clone());
    return result;
}

void assign(std::vector<torch::Tensor>& tensors, const std::vector<torch::Tensor>& values)
{
    const torch::NoGradGuard no_gradients;
    for (size_t i = 0; i < tensors.size(); ++i) tensors[i].copy_(values[i]);
}

bool is_better(const Score& score, const Score& best)
{
    if (best.samples == 0 || score.share_right() > best.share_right()) return true;
    return score.share_right() == best.share_right() && score.mean_loss() < best.mean_loss();
}

class Training {
public:
    Training(Task& task, const TrainRun& run)
        : task_(task), run_(run), optimizer_(make_optimizer(run.options, task.weights()))
    {
        state_ = task.weights();
        state_.insert(state_.end(), task.statistics().begin(), task.statistics().end());
        best_ = copies(state_);
        if (averaged()) mean_ = copies(state_);
        if (run.first_counts)
            task_.score(run.validation.empty() ? run.train : run.validation, best_score_);
        if (run.resume) load();
    }

    History go()
    {
        for (int64_t epoch = next_epoch(); epoch <= run_.options.epochs && !out_of_patience();
             ++epoch) {
            Epoch done = trained(epoch);
            if (stopped()) {
                history_.interrupted = true;
                break;
            }
            judge(done);
            history_.epochs.push_back(done);
            save();
            if (run_.ended) run_.ended(done);
        }
        assign(state_, best_);
        return history_;
    }

private:
    int64_t next_epoch() const
    {
        return history_.epochs.empty() ? 1 : history_.epochs.back().number + 1;
    }
    bool stopped() const { return run_.stop && *run_.stop != 0; }
    bool out_of_patience() const
    {
        return run_.options.patience > 0 &&
               next_epoch() - 1 - history_.best >= run_.options.patience;
    }
    bool averaged() const { return run_.options.average > 0; }

    // Moves the mean of the weights towards those behind this step. Where steps go to and fro about
    // a minimum, their mean lies nearer to it (Polyak and Juditsky 1992); the first ones count as
    // in a plain mean, or the weights that training began with would stay in it for long.
    void average()
    {
        if (!averaged()) return;
        const torch::NoGradGuard no_gradients;
        const auto before = static_cast<double>(steps_++);
        const double keep = std::min(run_.options.average, before / (before + 10));
        for (size_t i = 0; i < mean_.size(); ++i) mean_[i].lerp_(state_[i], 1 - keep);
    }

    // Scores an epoch, with the mean of the weights if there is one, and keeps the best.
    void judge(Epoch& done)
    {
        std::vector<torch::Tensor> own;
        if (averaged()) {
            own = copies(state_);
            assign(state_, mean_);
        }
        task_.score(run_.validation, done.validation);
        if (is_better(done.judged(), best_score_)) {
            best_score_ = done.judged();
            history_.best = done.number;
            best_ = copies(state_);
        }
        if (averaged()) assign(state_, own);
    }

    Epoch trained(int64_t number)
    {
        Epoch epoch{.number = number, .rate = rate_of(run_.options, number - 1)};
        for (auto& group : optimizer_->param_groups()) group.options().set_lr(epoch.rate);
        const uint64_t seed = run_.options.seed * 1'000'003 + static_cast<uint64_t>(number);
        at::manual_seed(seed);
        task_.begin_epoch(static_cast<double>(number - 1) /
                          static_cast<double>(run_.options.epochs));
        std::vector<int64_t> order = run_.train;
        const auto batch = static_cast<size_t>(run_.options.batch);
        SplitMix64 random(seed);
        random.shuffle(order);
        task_.arrange(order, batch, random);
        for (size_t at = 0; at < order.size() && !stopped(); at += batch) {
            const size_t count = std::min(batch, order.size() - at);
            const torch::Tensor loss = task_.loss({order.data() + at, count}, true, epoch.train);
            require(std::isfinite(loss.item<double>()), ErrorCode::T0108,
                    {fmt::format("epoch {}", number), "the loss is no number any more",
                     "a loss that falls", "[train] rate = a tenth of it, or clip = 1"});
            optimizer_->zero_grad();
            loss.backward();
            if (run_.options.clip > 0)
                torch::nn::utils::clip_grad_norm_(task_.weights(), run_.options.clip);
            optimizer_->step();
            average();
            if (run_.going)
                run_.going(number,
                           static_cast<double>(at + count) / static_cast<double>(order.size()),
                           epoch.train);
        }
        return epoch;
    }

    // ---- checkpoints ----

    void save() const
    {
        if (run_.checkpoint.empty()) return;
        torch::serialize::OutputArchive archive;
        archive.write("fingerprint", c10::IValue(run_.fingerprint));
        if (!run_.origin.empty()) archive.write("origin", c10::IValue(run_.origin));
        archive.write("best", torch::tensor(history_.best));
        write(archive, "state", state_);
        write(archive, "best_state", best_);
        write(archive, "mean", mean_);
        archive.write("steps", torch::tensor(steps_));
        std::vector<double> epochs;
        for (const Epoch& epoch : history_.epochs)
            for (const double value :
                 {static_cast<double>(epoch.number), epoch.rate, epoch.train.loss,
                  epoch.train.right, epoch.train.samples, epoch.validation.loss,
                  epoch.validation.right, epoch.validation.samples})
                epochs.push_back(value);
        archive.write("epochs", torch::tensor(epochs, torch::kFloat64));
        torch::serialize::OutputArchive optimizer;
        optimizer_->save(optimizer);
        archive.write("optimizer", optimizer);
        std::ostringstream bytes;
        archive.save_to(bytes);
        write_file(run_.checkpoint, bytes.str());
    }

    static void write(torch::serialize::OutputArchive& archive, const std::string& name,
                      const std::vector<torch::Tensor>& tensors)
    {
        for (size_t i = 0; i < tensors.size(); ++i)
            archive.write(fmt::format("{}_{}", name, i), tensors[i].detach());
    }

    void read(torch::serialize::InputArchive& archive, const std::string& name,
              std::vector<torch::Tensor>& tensors) const
    {
        std::vector<torch::Tensor> values(tensors.size());
        for (size_t i = 0; i < tensors.size(); ++i)
            archive.read(fmt::format("{}_{}", name, i), values[i]);
        for (size_t i = 0; i < tensors.size(); ++i)
            if (values[i].sizes() != tensors[i].sizes()) refuse("has other weights");
        assign(tensors, values);
    }

    static std::string text(torch::serialize::InputArchive& archive, const std::string& name)
    {
        c10::IValue value;
        archive.read(name, value);
        return value.toStringRef();
    }

    [[noreturn]] void refuse(const std::string& found) const
    {
        fail(ErrorCode::T0107,
             {run_.checkpoint.string(), found, "the checkpoint of this project, as it is now",
              run_.to_begin_anew});
    }

    void load()
    {
        require(fs::exists(run_.checkpoint), ErrorCode::T0101,
                {run_.checkpoint.string(), "is not there", "the checkpoint of an earlier run",
                 run_.to_begin_anew});
        try {
            torch::serialize::InputArchive archive;
            archive.load_from(run_.checkpoint.string());
            if (text(archive, "fingerprint") != run_.fingerprint)
                refuse("is of other data, layers or settings");
            if (!run_.origin.empty() && text(archive, "origin") != run_.origin) return;
            torch::Tensor best, steps, epochs;
            archive.read("best", best);
            history_.best = best.item<int64_t>();
            archive.read("steps", steps);
            steps_ = steps.item<int64_t>();
            read(archive, "mean", mean_);
            read(archive, "best_state", best_);
            read(archive, "state", state_);
            archive.read("epochs", epochs);
            read_epochs(epochs);
            torch::serialize::InputArchive optimizer;
            archive.read("optimizer", optimizer);
            optimizer_->load(optimizer);
        } catch (const c10::Error&) {
            refuse("is no checkpoint, or broken");
        }
    }

    void read_epochs(const torch::Tensor& table)
    {
        const auto rows = table.reshape({-1, 8});
        const auto at = [&](int64_t row, int64_t column) {
            return rows[row][column].item<double>();
        };
        for (int64_t row = 0; row < rows.size(0); ++row) {
            history_.epochs.push_back({static_cast<int64_t>(at(row, 0)),
                                       at(row, 1),
                                       {at(row, 2), at(row, 3), at(row, 4)},
                                       {at(row, 5), at(row, 6), at(row, 7)}});
            if (history_.epochs.back().number == history_.best)
                best_score_ = history_.epochs.back().judged();
        }
    }

    Task& task_;
    const TrainRun& run_;
    std::unique_ptr<torch::optim::Optimizer> optimizer_;
    std::vector<torch::Tensor> state_;  // weights, then statistics: the task's own tensors
    std::vector<torch::Tensor> best_;   // of each
    std::vector<torch::Tensor> mean_;   // of each, if averaged
    int64_t steps_ = 0;                 // in the mean
    Score best_score_;
    History history_;
};

}  // namespace

void Task::score(std::span<const int64_t> samples, Score& score)
{
    const torch::NoGradGuard no_gradients;
    for (size_t at = 0; at < samples.size(); at += kScoreBatch)
        loss(samples.subspan(at, std::min(kScoreBatch, samples.size() - at)), false, score);
}

History train(Task& task, const TrainRun& run)
{
    at::set_num_threads(1);
    return Training(task, run).go();
}

}  // namespace thimble
