// SPDX-License-Identifier: Apache-2.0
//
// What the kernels' tests share: arrays with guard bytes, seeded values, comparison with a reference in double, and
// a runner that proves that neither the order of tasks nor the worker changes a bit.
#ifndef RANDWIRE_CHECK_H
#define RANDWIRE_CHECK_H

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernel.h"
#include "processor.h"

#define RW_TEXT_OF(x) #x
#define RW_TEXT(x) RW_TEXT_OF(x)

namespace check {

using rw::RW_ISA::bfloat16;

inline int failures = 0;
inline std::string context;

inline void fail(const std::string& what) {
  if (failures++ < 20) std::fprintf(stderr, "%s: %s: %s\n", RW_TEXT(RW_ISA), context.c_str(), what.c_str());
}

inline std::mt19937& source() {
  static std::mt19937 random(20190402);
  return random;
}

inline double uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(source()); }

template <typename T>
constexpr int type_of() {
  return sizeof(T) == 4 ? RW_FLOAT32 : RW_BFLOAT16;
}

template <typename T>
constexpr double tolerance() {
  return sizeof(T) == 4 ? 1e-5 : 1e-2;
}

// An array between guard bytes, at first full of bytes that are NaN in every floating type.
template <typename T>
class Array {
 public:
  explicit Array(size_t size) : size_(size), bytes_(size * sizeof(T) + 2 * guard + alignment, guard_byte) {
    const auto address = reinterpret_cast<uintptr_t>(bytes_.data()) + guard;
    start_ = bytes_.data() + guard + (alignment - address % alignment) % alignment;
    soil();
  }

  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  T* data() { return reinterpret_cast<T*>(start_); }
  size_t size() const { return size_; }

  double operator[](size_t i) {
    if constexpr (std::is_same_v<T, bfloat16>) {
      return rw::RW_ISA::load_one(data() + i);
    } else {
      return data()[i];
    }
  }

  void set(size_t i, double value) {
    if constexpr (std::is_same_v<T, bfloat16>) {
      rw::RW_ISA::store_one(data() + i, static_cast<float>(value));
    } else {
      data()[i] = static_cast<T>(value);
    }
  }

  void soil() { std::memset(start_, 0xff, size_ * sizeof(T)); }

  std::vector<uint8_t> bits() const { return std::vector<uint8_t>(start_, start_ + size_ * sizeof(T)); }

  void expect_guards(const char* what) const {
    for (int i = 0; i < guard; i++) {
      if (start_[-1 - i] != guard_byte || start_[size_ * sizeof(T) + i] != guard_byte) {
        return fail(std::string(what) + ": a byte outside was written");
      }
    }
  }

 private:
  static constexpr int guard = 128;
  static constexpr int alignment = 64;  // as the arena's
  static constexpr uint8_t guard_byte = 0xa5;
  size_t size_;
  std::vector<uint8_t> bytes_;
  uint8_t* start_;
};

// Values in [low, high) for the logical channels, zeros for the padded ones.
template <typename T>
void fill(Array<T>& array, int channels, int stored, double low = -1, double high = 1) {
  for (size_t i = 0; i < array.size(); i++) {
    array.set(i, static_cast<int>(i % stored) < channels ? uniform(low, high) : 0);
  }
}

// Compares with the reference, relative to the larger of 1 and the reference's largest magnitude.
template <typename T>
void expect_near(Array<T>& got, const std::vector<double>& want, double tolerance, const char* what) {
  double scale = 1;
  for (double value : want) scale = std::max(scale, std::abs(value));
  for (size_t i = 0; i < want.size(); i++) {
    if (!(std::abs(got[i] - want[i]) <= tolerance * scale)) {
      return fail(std::string(what) + "[" + std::to_string(i) + "]: got " + std::to_string(got[i]) + ", want " +
                  std::to_string(want[i]));
    }
  }
  got.expect_guards(what);
}

// Padded channels must hold exact zeros.
template <typename T>
void expect_padding(Array<T>& got, int channels, int stored, const char* what) {
  for (size_t i = 0; i < got.size(); i++) {
    if (static_cast<int>(i % stored) >= channels && got[i] != 0) {
      return fail(std::string(what) + "[" + std::to_string(i) + "]: padding is " + std::to_string(got[i]));
    }
  }
}

constexpr int workers = 2;

// One region: its tasks in either order, on either worker.
struct Region {
  int tasks;
  std::function<int(int task, int worker)> run;
};

inline void run_regions(const std::vector<Region>& regions, bool backwards) {
  for (const Region& region : regions) {
    for (int i = 0; i < region.tasks; i++) {
      const int task = backwards ? region.tasks - 1 - i : i;
      if (region.run(task, backwards ? task % workers : 0) != RW_OK) fail("a task was refused");
    }
  }
}

// Runs the regions forwards, then backwards over soiled outputs, and compares the bits.
template <typename... Outputs>
void run_twice(const std::vector<Region>& regions, Outputs&... outputs) {
  run_regions(regions, false);
  const std::vector<std::vector<uint8_t>> first{outputs.bits()...};
  (outputs.soil(), ...);
  run_regions(regions, true);
  const std::vector<std::vector<uint8_t>> second{outputs.bits()...};
  if (first != second) fail("order of tasks or worker changed the result");
}

inline int chunks(int64_t all, int64_t each) { return static_cast<int>((all + each - 1) / each); }

// Exit status for cppbuild.sh: 0 passed, 1 failed, 77 this processor lacks the instruction set.
inline int run_all(const std::function<void()>& tests) {
  if (!rw::supports(RW_TEXT(RW_ISA))) return 77;
  tests();
  if (failures != 0) std::fprintf(stderr, "%s: %d failures\n", RW_TEXT(RW_ISA), failures);
  return failures == 0 ? 0 : 1;
}

}  // namespace check

#endif  // RANDWIRE_CHECK_H
