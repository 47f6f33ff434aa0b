// SPDX-License-Identifier: Apache-2.0
//
// The vector all CPU kernels are written with: 16 float lanes, whatever the instruction set. RW_ISA names the set
// this file is compiled for: one 512-bit register, two 256-bit registers, or an array that the compiler may vectorise.
//
// Every operation gives the same bits on each instruction set (NaN payloads aside): arithmetic is IEEE single
// precision, fma rounds once, sum has one fixed order, and bfloat16 is rounded with integer arithmetic rather than
// by the processor's own conversion, which flushes subnormals. That makes a run reproducible across machines.
#ifndef RANDWIRE_SIMD_H
#define RANDWIRE_SIMD_H

#include <cmath>
#include <cstdint>
#include <cstring>

#ifndef RW_ISA
#error "RW_ISA must name the instruction set: amx, avx512_bf16, avx512, avx2 or baseline"
#endif

#if defined(__AVX512F__)
#define RW_SIMD_AVX512
#elif defined(__AVX2__)
#define RW_SIMD_AVX2
#endif
#if defined(RW_SIMD_AVX512) || defined(RW_SIMD_AVX2)
// GCC's own header initialises don't-care operands with themselves and then warns about it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

namespace rw::RW_ISA {

constexpr int lanes = 16;

// Storage type: the upper 16 bits of a float.
struct bfloat16 {
  uint16_t bits;
};

// ---- one value ----------------------------------------------------------------------------------------------------

inline float load_one(const float* p) { return *p; }

inline float load_one(const bfloat16* p) {
  const uint32_t bits = static_cast<uint32_t>(p->bits) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline void store_one(float* p, float value) { *p = value; }

// Rounds to nearest, ties to even. A NaN is cut and made quiet: rounding could carry it over into infinity.
inline void store_one(bfloat16* p, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
  const uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
  p->bits = static_cast<uint16_t>((nan ? bits | 0x00400000u : rounded) >> 16);
}

// ---- sixteen values -----------------------------------------------------------------------------------------------
//
// load and store take any address; load_aligned and store_aligned need one that is a multiple of the 16 values' size.
//   a + b, a - b, a * b, fma(a, b, c) = a * b + c rounded once
//   a / b, square_root(a): rounded once
//   max(a, b) = a > b ? a : b and min(a, b) = a < b ? a : b, so b where either is NaN
//   select_if_positive(x, a, b) = x > 0 ? a : b, so b where x is NaN
//   spread<G, J>(v): lane i gets lane J of its G neighbours, v[i / G * G + J]; G is 4, 8 or 16
//   sum(v): lanes i and i + 8 are added, then i and i + 4, then i and i + 2, then the last two

#if defined(RW_SIMD_AVX512)

struct vec {
  __m512 v;
};

inline vec broadcast(float x) { return {_mm512_set1_ps(x)}; }
inline vec load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline vec load_aligned(const float* p) { return {_mm512_load_ps(p)}; }
inline void store(float* p, vec a) { _mm512_storeu_ps(p, a.v); }
inline void store_aligned(float* p, vec a) { _mm512_store_ps(p, a.v); }

inline vec widen(__m256i bits) {
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16))};
}

inline __m256i narrow(vec a) {
  const __m512i bits = _mm512_castps_si512(a.v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
  const __mmask16 nan = _mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q);
  const __m512i result = _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x00400000));
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(result, 16));
}

inline vec load(const bfloat16* p) { return widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
inline vec load_aligned(const bfloat16* p) { return widen(_mm256_load_si256(reinterpret_cast<const __m256i*>(p))); }
inline void store(bfloat16* p, vec a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow(a)); }
inline void store_aligned(bfloat16* p, vec a) { _mm256_store_si256(reinterpret_cast<__m256i*>(p), narrow(a)); }

inline vec operator+(vec a, vec b) { return {_mm512_add_ps(a.v, b.v)}; }
inline vec operator-(vec a, vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline vec operator*(vec a, vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline vec operator/(vec a, vec b) { return {_mm512_div_ps(a.v, b.v)}; }
inline vec square_root(vec a) { return {_mm512_sqrt_ps(a.v)}; }
inline vec fma(vec a, vec b, vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline vec max(vec a, vec b) { return {_mm512_max_ps(a.v, b.v)}; }
inline vec min(vec a, vec b) { return {_mm512_min_ps(a.v, b.v)}; }

inline vec select_if_positive(vec x, vec a, vec b) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(x.v, _mm512_setzero_ps(), _CMP_GT_OQ), b.v, a.v)};
}

template <int G, int J>
inline vec spread(vec a) {
  if constexpr (G == 4) return {_mm512_permute_ps(a.v, 0x55 * J)};
  constexpr int far = G == 8 ? 8 + J : J;
  return {_mm512_permutexvar_ps(
      _mm512_setr_epi32(J, J, J, J, J, J, J, J, far, far, far, far, far, far, far, far), a.v)};
}

#elif defined(RW_SIMD_AVX2)

struct vec {
  __m256 lo, hi;
};

inline vec broadcast(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline vec load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline vec load_aligned(const float* p) { return {_mm256_load_ps(p), _mm256_load_ps(p + 8)}; }

inline void store(float* p, vec a) {
  _mm256_storeu_ps(p, a.lo);
  _mm256_storeu_ps(p + 8, a.hi);
}

inline void store_aligned(float* p, vec a) {
  _mm256_store_ps(p, a.lo);
  _mm256_store_ps(p + 8, a.hi);
}

inline __m256 widen_half(__m128i bits) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

inline vec widen(__m256i bits) {
  return {widen_half(_mm256_castsi256_si128(bits)), widen_half(_mm256_extracti128_si256(bits, 1))};
}

inline __m256i narrow_half(__m256 a) {
  const __m256i bits = _mm256_castps_si256(a);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x00400000));
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(a, a, _CMP_UNORD_Q));
  return _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
}

// packus works on each 128-bit half, which leaves the quarters in the order 0 2 1 3.
inline __m256i narrow(vec a) {
  return _mm256_permute4x64_epi64(_mm256_packus_epi32(narrow_half(a.lo), narrow_half(a.hi)), 0xd8);
}

inline vec load(const bfloat16* p) { return widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
inline vec load_aligned(const bfloat16* p) { return widen(_mm256_load_si256(reinterpret_cast<const __m256i*>(p))); }
inline void store(bfloat16* p, vec a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow(a)); }
inline void store_aligned(bfloat16* p, vec a) { _mm256_store_si256(reinterpret_cast<__m256i*>(p), narrow(a)); }

inline vec operator+(vec a, vec b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
inline vec operator-(vec a, vec b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
inline vec operator*(vec a, vec b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
inline vec operator/(vec a, vec b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
inline vec square_root(vec a) { return {_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)}; }
inline vec fma(vec a, vec b, vec c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
inline vec max(vec a, vec b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
inline vec min(vec a, vec b) { return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)}; }

inline __m256 select_half(__m256 x, __m256 a, __m256 b) {
  return _mm256_blendv_ps(b, a, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GT_OQ));
}

inline vec select_if_positive(vec x, vec a, vec b) {
  return {select_half(x.lo, a.lo, b.lo), select_half(x.hi, a.hi, b.hi)};
}

template <int G, int J>
inline vec spread(vec a) {
  if constexpr (G == 4) return {_mm256_permute_ps(a.lo, 0x55 * J), _mm256_permute_ps(a.hi, 0x55 * J)};
  const __m256i lane = _mm256_set1_epi32(J % 8);
  if constexpr (G == 8) return {_mm256_permutevar8x32_ps(a.lo, lane), _mm256_permutevar8x32_ps(a.hi, lane)};
  const __m256 one = _mm256_permutevar8x32_ps(J < 8 ? a.lo : a.hi, lane);
  return {one, one};
}

#else

struct vec {
  float v[lanes];
};

// Applies f to every lane number.
template <typename F>
inline vec each_lane(F f) {
  vec result;
  for (int i = 0; i < lanes; i++) result.v[i] = f(i);
  return result;
}

inline vec broadcast(float x) {
  return each_lane([=](int) { return x; });
}

template <typename T>
inline vec load(const T* p) {
  return each_lane([=](int i) { return load_one(p + i); });
}

template <typename T>
inline vec load_aligned(const T* p) {
  return load(p);
}

template <typename T>
inline void store(T* p, vec a) {
  for (int i = 0; i < lanes; i++) store_one(p + i, a.v[i]);
}

template <typename T>
inline void store_aligned(T* p, vec a) {
  store(p, a);
}

inline vec operator+(const vec& a, const vec& b) {
  return each_lane([&](int i) { return a.v[i] + b.v[i]; });
}
inline vec operator-(const vec& a, const vec& b) {
  return each_lane([&](int i) { return a.v[i] - b.v[i]; });
}
inline vec operator*(const vec& a, const vec& b) {
  return each_lane([&](int i) { return a.v[i] * b.v[i]; });
}
inline vec operator/(const vec& a, const vec& b) {
  return each_lane([&](int i) { return a.v[i] / b.v[i]; });
}
inline vec square_root(const vec& a) {
  return each_lane([&](int i) { return std::sqrt(a.v[i]); });
}
inline vec fma(const vec& a, const vec& b, const vec& c) {
  return each_lane([&](int i) { return std::fma(a.v[i], b.v[i], c.v[i]); });
}
inline vec max(const vec& a, const vec& b) {
  return each_lane([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
inline vec min(const vec& a, const vec& b) {
  return each_lane([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
}
inline vec select_if_positive(const vec& x, const vec& a, const vec& b) {
  return each_lane([&](int i) { return x.v[i] > 0 ? a.v[i] : b.v[i]; });
}
template <int G, int J>
inline vec spread(const vec& a) {
  return each_lane([&](int i) { return a.v[i / G * G + J]; });
}

#endif

// As store, but subnormals may become zeros: where the processor rounds to bfloat16 itself, it takes a seventh of the
// operations. For results of its dot product, which flushes them too, and of what stands beside.
inline void store_rounded(float* p, vec a) { store(p, a); }

inline void store_rounded(bfloat16* p, vec a) {
#if defined(__AVX512BF16__)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), (__m256i)_mm512_cvtneps_pbh(a.v));
#else
  store(p, a);
#endif
}

// total[i] += a[i], in double.
inline void add_to(double* total, vec a) {
  float x[lanes];
  store(x, a);
  for (int i = 0; i < lanes; i++) total[i] += x[i];
}

inline float sum(vec a) {
  float x[lanes];
  store(x, a);
  for (int half = lanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) x[i] += x[i + half];
  }
  return x[0];
}

}  // namespace rw::RW_ISA

#endif  // RANDWIRE_SIMD_H
