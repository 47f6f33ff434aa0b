// SPDX-License-Identifier: Apache-2.0
//
// JPEG by libjpeg-turbo, which is opened at run time: where the machine has none, or the header was missing when this
// was compiled, rw_jpeg_absence says so and the caller decodes otherwise.
//
// Rows of the region are turned and filtered horizontally as they are decoded, so that no more than a row of the
// full-size image is held (of an image stored transposed, the region). What lies outside the region is not
// transformed: libjpeg-turbo skips rows above it and blocks beside it, a margin aside which chroma upsampling looks at,
// and is stopped below it. All settings give the pixels that a whole decoding gives.
//
// Not used: decoding at a half or less by scaled transforms. Against the whole image resized, half the size changes single
// pixels of photographs by up to 73 levels when the reduction is 2, by 16 at 4, 5 at 8 and still by 2 at 16; random crops
// are seldom reduced by more than 2.
#include "randwire.h"

#if defined(__has_include)
#if __has_include(<jpeglib.h>)
#define RW_HAS_JPEG 1
#endif
#endif

#ifndef RW_HAS_JPEG

extern "C" {

const char* rw_jpeg_library(void) { return nullptr; }

const char* rw_jpeg_absence(void) { return "the core was compiled without libjpeg-turbo's jpeglib.h"; }

rw_jpeg_decoder* rw_jpeg_open(void) { return nullptr; }

void rw_jpeg_close(rw_jpeg_decoder*) {}

int rw_jpeg_decode(rw_jpeg_decoder*, const rw_jpeg_args*) { return RW_UNAVAILABLE; }

const char* rw_jpeg_message(const rw_jpeg_decoder*) { return ""; }

}  // extern "C"

#else

#include <dlfcn.h>
#include <setjmp.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// C++ comes before it: it wants size_t and FILE.
#include <jpeglib.h>

#include "taps.h"

namespace rw {
namespace {

#define RW_TEXT_OF(x) #x
#define RW_TEXT(x) RW_TEXT_OF(x)
// The soname follows the version of the ABI: 62 (that of libjpeg 6b), 7 or 8.
#if JPEG_LIB_VERSION < 70
#define RW_JPEG_SONAME "libjpeg.so.62"
#elif JPEG_LIB_VERSION < 80
#define RW_JPEG_SONAME "libjpeg.so.7"
#else
#define RW_JPEG_SONAME "libjpeg.so.8"
#endif

constexpr long most_library_bytes = 512L << 20;

// The least columns decoded: with fewer, libjpeg-turbo would upsample chroma in another way.
constexpr int least_columns = 64;

// Upsampling looks at the next chroma sample, two columns or rows away.
constexpr int margin = 2;

struct Library {
  decltype(&::jpeg_std_error) std_error;
  decltype(&::jpeg_CreateDecompress) create_decompress;
  decltype(&::jpeg_destroy_decompress) destroy_decompress;
  decltype(&::jpeg_abort_decompress) abort;
  decltype(&::jpeg_read_header) read_header;
  decltype(&::jpeg_start_decompress) start;
  decltype(&::jpeg_read_scanlines) read;
  decltype(&::jpeg_crop_scanline) crop;
  decltype(&::jpeg_skip_scanlines) skip;
  decltype(&::jpeg_resync_to_restart) resync;
  char path[1024];
  char absence[JMSG_LENGTH_MAX + 128];

  Library() {
    path[0] = absence[0] = 0;
    void* file = dlopen(RW_JPEG_SONAME, RTLD_NOW | RTLD_LOCAL);
    if (file == nullptr) {
      std::snprintf(absence, sizeof absence, "no %s: %.150s", RW_JPEG_SONAME, dlerror());
      return;
    }
    find(file, "jpeg_std_error", std_error);
    find(file, "jpeg_CreateDecompress", create_decompress);
    find(file, "jpeg_destroy_decompress", destroy_decompress);
    find(file, "jpeg_abort_decompress", abort);
    find(file, "jpeg_read_header", read_header);
    find(file, "jpeg_start_decompress", start);
    find(file, "jpeg_read_scanlines", read);
    find(file, "jpeg_crop_scanline", crop);
    find(file, "jpeg_skip_scanlines", skip);
    find(file, "jpeg_resync_to_restart", resync);
    if (absence[0] == 0) try_out();
  }

  template <typename Function>
  void find(void* file, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(file, name));
    if (function == nullptr) {
      std::snprintf(absence, sizeof absence, "%s has no %s; it is not libjpeg-turbo, or older than 1.5", RW_JPEG_SONAME,
                    name);
    }
    Dl_info info;
    if (function != nullptr && dladdr(reinterpret_cast<void*>(function), &info) != 0) {
      std::snprintf(path, sizeof path, "%s", info.dli_fname);
    }
  }

  void try_out();
};

// A function-local static: the library is looked for when the first caller asks, whichever thread that is.
const Library& library() {
  static const Library one;
  return one;
}

}  // namespace
}  // namespace rw

struct rw_jpeg_decoder {
  jpeg_decompress_struct info;
  jpeg_error_mgr errors;
  jpeg_source_mgr source;
  jmp_buf failed;
  bool created;
  bool out_of_memory;
  char message[JMSG_LENGTH_MAX];
  // One row as libjpeg gives it; rows filtered horizontally; the region turned upright.
  struct Buffer {
    uint8_t* bytes;
    size_t size;
  } row, filtered, upright;
};

namespace rw {
namespace {

rw_jpeg_decoder* decoder_of(j_common_ptr info) { return static_cast<rw_jpeg_decoder*>(info->client_data); }

[[noreturn]] void fail(j_common_ptr info) {
  rw_jpeg_decoder* decoder = decoder_of(info);
  info->err->format_message(info, decoder->message);
  longjmp(decoder->failed, 1);
}

[[noreturn]] void fail(rw_jpeg_decoder* decoder, const char* message) {
  std::snprintf(decoder->message, sizeof decoder->message, "%s", message);
  longjmp(decoder->failed, 1);
}

// Only the first complaint is kept: a damaged file may have one a block. Traces have a level from 0 on.
void complain(j_common_ptr info, int level) {
  rw_jpeg_decoder* decoder = decoder_of(info);
  if (level < 0 && info->err->num_warnings++ == 0) info->err->format_message(info, decoder->message);
}

void say_nothing(j_common_ptr) {}

void begin_source(j_decompress_ptr) {}
void end_source(j_decompress_ptr) {}

// Behind the last byte, libjpeg sees end-of-image markers for as long as it asks.
boolean end_of_file(j_decompress_ptr info) {
  static const JOCTET end_of_image[] = {0xff, JPEG_EOI};
  rw_jpeg_decoder* decoder = decoder_of(reinterpret_cast<j_common_ptr>(info));
  if (info->err->num_warnings++ == 0) std::snprintf(decoder->message, sizeof decoder->message, "premature end of file");
  info->src->next_input_byte = end_of_image;
  info->src->bytes_in_buffer = sizeof end_of_image;
  return TRUE;
}

void skip_bytes(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  const size_t skipped = std::min(static_cast<size_t>(count), info->src->bytes_in_buffer);
  info->src->next_input_byte += skipped;
  info->src->bytes_in_buffer -= skipped;
}

bool create(const Library& jpeg, rw_jpeg_decoder* decoder) {
  decoder->info.err = jpeg.std_error(&decoder->errors);
  decoder->errors.error_exit = fail;
  decoder->errors.emit_message = complain;
  decoder->errors.output_message = say_nothing;
  decoder->info.client_data = decoder;
  if (setjmp(decoder->failed) != 0) return false;
  jpeg.create_decompress(&decoder->info, JPEG_LIB_VERSION, sizeof decoder->info);
  decoder->created = true;
  decoder->info.mem->max_memory_to_use = most_library_bytes;
  decoder->source.init_source = begin_source;
  decoder->source.fill_input_buffer = end_of_file;
  decoder->source.skip_input_data = skip_bytes;
  decoder->source.resync_to_restart = jpeg.resync;
  decoder->source.term_source = end_source;
  decoder->info.src = &decoder->source;
  return true;
}

void destroy(const Library& jpeg, rw_jpeg_decoder* decoder) {
  if (decoder->created) jpeg.destroy_decompress(&decoder->info);
  std::free(decoder->row.bytes);
  std::free(decoder->filtered.bytes);
  std::free(decoder->upright.bytes);
  std::free(decoder);
}

rw_jpeg_decoder* allocate() { return static_cast<rw_jpeg_decoder*>(std::calloc(1, sizeof(rw_jpeg_decoder))); }

// libjpeg itself compares version and size of its struct with those it was compiled with.
void Library::try_out() {
  rw_jpeg_decoder* decoder = allocate();
  if (decoder == nullptr || !create(*this, decoder)) {
    std::snprintf(absence, sizeof absence, "%s cannot be used: %.180s", path,
                  decoder == nullptr ? "out of memory" : decoder->message);
  }
  if (decoder != nullptr) destroy(*this, decoder);
}

uint8_t* reserve(rw_jpeg_decoder* decoder, rw_jpeg_decoder::Buffer& buffer, size_t size) {
  size += 1;  // the byte behind a row that filters read
  if (buffer.size < size) {
    std::free(buffer.bytes);
    buffer.bytes = static_cast<uint8_t*>(std::malloc(size));
    buffer.size = buffer.bytes == nullptr ? 0 : size;
    if (buffer.bytes == nullptr) {
      decoder->out_of_memory = true;
      fail(decoder, "out of memory");
    }
  }
  return buffer.bytes;
}

int components(int colours) {
  return colours == RW_JPEG_GREY ? 1 : colours == RW_JPEG_CMYK || colours == RW_JPEG_YCCK ? 4 : 3;
}

J_COLOR_SPACE stored_space(int colours) {
  switch (colours) {
    case RW_JPEG_GREY:
      return JCS_GRAYSCALE;
    case RW_JPEG_RGB:
      return JCS_RGB;
    case RW_JPEG_YCBCR:
      return JCS_YCbCr;
    case RW_JPEG_CMYK:
      return JCS_CMYK;
    default:
      return JCS_YCCK;
  }
}

// The most that a JPEG's header can say; libjpeg refuses a little less itself.
constexpr int longest_side = 65535;

bool valid_args(const rw_jpeg_args& a) {
  return a.file != nullptr && a.file_bytes >= 0 && a.result != nullptr && a.width >= 1 && a.width <= longest_side &&
         a.height >= 1 && a.height <= longest_side && a.colours >= RW_JPEG_GREY && a.colours <= RW_JPEG_YCCK &&
         a.left >= 0 && a.top >= 0 && a.region_width >= 1 && a.region_height >= 1 && a.left <= a.width - a.region_width &&
         a.top <= a.height - a.region_height && valid(a.across) && valid(a.down) &&
         a.across->length == (a.transposed ? a.region_height : a.region_width) &&
         a.down->length == (a.transposed ? a.region_width : a.region_height);
}

// Pillow's cmyk2rgb for inks stored inverted, in place: R = K - C * K / 255 with C = 255 - stored, rounded.
void cmyk_to_rgb(uint8_t* row, int width) {
  for (int64_t x = 0; x < width; x++) {
    const int light = row[4 * x + 3];
    for (int c = 0; c < 3; c++) {
      const int product = (255 - row[4 * x + c]) * light + 128;
      row[3 * x + c] = static_cast<uint8_t>(std::max(0, light - (((product >> 8) + product) >> 8)));
    }
  }
}

void reverse(uint8_t* row, int width) {
  for (int64_t x = 0, last = width - 1; x < last; x++, last--) {
    for (int c = 0; c < 3; c++) std::swap(row[3 * x + c], row[3 * last + c]);
  }
}

// Reads the header and sets everything up to the first row.
void begin(const Library& jpeg, rw_jpeg_decoder* decoder, const rw_jpeg_args& a) {
  jpeg_decompress_struct& info = decoder->info;
  decoder->source.next_input_byte = a.file;
  decoder->source.bytes_in_buffer = static_cast<size_t>(a.file_bytes);
  jpeg.read_header(&info, TRUE);
  if (info.image_width != static_cast<unsigned>(a.width) || info.image_height != static_cast<unsigned>(a.height) ||
      info.num_components != components(a.colours)) {
    fail(decoder, "size or number of components are not those of the header");
  }
  info.jpeg_color_space = stored_space(a.colours);
  info.out_color_space = components(a.colours) == 4 ? JCS_CMYK : JCS_RGB;
  info.dct_method = JDCT_ISLOW;
  info.do_fancy_upsampling = TRUE;
  // It would guess at coefficients that a progressive file never sends, from blocks that may lie outside the region.
  info.do_block_smoothing = FALSE;
  jpeg.start(&info);
}

void decode(const Library& jpeg, rw_jpeg_decoder* decoder, const rw_jpeg_args& a) {
  begin(jpeg, decoder, a);
  jpeg_decompress_struct& info = decoder->info;
  const int right = std::min(a.width, a.left + a.region_width + margin);
  JDIMENSION first = static_cast<JDIMENSION>(std::max(0, std::min(a.left - margin, right - least_columns)));
  JDIMENSION columns = static_cast<JDIMENSION>(right) - first;
  if (columns < static_cast<JDIMENSION>(a.width)) jpeg.crop(&info, &first, &columns);
  const int skipped = a.left - static_cast<int>(first);
  const int above = std::max(0, a.top - margin);
  if (above > 0) jpeg.skip(&info, static_cast<JDIMENSION>(above));

  const int channels = components(a.colours) == 4 ? 4 : 3;
  uint8_t* row = reserve(decoder, decoder->row, static_cast<size_t>(channels) * info.output_width);
  for (int y = above; y < a.top; y++) jpeg.read(&info, &row, 1);

  const size_t row_bytes = 3 * static_cast<size_t>(a.across->outputs);
  uint8_t* filtered = reserve(decoder, decoder->filtered, row_bytes * a.down->length);
  const size_t upright_bytes = 3 * static_cast<size_t>(a.across->length);
  uint8_t* upright = a.transposed ? reserve(decoder, decoder->upright, upright_bytes * a.down->length) : nullptr;
  for (int y = 0; y < a.region_height; y++) {
    jpeg.read(&info, &row, 1);
    uint8_t* pixels = row + static_cast<size_t>(channels) * skipped;
    if (channels == 4) cmyk_to_rgb(pixels, a.region_width);
    if (a.columns_reversed) reverse(pixels, a.region_width);
    const size_t to = a.rows_reversed ? a.region_height - 1 - y : y;
    if (!a.transposed) {
      rw_resize_row(pixels, a.across, a.flipped, filtered + to * row_bytes);
    } else {
      for (int x = 0; x < a.region_width; x++) std::memcpy(upright + x * upright_bytes + 3 * to, pixels + 3 * x, 3);
    }
  }
  jpeg.abort(&info);
  for (int y = 0; a.transposed && y < a.down->length; y++) {
    rw_resize_row(upright + y * upright_bytes, a.across, a.flipped, filtered + y * row_bytes);
  }
  for (int y = 0; y < a.down->outputs; y++) {
    rw_resize_column(filtered, a.down, y, static_cast<int64_t>(row_bytes), a.result + y * row_bytes);
  }
}

}  // namespace
}  // namespace rw

extern "C" {

const char* rw_jpeg_library(void) { return rw::library().absence[0] == 0 ? rw::library().path : nullptr; }

const char* rw_jpeg_absence(void) { return rw::library().absence; }

rw_jpeg_decoder* rw_jpeg_open(void) {
  if (rw_jpeg_library() == nullptr) return nullptr;
  rw_jpeg_decoder* decoder = rw::allocate();
  if (decoder != nullptr && !rw::create(rw::library(), decoder)) {
    rw::destroy(rw::library(), decoder);
    return nullptr;
  }
  return decoder;
}

void rw_jpeg_close(rw_jpeg_decoder* decoder) {
  if (decoder != nullptr) rw::destroy(rw::library(), decoder);
}

int rw_jpeg_decode(rw_jpeg_decoder* decoder, const rw_jpeg_args* args) {
  if (decoder == nullptr || args == nullptr || !rw::valid_args(*args)) return RW_INVALID_ARGUMENT;
  decoder->message[0] = 0;
  decoder->errors.num_warnings = 0;
  decoder->out_of_memory = false;
  // No object with a destructor may live between here and a failure.
  if (setjmp(decoder->failed) != 0) {
    rw::library().abort(&decoder->info);
    return decoder->out_of_memory ? RW_OUT_OF_MEMORY : RW_DAMAGED;
  }
  rw::decode(rw::library(), decoder, *args);
  return RW_OK;
}

const char* rw_jpeg_message(const rw_jpeg_decoder* decoder) { return decoder == nullptr ? "" : decoder->message; }

}  // extern "C"

#endif  // RW_HAS_JPEG
