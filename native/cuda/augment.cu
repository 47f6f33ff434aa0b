// SPDX-License-Identifier: Apache-2.0
//
// A batch from a data set that lies in device memory as bytes: shifted, mirrored and normalised images and their labels,
// by the same Philox4x32-10 streams (Salmon et al. 2011) as org.randwire.data.augment, so each value is the same.
// 
// pixels: [examples][C][H][W] bytes; order: the epoch's examples; table: [C][256] normalised values. state, written by the
// host before an epoch and advanced by `step` examples at the end of each: the epoch and the first example of the batch.
// images: [N][H][W][stored], padding 0. The stream of an example is key = seed, counter = {word / 4, example, epoch's low
// word, epoch's bits 32..55 * 256 + purpose}. A block takes one image; its first thread draws where the pixels come from.
#include "kernel.cuh"

struct Augment {
  i64 blocks;
  const unsigned char* pixels;
  const unsigned char* labels;
  const int* order;
  const float* table;
  const i64* state;  // epoch, first position in the order
  element* images;
  int* batch_labels;
  i64 seed;
  int channels, height, width, stored, examples, max_shift, purpose;
  double flip;
};

struct Stream {
  u32 key[2], counter[4], block[4];
  int used;

  __device__ Stream(i64 seed, i64 epoch, u32 example, int purpose) : used(4) {
    key[0] = static_cast<u32>(seed);
    key[1] = static_cast<u32>(seed >> 32);
    counter[0] = 0;
    counter[1] = example;
    counter[2] = static_cast<u32>(epoch);
    counter[3] = static_cast<u32>(epoch >> 32) << 8 | static_cast<u32>(purpose);
  }

  __device__ u32 next() {
    if (used == 4) {
      u32 c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
      for (int round = 0; round < 10; round++) {
        const unsigned long long p0 = 0xD2511F53ull * c0, p1 = 0xCD9E8D57ull * c2;
        c0 = static_cast<u32>(p1 >> 32) ^ c1 ^ k0;
        c1 = static_cast<u32>(p1);
        c2 = static_cast<u32>(p0 >> 32) ^ c3 ^ k1;
        c3 = static_cast<u32>(p0);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
      }
      block[0] = c0;
      block[1] = c1;
      block[2] = c2;
      block[3] = c3;
      counter[0]++;
      used = 0;
    }
    return block[used++];
  }

  // In [0, n), each equally likely (Lemire 2019, algorithm 5).
  __device__ int below(u32 n) {
    unsigned long long product = static_cast<unsigned long long>(next()) * n;
    if (static_cast<u32>(product) < n) {
      const u32 rejected = static_cast<u32>((1ull << 32) % n);
      while (static_cast<u32>(product) < rejected) product = static_cast<unsigned long long>(next()) * n;
    }
    return static_cast<int>(product >> 32);
  }

  __device__ float uniform() { return static_cast<float>(next() >> 8) * (1.0f / 16777216.0f); }
};

RW_KERNEL(augment, Augment) {
  RW_SHARED(shared);
  int* const placement = reinterpret_cast<int*>(shared);
  const i64 position = a.state[1] + blockIdx.x;
  const int example = position < a.examples ? a.order[position] : -1;
  if (threadIdx.x == 0) {
    placement[0] = placement[1] = placement[2] = 0;
    if (example >= 0 && (a.max_shift > 0 || a.flip > 0)) {
      Stream random(a.seed, a.state[0], static_cast<u32>(example), a.purpose);
      placement[0] = random.below(2 * a.max_shift + 1) - a.max_shift;
      placement[1] = random.below(2 * a.max_shift + 1) - a.max_shift;
      placement[2] = random.uniform() < a.flip ? 1 : 0;
    }
    a.batch_labels[blockIdx.x] = example >= 0 ? a.labels[example] : 0;
  }
  barrier();
  const int area = a.height * a.width;
  for (int i = threadIdx.x; i < area * a.stored; i += threads) {
    const int c = i % a.stored, pixel = i / a.stored, x = pixel % a.width;
    const int h = pixel / a.width + placement[0], w = (placement[2] != 0 ? a.width - 1 - x : x) + placement[1];
    const bool inside = example >= 0 && c < a.channels && h >= 0 && h < a.height && w >= 0 && w < a.width;
    const float value =
        inside ? a.table[c * 256 + a.pixels[(static_cast<i64>(example) * a.channels + c) * area + h * a.width + w]] : 0;
    round_to(value, a.images[(static_cast<i64>(blockIdx.x) * area) * a.stored + i]);
  }
}
