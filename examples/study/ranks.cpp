#include "ranks.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "nwm/backend/threads.hpp"

namespace study {
namespace {

using nwm::mpi::Communicator;

// What another rank tells rank 0: its numbers, then texts. Rank 0 answers with one number.
enum Kind : std::int64_t { wants, loaded, ends, fails };
constexpr int question = 0, answer = 1, words = 2;
struct Message {
  std::int64_t kind = wants, run = -1, milliseconds = 0;
};

void rest() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

void send_to_first(const Communicator& ranks, const Message& m) {
  const std::array<std::int64_t, 3> numbers{m.kind, m.run, m.milliseconds};
  ranks.send(std::span<const std::int64_t>(numbers), 0, question);
}
Message receive(const Communicator& ranks, int from) {
  std::array<std::int64_t, 3> numbers{};
  ranks.receive(std::span<std::int64_t>(numbers), from, question);
  return {numbers[0], numbers[1], numbers[2]};
}
void send_text(const Communicator& ranks, const std::string& text, int to) {
  const auto length = static_cast<std::int64_t>(text.size());
  ranks.send(std::span<const std::int64_t>(&length, 1), to, words);
  ranks.send(std::span<const char>(text), to, words);
}
std::string receive_text(const Communicator& ranks, int from) {
  std::int64_t length = 0;
  ranks.receive(std::span<std::int64_t>(&length, 1), from, words);
  std::string text(static_cast<std::size_t>(length), '\0');
  ranks.receive(std::span<char>(text), from, words);
  return text;
}
void reply(const Communicator& ranks, std::int64_t number, int to) {
  ranks.send(std::span<const std::int64_t>(&number, 1), to, answer);
}
/// Rank 0's answer. It may be hours away: nothing is computed here meanwhile.
std::int64_t wait_for_answer(const Communicator& ranks) {
  while (ranks.waiting(0, answer) < 0) rest();
  std::int64_t number = 0;
  ranks.receive(std::span<std::int64_t>(&number, 1), 0, answer);
  return number;
}

// What the handler of SIGTERM says. It may call little: the text is ready, one of two by turns.
std::array<std::array<char, 4096>, 2> last_words;
std::array<std::size_t, 2> last_words_length;
std::atomic<int> last_words_now = 0;

extern "C" void say_last_words(int number) {
  const auto now = static_cast<std::size_t>(last_words_now.load());
  (void)!::write(STDERR_FILENO, last_words[now].data(), last_words_length[now]);
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void set_last_words(const std::string& text) {
  const auto other = static_cast<std::size_t>(1 - last_words_now.load());
  last_words_length[other] = text.copy(last_words[other].data(), last_words[other].size());
  last_words_now = static_cast<int>(other);
}

/// Which rank has which run.
class Table {
 public:
  Table(int ranks, const Dealing& dealing) : dealing_(dealing), runs_(static_cast<std::size_t>(ranks), -1) {
    show();
    std::signal(SIGTERM, say_last_words);
  }
  ~Table() { std::signal(SIGTERM, SIG_DFL); }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  void set(int rank, int run) {
    const std::scoped_lock lock(mutex_);
    runs_[static_cast<std::size_t>(rank)] = run;
    show();
  }

 private:
  void show() {
    std::string text = "nwm_study: ended by SIGTERM. ";
    for (std::size_t r = 0; r < runs_.size(); ++r)
      text += (r == 0 ? "Rank " : ", rank ") + std::to_string(r) + " had " +
              (runs_[r] < 0 ? "no run" : dealing_.name(runs_[r]));
    set_last_words(text + ". The same command goes on from their last saved states.\n");
  }

  const Dealing& dealing_;
  std::mutex mutex_;
  std::vector<int> runs_;
};

/// The first error of all ranks.
class Failure {
 public:
  void set(int rank, const std::string& run, const std::string& reason) {
    const std::scoped_lock lock(mutex_);
    if (text_.empty()) text_ = "rank " + std::to_string(rank) + ", " + run + ": " + reason;
    there_ = true;
  }
  bool there() const { return there_; }
  /// Once no other thread sets it.
  void raise_if_there() const {
    if (there_) throw std::runtime_error(text_);
  }

 private:
  std::mutex mutex_;
  std::string text_;
  std::atomic<bool> there_ = false;
};

}  // namespace

bool begun_by_mpi() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMI_RANK", "PMIX_RANK"})
    if (std::getenv(name)) return true;
  return false;
}

std::size_t threads_of_a_rank(const Communicator& ranks) {
  MPI_Comm near = MPI_COMM_NULL;
  int here = 1;
  ranks.require(MPI_Comm_split_type(ranks.get(), MPI_COMM_TYPE_SHARED, ranks.rank(), MPI_INFO_NULL, &near),
                "MPI_Comm_split_type");
  MPI_Comm_size(near, &here);
  MPI_Comm_free(&near);
  const std::size_t threads = nwm::thread_count(0);
  const long processors = ::sysconf(_SC_NPROCESSORS_ONLN);
  if (static_cast<long>(threads) < processors) return threads;
  return std::max<std::size_t>(1, threads / static_cast<std::size_t>(here));
}

void deal(const Communicator& ranks, const Dealing& dealing) {
  Table table(ranks.size(), dealing);
  Failure failure;
  const auto next = [&](int rank) {
    int run = -1;
    try {
      if (!failure.there()) run = dealing.next();
    } catch (const std::exception& error) {
      failure.set(0, "what comes next", error.what());
    }
    table.set(rank, run);
    return run;
  };
  // MPI is this thread's; the runs of rank 0 are another's.
  std::atomic<bool> at_work = true;
  std::thread here([&] {
    for (int run = next(0); run >= 0; run = next(0)) try {
        dealing.here(run);
      } catch (const std::exception& error) {
        failure.set(0, dealing.name(run), error.what());
      }
    at_work = false;
  });
  const auto told = [&](int from, const Message& m) {
    const auto run = static_cast<int>(m.run);
    if (m.kind == fails) {
      failure.set(from, dealing.name(run), receive_text(ranks, from));
    } else if (m.kind == ends) {
      dealing.ends(run, from, static_cast<double>(m.milliseconds) / 1000);
    } else {
      const std::string data = receive_text(ranks, from), source = receive_text(ranks, from),
                        fingerprint = receive_text(ranks, from);
      try {
        dealing.loaded(data, source, fingerprint);
        reply(ranks, 1, from);
      } catch (...) {
        reply(ranks, 0, from);
        throw;
      }
    }
  };
  for (int idle = 1; idle < ranks.size() || at_work;) {
    const int from = ranks.waiting(MPI_ANY_SOURCE, question);
    if (from < 0) {
      rest();
      continue;
    }
    const Message m = receive(ranks, from);
    const int run = m.kind == wants ? next(from) : static_cast<int>(m.run);
    try {
      if (m.kind != wants) told(from, m);
      else if (run < 0) ++idle;  // it is answered when all are
      else reply(ranks, run, from), dealing.begins(run, from);
    } catch (const std::exception& error) {
      failure.set(from, dealing.name(run), error.what());
    }
  }
  here.join();
  for (int r = 1; r < ranks.size(); ++r) reply(ranks, -1, r);
  failure.raise_if_there();
}

void dismiss(const Communicator& ranks) {
  for (int r = 1; r < ranks.size(); ++r) {
    receive(ranks, r);
    reply(ranks, -1, r);
  }
}

void serve(const Communicator& ranks, const Serving& serving) {
  for (;;) {
    send_to_first(ranks, {.kind = wants});
    const std::int64_t run = wait_for_answer(ranks);
    if (run < 0) return;
    bool wanted = true;
    const Serving::Tell tell = [&](const std::string& data, const std::string& source,
                                   const std::string& fingerprint) {
      send_to_first(ranks, {.kind = loaded, .run = run});
      for (const std::string* text : {&data, &source, &fingerprint}) send_text(ranks, *text, 0);
      return wanted = wait_for_answer(ranks) == 1;
    };
    const auto begin = std::chrono::steady_clock::now();
    try {
      serving.perform(static_cast<int>(run), tell);
      const auto taken =
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
      if (wanted) send_to_first(ranks, {.kind = ends, .run = run, .milliseconds = taken.count()});
    } catch (const std::exception& error) {
      send_to_first(ranks, {.kind = fails, .run = run});
      send_text(ranks, error.what(), 0);
    }
  }
}

}  // namespace study
