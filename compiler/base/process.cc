#include "base/process.h"

#include "base/error.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace thimble {

namespace {

// Reads both pipes until the program has closed them or the time is up. True: in time.
bool drain(int out_fd, int err_fd, double timeout_s, ProcessResult& result)
{
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::duration<double>(timeout_s);
    pollfd fds[2] = {{out_fd, POLLIN, 0}, {err_fd, POLLIN, 0}};
    std::string* const texts[2] = {&result.output, &result.error_output};
    int open_count = 2;
    while (open_count > 0) {
        const double left_ms =
            std::chrono::duration<double, std::milli>(deadline - std::chrono::steady_clock::now())
                .count();
        if (left_ms <= 0) return false;
        if (poll(fds, 2, static_cast<int>(left_ms) + 1) < 0 && errno != EINTR) return false;
        for (int i = 0; i < 2; ++i) {
            if (fds[i].fd < 0 || fds[i].revents == 0) continue;
            char buffer[65536];
            const ssize_t count = read(fds[i].fd, buffer, sizeof buffer);
            if (count > 0) {
                texts[i]->append(buffer, static_cast<size_t>(count));
            } else {
                fds[i].fd = -1;
                --open_count;
            }
        }
    }
    return true;
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& arguments, double timeout_s,
                          const std::filesystem::path& working_folder)
{
    // The child changes its folder before it is executed, so a path to the program must be
    // absolute.
    const std::string program = arguments[0].find('/') == std::string::npos
                                    ? arguments[0]
                                    : std::filesystem::absolute(arguments[0]).string();
    int out_pipe[2], err_pipe[2];
    THIMBLE_CHECK(pipe2(out_pipe, O_CLOEXEC) == 0 && pipe2(err_pipe, O_CLOEXEC) == 0,
                  "no more pipes");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out_pipe[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err_pipe[1], 2);
    if (!working_folder.empty()) {
        posix_spawn_file_actions_addchdir_np(&actions, working_folder.c_str());
    }
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    pid_t pid = 0;
    const int status = posix_spawnp(&pid, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(out_pipe[1]);
    close(err_pipe[1]);
    ProcessResult result;
    if (status == 0) {
        result.timed_out = !drain(out_pipe[0], err_pipe[0], timeout_s, result);
        if (result.timed_out) kill(pid, SIGKILL);
        int wait_status = 0;
        while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR) {
        }
        result.exit_code =
            WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
    }
    close(out_pipe[0]);
    close(err_pipe[0]);
    require(status == 0, ErrorCode::T0401,
            {arguments[0], std::string("cannot be started: ") + std::strerror(status),
             "an installed program", "thimble doctor"});
    return result;
}

std::optional<std::filesystem::path> find_program(std::string_view program)
{
    namespace fs = std::filesystem;
    if (program.find('/') != std::string_view::npos) {
        if (access(std::string(program).c_str(), X_OK) == 0) return fs::path(program);
        return std::nullopt;
    }
    const char* path = std::getenv("PATH");
    std::string_view rest = path ? path : "";
    while (!rest.empty()) {
        const size_t colon = rest.find(':');
        const fs::path candidate = fs::path(rest.substr(0, colon)) / program;
        if (access(candidate.c_str(), X_OK) == 0) return candidate;
        rest = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
    }
    return std::nullopt;
}

}  // namespace thimble
