// SPDX-License-Identifier: Apache-2.0
//
// Throws damaged JPEG files at the native decoder and at resizing. Under clang it is a libFuzzer target; under g++,
// which has none, its own main mutates the files given (native/fuzz/run). What it looks for: reports of the address,
// leak and undefined-behaviour sanitizers, writes outside the result, a sound file that decodes differently after a
// damaged one.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "randwire.h"

#define RW_KERNEL(name, parameters, arguments) int name parameters;
namespace rw::RW_ISA {
#include "kernels.def"
}
#undef RW_KERNEL

// The dispatch of the library, with the one instruction set that this was compiled for.
int rw_resize_row(const uint8_t* row, const rw_filter_taps* across, int flipped, uint8_t* result) {
  return rw::RW_ISA::resize_row(row, across, flipped, result);
}

int rw_resize_column(const uint8_t* rows, const rw_filter_taps* down, int output, int64_t row_bytes, uint8_t* result) {
  return rw::RW_ISA::resize_column(rows, down, output, row_bytes, result);
}

namespace {

// Images above it take too long to be tried often.
constexpr int most_pixels = 1 << 21;

struct Triangle {
  std::vector<int> firsts, counts, weights;
  rw_filter_taps taps;

  Triangle(int length, int resized, int from, int outputs) : firsts(outputs), counts(outputs) {
    const double scale = static_cast<double>(length) / resized, support = std::max(1.0, scale);
    const int stride = static_cast<int>(std::ceil(support)) * 2 + 1;
    weights.resize(static_cast<size_t>(outputs) * stride);
    for (int i = 0; i < outputs; i++) {
      const double centre = (from + i + 0.5) * scale;
      const int first = std::max(0, static_cast<int>(centre - support + 0.5));
      const int last = std::min(length, static_cast<int>(centre + support + 0.5));
      double sum = 0;
      const auto weight = [&](int x) { return std::max(0.0, 1 - std::abs((x - centre + 0.5) / support)); };
      for (int x = first; x < last; x++) sum += weight(x);
      for (int x = first; x < last; x++) {
        weights[static_cast<size_t>(i) * stride + x - first] = static_cast<int>(0.5 + weight(x) / sum * (1 << 22));
      }
      firsts[i] = first;
      counts[i] = last - first;
    }
    taps = {firsts.data(), counts.data(), weights.data(), stride, outputs, length};
  }
};

// Size and components of the first frame, as the caller's reader of headers would give them.
bool find_frame(const uint8_t* file, size_t size, rw_jpeg_args& args, int& components) {
  for (size_t at = 2; at + 10 < size;) {
    if (file[at] != 0xff || file[at + 1] == 0xff) {
      at++;
      continue;
    }
    const int marker = file[at + 1];
    if (marker >= 0xc0 && marker <= 0xc2) {
      args.height = file[at + 5] << 8 | file[at + 6];
      args.width = file[at + 7] << 8 | file[at + 8];
      components = file[at + 9];
      return true;
    }
    at += 2 + (file[at + 2] << 8 | file[at + 3]);
  }
  return false;
}

int below(std::mt19937& random, int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); }

// One region of the file, turned and resized as the bytes themselves decide. The result stands between guards.
int decode(rw_jpeg_decoder* decoder, const uint8_t* data, size_t size, bool whole) {
  rw_jpeg_args args{};
  int components = 0;
  if (!find_frame(data, size, args, components)) args.width = args.height = 16;
  if (static_cast<int64_t>(args.width) * args.height > most_pixels || args.width < 1 || args.height < 1) return -1;
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < size; i++) hash = (hash ^ data[i]) * 16777619u;
  std::mt19937 random(hash);
  // A copy without slack, so that reading behind the file is seen.
  const std::unique_ptr<uint8_t[]> file(new uint8_t[size]);
  if (size > 0) std::memcpy(file.get(), data, size);
  args.file = file.get();
  args.file_bytes = static_cast<int64_t>(size);
  const int rgb = below(random, 8) == 0 ? RW_JPEG_RGB : RW_JPEG_YCBCR;
  args.colours = components == 1 ? RW_JPEG_GREY : components == 4 ? RW_JPEG_CMYK + below(random, 2) : rgb;
  args.region_width = whole ? args.width : 1 + below(random, args.width);
  args.region_height = whole ? args.height : 1 + below(random, args.height);
  args.left = below(random, args.width - args.region_width + 1);
  args.top = below(random, args.height - args.region_height + 1);
  args.transposed = whole ? 0 : below(random, 2);
  args.columns_reversed = whole ? 0 : below(random, 2);
  args.rows_reversed = whole ? 0 : below(random, 2);
  args.flipped = whole ? 0 : below(random, 2);
  const int width = args.transposed ? args.region_height : args.region_width;
  const int height = args.transposed ? args.region_width : args.region_height;
  const int outputs_across = whole ? 8 : 1 + below(random, 64), outputs_down = whole ? 8 : 1 + below(random, 64);
  const Triangle across(width, outputs_across, 0, outputs_across), down(height, outputs_down, 0, outputs_down);
  args.across = &across.taps;
  args.down = &down.taps;
  const std::unique_ptr<uint8_t[]> result(new uint8_t[3 * outputs_across * outputs_down]);
  args.result = result.get();
  const int status = rw_jpeg_decode(decoder, &args);
  if (std::strlen(rw_jpeg_message(decoder)) > 200 || (status != RW_OK && rw_jpeg_message(decoder)[0] == 0)) {
    std::fprintf(stderr, "status %d without a message of one line\n", status);
    std::abort();
  }
  if (status != RW_OK && status != RW_DAMAGED && status != RW_OUT_OF_MEMORY) std::abort();
  uint32_t sum = 0;
  for (int i = 0; status == RW_OK && i < 3 * outputs_across * outputs_down; i++) sum = sum * 31 + args.result[i];
  return static_cast<int>(sum & 0x7fffffff);
}

rw_jpeg_decoder* open_decoder() {
  rw_jpeg_decoder* decoder = rw_jpeg_open();
  if (decoder == nullptr) {
    std::fprintf(stderr, "no decoder: %s\n", rw_jpeg_absence());
    std::exit(77);
  }
  return decoder;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static rw_jpeg_decoder* const decoder = open_decoder();
  decode(decoder, data, size, false);
  return 0;
}

#ifndef RW_LIBFUZZER

#include <chrono>

namespace {

using Bytes = std::vector<uint8_t>;

Bytes read_file(const char* path) {
  Bytes bytes;
  if (std::FILE* file = std::fopen(path, "rb")) {
    uint8_t block[4096];
    for (size_t count; (count = std::fread(block, 1, sizeof block, file)) > 0;) {
      bytes.insert(bytes.end(), block, block + count);
    }
    std::fclose(file);
  }
  return bytes;
}

// Damage of the kinds that happen and that parsers stumble over: bits, bytes, lengths, markers, cuts, repeats, splices.
void damage(Bytes& bytes, const std::vector<Bytes>& corpus, std::mt19937& random) {
  static const uint8_t telling[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff, 0xc0, 0xc2, 0xc4, 0xd0, 0xd9, 0xda, 0xdb, 0xdd};
  for (int change = 1 + below(random, 6); change > 0 && !bytes.empty(); change--) {
    const int size = static_cast<int>(bytes.size());
    // Half of the changes go into the headers, which are small.
    const int at = below(random, below(random, 2) == 0 ? std::min(size, 700) : size);
    switch (below(random, 8)) {
      case 0:
        bytes[at] ^= static_cast<uint8_t>(1 << below(random, 8));
        break;
      case 1:
        bytes[at] = static_cast<uint8_t>(random());
        break;
      case 2:
        bytes[at] = telling[below(random, sizeof telling)];
        break;
      case 3:
        if (at + 1 < size) {
          bytes[at] = 0xff;
          bytes[at + 1] = telling[below(random, sizeof telling)];
        }
        break;
      case 4:
        bytes.resize(static_cast<size_t>(at));
        break;
      case 5: {
        const int count = std::min(size - at, 1 + below(random, 64));
        const Bytes copy(bytes.begin() + at, bytes.begin() + at + count);
        bytes.insert(bytes.begin() + below(random, size), copy.begin(), copy.end());
        break;
      }
      case 6:
        bytes.erase(bytes.begin() + at, bytes.begin() + at + std::min(size - at, 1 + below(random, 64)));
        break;
      default: {
        const Bytes& other = corpus[static_cast<size_t>(below(random, static_cast<int>(corpus.size())))];
        const int from = below(random, static_cast<int>(other.size()));
        bytes.resize(static_cast<size_t>(at));
        bytes.insert(bytes.end(), other.begin() + from, other.end());
        break;
      }
    }
  }
}

}  // namespace

// jpeg_fuzz SEED SECONDS FILE...: exit status 1 if a sound file came out differently; the sanitizers abort by themselves.
// The file last tried is written to ./last-input before it is decoded, so that it is there after a crash.
int main(int count, char** arguments) {
  if (count < 4) {
    std::fprintf(stderr, "usage: jpeg_fuzz SEED SECONDS FILE...\n");
    return 2;
  }
  const unsigned long seed = std::strtoul(arguments[1], nullptr, 10);
  const double seconds = std::strtod(arguments[2], nullptr);
  std::vector<Bytes> corpus;
  for (int i = 3; i < count; i++) {
    Bytes bytes = read_file(arguments[i]);
    if (bytes.size() > 16) corpus.push_back(std::move(bytes));
  }
  if (corpus.empty()) return 2;
  rw_jpeg_decoder* decoder = open_decoder();
  std::vector<int> sound;
  for (const Bytes& bytes : corpus) sound.push_back(decode(decoder, bytes.data(), bytes.size(), true));

  std::mt19937 random(static_cast<unsigned>(seed));
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  long executions = 0, decoded = 0;
  while (elapsed() < seconds) {
    Bytes bytes = corpus[static_cast<size_t>(below(random, static_cast<int>(corpus.size())))];
    damage(bytes, corpus, random);
    if (std::FILE* file = std::fopen("last-input", "wb")) {
      std::fwrite(bytes.data(), 1, bytes.size(), file);
      std::fclose(file);
    }
    decoded += decode(decoder, bytes.data(), bytes.size(), false) > 0;
    if (++executions % 1000 == 0) {
      const size_t i = static_cast<size_t>(below(random, static_cast<int>(corpus.size())));
      if (decode(decoder, corpus[i].data(), corpus[i].size(), true) != sound[i]) {
        std::fprintf(stderr, "file %zu decodes differently after %ld executions of seed %lu\n", i, executions, seed);
        return 1;
      }
      rw_jpeg_close(decoder);
      decoder = open_decoder();
    }
  }
  rw_jpeg_close(decoder);
  std::printf("%ld executions, %ld decoded, in %.0f s; seed %lu, %zu files\n", executions, decoded, elapsed(), seed,
              corpus.size());
  return 0;
}

#endif  // RW_LIBFUZZER
