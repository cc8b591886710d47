// The most bytes of device memory that this program had allocated at a time, as PyTorch's
// max_memory_allocated counts them for the peer: arrays, workspaces, cuBLAS's room; not the driver's own, nor
// graphs. The program is linked so that its calls of cudaMalloc and its kin come through allocated.cu; on the
// host nothing is counted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <unordered_map>

namespace device_bench {

/// Blocks that are allocated now, and the most bytes of them since reset_peak().
class Ledger {
 public:
  void add(const void* block, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    blocks_[block] = bytes;
    now_ += bytes;
    peak_ = std::max(peak_, now_);
  }
  /// Blocks that were not added count nothing.
  void remove(const void* block) {
    const std::lock_guard lock(mutex_);
    const auto found = blocks_.find(block);
    if (found == blocks_.end()) return;
    now_ -= found->second;
    blocks_.erase(found);
  }
  void reset_peak() {
    const std::lock_guard lock(mutex_);
    peak_ = now_;
  }
  std::size_t peak() const {
    const std::lock_guard lock(mutex_);
    return peak_;
  }

  /// The program's own. It is never destroyed: memory is freed until the very end.
  static Ledger& of_program() {
    static auto& ledger = *new Ledger;
    return ledger;
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<const void*, std::size_t> blocks_;
  std::size_t now_ = 0, peak_ = 0;
};

}  // namespace device_bench
