// SPDX-License-Identifier: Apache-2.0
//
// A batch out of a data set in device memory: image n is the example of batch[2 + n], shifted, mirrored and with a
// hole as the stream (purpose, epoch, example) says, each pixel value replaced by its entry in a table. A thread makes
// a pixel and draws its image's numbers itself: some 200 instructions, less than what a barrier would cost.
#include "kernel.cuh"

typedef unsigned long long u64;

constexpr int epoch_words = 2;
constexpr int pixel_values = 256;
constexpr u32 no_example = 0xffffffffu;

struct Augment {
  i64 blocks;
  const unsigned char* pixels;  // [examples][channels][height][width]
  const int* classes;
  const float* table;           // [channels][256]
  const u32* batch;             // low and high word of the epoch, an example per image
  element* images;              // [n][height][width][stored]
  int* labels;
  u32 seed_low, seed_high, purpose;
  int image_blocks;
  int channels, stored, height, width;
  int most_shift;
  u32 flipped_below;            // of 2^24
  int cutout;
};

// Philox4x32-10, words in the order of org.randwire.random.PhiloxStream.
struct Stream {
  u32 key[2];
  u32 counter[3];  // behind the number of the block
  u32 block;
  u32 word[4];
  int left;
};

__device__ inline u32 next(Stream& s) {
  if (s.left == 0) {
    u32 c0 = s.block++, c1 = s.counter[0], c2 = s.counter[1], c3 = s.counter[2];
    u32 k0 = s.key[0], k1 = s.key[1];
    RW_UNROLL for (int round = 0; round < 10; round++) {
      const u64 p0 = static_cast<u64>(0xd2511f53u) * c0;
      const u64 p1 = static_cast<u64>(0xcd9e8d57u) * c2;
      c0 = static_cast<u32>(p1 >> 32) ^ c1 ^ k0;
      c1 = static_cast<u32>(p1);
      c2 = static_cast<u32>(p0 >> 32) ^ c3 ^ k1;
      c3 = static_cast<u32>(p0);
      k0 += 0x9e3779b9u;
      k1 += 0xbb67ae85u;
    }
    s.word[0] = c0;
    s.word[1] = c1;
    s.word[2] = c2;
    s.word[3] = c3;
    s.left = 4;
  }
  const u32 first = s.word[0];  // Moved up rather than indexed, so that they stay in registers.
  s.word[0] = s.word[1];
  s.word[1] = s.word[2];
  s.word[2] = s.word[3];
  s.left--;
  return first;
}

// A whole number in [0, n): Lemire's algorithm 5, as PhiloxStream.nextInt(n).
__device__ inline int below(Stream& s, int n) {
  const u32 bound = static_cast<u32>(n);
  u64 product = static_cast<u64>(next(s)) * bound;
  if (static_cast<u32>(product) < bound) {
    const u32 rejected = (0u - bound) % bound;
    while (static_cast<u32>(product) < rejected) product = static_cast<u64>(next(s)) * bound;
  }
  return static_cast<int>(product >> 32);
}

RW_KERNEL(augment, Augment) {
  const int n = static_cast<int>(blockIdx.x / a.image_blocks);
  const int at = static_cast<int>(blockIdx.x % a.image_blocks) * threads + static_cast<int>(threadIdx.x);
  const u32 example = a.batch[epoch_words + n];
  if (at == 0) a.labels[n] = example == no_example ? 0 : a.classes[example];
  const int plane = a.height * a.width;
  if (at >= plane) return;
  const int x = at % a.width;
  const int y = at / a.width;

  Stream s;
  s.key[0] = a.seed_low;
  s.key[1] = a.seed_high;
  s.counter[0] = example;
  s.counter[1] = a.batch[0];
  s.counter[2] = a.batch[1] << 8 | a.purpose;
  s.block = 0;
  s.left = 0;
  const int down = below(s, 2 * a.most_shift + 1) - a.most_shift;
  const int right = below(s, 2 * a.most_shift + 1) - a.most_shift;
  const bool flipped = next(s) >> 8 < a.flipped_below;
  const int from_y = y + down;
  const int from_x = (flipped ? a.width - 1 - x : x) + right;
  bool seen = example != no_example && from_y >= 0 && from_y < a.height && from_x >= 0 && from_x < a.width;
  if (a.cutout > 0) {
    const int top = below(s, a.height) - a.cutout / 2;
    const int left = below(s, a.width) - a.cutout / 2;
    if (y >= top && y < top + a.cutout && x >= left && x < left + a.cutout) seen = false;
  }

  const i64 from = static_cast<i64>(example) * a.channels * plane + from_y * a.width + from_x;
  element* to = a.images + (static_cast<i64>(n) * plane + at) * a.stored;
  for (int c = 0; c < a.stored; c++) {
    const bool real = seen && c < a.channels;
    round_to(real ? a.table[c * pixel_values + a.pixels[from + static_cast<i64>(c) * plane]] : 0.0f, to[c]);
  }
}
