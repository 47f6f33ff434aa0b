// SPDX-License-Identifier: Apache-2.0
//
// Checks every operation of simd.h against scalar arithmetic, bit for bit, on values that include signed zeros,
// subnormals, infinities, NaNs and bfloat16 ties. Since each instruction set must match the same scalar results, all
// match each other. Exit status 0 passed, 1 failed, 77 this processor lacks the instruction set.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "processor.h"
#include "simd.h"

#define RW_TEXT_OF(x) #x
#define RW_TEXT(x) RW_TEXT_OF(x)

namespace {

using rw::RW_ISA::bfloat16;
using rw::RW_ISA::lanes;
using rw::RW_ISA::vec;

#define RW_TEXT_OF(x) #x
#define RW_TEXT(x) RW_TEXT_OF(x)

int failures = 0;

uint32_t bits_of(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

float from_bits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

bool same(float a, float b) { return bits_of(a) == bits_of(b) || (std::isnan(a) && std::isnan(b)); }

void expect(bool holds, const char* what, float got, float want) {
  if (holds) return;
  if (failures++ < 20) std::fprintf(stderr, "%s: %s: got %a, want %a\n", RW_TEXT(RW_ISA), what, got, want);
}

// Special values and their neighbourhoods first, then random bit patterns.
std::vector<float> samples() {
  std::vector<float> values;
  for (uint32_t bits : {0x00000000u, 0x00000001u, 0x007fffffu, 0x00800000u, 0x3f800000u, 0x3f808000u, 0x3f818000u,
                        0x3f807fffu, 0x3f808001u, 0x7f7f8000u, 0x7f7f7fffu, 0x7f7fffffu, 0x7f800000u, 0x7f800001u,
                        0x7fffffffu, 0x7fc00000u}) {
    values.push_back(from_bits(bits));
    values.push_back(from_bits(bits | 0x80000000u));
  }
  std::mt19937 random(20190402);
  while (values.size() < 4096) values.push_back(from_bits(random()));
  return values;
}

template <typename Vector, typename Scalar>
void check_lanes(const char* what, Vector vector, Scalar scalar, const float* a, const float* b, const float* c) {
  float got[lanes];
  rw::RW_ISA::store(got, vector(rw::RW_ISA::load(a), rw::RW_ISA::load(b), rw::RW_ISA::load(c)));
  for (int i = 0; i < lanes; i++) {
    const float want = scalar(a[i], b[i], c[i]);
    expect(same(got[i], want), what, got[i], want);
  }
}

void check_arithmetic(const float* a, const float* b, const float* c) {
  using namespace rw::RW_ISA;
  check_lanes("add", [](vec x, vec y, vec) { return x + y; }, [](float x, float y, float) { return x + y; }, a, b, c);
  check_lanes("subtract", [](vec x, vec y, vec) { return x - y; }, [](float x, float y, float) { return x - y; }, a, b, c);
  check_lanes("multiply", [](vec x, vec y, vec) { return x * y; }, [](float x, float y, float) { return x * y; }, a, b, c);
  check_lanes("fma", [](vec x, vec y, vec z) { return fma(x, y, z); },
              [](float x, float y, float z) { return std::fma(x, y, z); }, a, b, c);
  check_lanes("max", [](vec x, vec y, vec) { return max(x, y); },
              [](float x, float y, float) { return x > y ? x : y; }, a, b, c);
  check_lanes("min", [](vec x, vec y, vec) { return min(x, y); },
              [](float x, float y, float) { return x < y ? x : y; }, a, b, c);
  check_lanes("select_if_positive", [](vec x, vec y, vec z) { return select_if_positive(x, y, z); },
              [](float x, float y, float z) { return x > 0 ? y : z; }, a, b, c);
  check_lanes("broadcast", [=](vec, vec, vec) { return broadcast(a[0]); },
              [=](float, float, float) { return a[0]; }, a, b, c);
}

template <int G, int J>
void check_spread(const float* a) {
  float got[lanes];
  rw::RW_ISA::store(got, rw::RW_ISA::spread<G, J>(rw::RW_ISA::load(a)));
  for (int i = 0; i < lanes; i++) expect(same(got[i], a[i / G * G + J]), "spread", got[i], a[i / G * G + J]);
}

void check_spreads(const float* a) {
  check_spread<4, 0>(a);
  check_spread<4, 3>(a);
  check_spread<8, 2>(a);
  check_spread<8, 7>(a);
  check_spread<16, 1>(a);
  check_spread<16, 14>(a);
}

void check_sum(const float* a) {
  float x[lanes];
  std::memcpy(x, a, sizeof x);
  const float want = (((x[0] + x[8]) + (x[4] + x[12])) + ((x[2] + x[10]) + (x[6] + x[14]))) +
                     (((x[1] + x[9]) + (x[5] + x[13])) + ((x[3] + x[11]) + (x[7] + x[15])));
  const float got = rw::RW_ISA::sum(rw::RW_ISA::load(a));
  expect(same(got, want), "sum", got, want);
}

// The definition, independent of the code under test: of the two neighbouring bfloat16 values take the nearer one, of
// two equally near ones the even; beyond the largest finite value the next step counts as infinity.
uint16_t rounded_to_bfloat16(float x) {
  const uint32_t bits = bits_of(x);
  const uint16_t below = static_cast<uint16_t>(bits >> 16);
  if (std::isnan(x)) return below | 0x40;
  if (std::isinf(x)) return below;
  const uint32_t rest = bits & 0xffffu;
  const bool up = rest > 0x8000u || (rest == 0x8000u && (below & 1) != 0);
  return static_cast<uint16_t>(below + (up ? 1 : 0));
}

void check_bfloat16(const float* a) {
  alignas(64) bfloat16 aligned[lanes];
  bfloat16 unaligned[lanes + 1];
  alignas(64) float widened[lanes];
  rw::RW_ISA::store_aligned(aligned, rw::RW_ISA::load(a));
  rw::RW_ISA::store(unaligned + 1, rw::RW_ISA::load(a));
  rw::RW_ISA::store_aligned(widened, rw::RW_ISA::load_aligned(aligned));
  for (int i = 0; i < lanes; i++) {
    const uint16_t want = rounded_to_bfloat16(a[i]);
    const float value = from_bits(static_cast<uint32_t>(want) << 16);
    bfloat16 one;
    rw::RW_ISA::store_one(&one, a[i]);
    expect(aligned[i].bits == want, "store_aligned bfloat16", rw::RW_ISA::load_one(aligned + i), value);
    expect(unaligned[i + 1].bits == want, "store bfloat16", rw::RW_ISA::load_one(unaligned + i + 1), value);
    expect(one.bits == want, "store_one bfloat16", rw::RW_ISA::load_one(&one), value);
    expect(bits_of(widened[i]) == bits_of(value), "load_aligned bfloat16", widened[i], value);
  }
  rw::RW_ISA::store(widened, rw::RW_ISA::load(unaligned + 1));
  for (int i = 0; i < lanes; i++) {
    const float want = rw::RW_ISA::load_one(unaligned + 1 + i);
    expect(bits_of(widened[i]) == bits_of(want), "load bfloat16", widened[i], want);
  }
}

void check_aligned_float(const float* a) {
  alignas(64) float source[lanes], target[lanes];
  std::memcpy(source, a, sizeof source);
  rw::RW_ISA::store_aligned(target, rw::RW_ISA::load_aligned(source));
  expect(std::memcmp(source, target, sizeof source) == 0, "load_aligned, store_aligned float", target[0], source[0]);
}

}  // namespace

int main() {
  if (!rw::supports(RW_TEXT(RW_ISA))) return 77;
  const std::vector<float> values = samples();
  std::mt19937 random(7);
  for (size_t i = 0; i + lanes < values.size(); i += lanes) {
    float b[lanes], c[lanes], moderate[lanes];
    for (int lane = 0; lane < lanes; lane++) {
      b[lane] = values[random() % values.size()];
      c[lane] = values[random() % values.size()];
      moderate[lane] = std::ldexp(static_cast<float>(random()) - 2147483648.0f, -24);
    }
    check_arithmetic(&values[i + 1], b, c);
    check_arithmetic(moderate, &values[i], moderate);
    check_spreads(&values[i]);
    check_sum(&values[i]);
    check_sum(moderate);
    check_bfloat16(&values[i]);
    check_aligned_float(&values[i]);
  }
  return failures == 0 ? 0 : 1;
}
