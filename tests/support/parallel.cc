#include "parallel.h"

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

namespace thimble {

void run_jobs(const std::vector<std::vector<std::string>>& jobs, int parallel, double timeout_s,
              const std::function<void(size_t, const ProcessResult&)>& done)
{
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    std::vector<std::optional<ProcessResult>> results(jobs.size());
    std::mutex mutex;
    std::condition_variable finished;
    std::atomic<size_t> next = 0;
    const auto work = [&] {
        for (size_t job = next++; job < jobs.size(); job = next++) {
            std::vector<std::string> command = {self};
            command.insert(command.end(), jobs[job].begin(), jobs[job].end());
            ProcessResult result = run_process(command, timeout_s);
            const std::lock_guard lock(mutex);
            results[job] = std::move(result);
            finished.notify_one();
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < parallel; ++i) threads.emplace_back(work);
    for (size_t job = 0; job < jobs.size(); ++job) {
        std::unique_lock lock(mutex);
        finished.wait(lock, [&] { return results[job].has_value(); });
        const ProcessResult result = std::move(*results[job]);
        lock.unlock();
        done(job, result);
    }
    for (std::thread& thread : threads) thread.join();
}

}  // namespace thimble
