// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu.binding;

import java.util.Optional;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;

/**
 * The native decoder of JPEG files and resizing, in terms of Java arrays. Keeps native memory for
 * the largest image it has seen, which {@link #close} gives back.
 *
 * <p>For one thread at a time.
 */
public final class NativeImages implements AutoCloseable {

  /**
   * A filter along one axis, as {@code rw_filter_taps} of the native header says.
   *
   * @param firsts the first pixel of each output
   * @param counts how many pixels it takes
   * @param weights {@code stride} of them for each output
   * @param length pixels along the axis
   */
  public record Taps(int[] firsts, int[] counts, int[] weights, int stride, int length) {}

  /**
   * Part of a JPEG file, as {@code rw_jpeg_args} of the native header says.
   *
   * @param width of the stored image, as are height and the region
   * @param colours a constant of {@code rw_jpeg_colours}
   */
  public record Part(
      int width,
      int height,
      int colours,
      int left,
      int top,
      int regionWidth,
      int regionHeight,
      boolean transposed,
      boolean columnsReversed,
      boolean rowsReversed) {}

  public static final int GREY = 0;
  public static final int RGB = 1;
  public static final int YCBCR = 2;
  public static final int CMYK = 3;
  public static final int YCCK = 4;

  private final rw_jpeg_decoder decoder;
  private final rw_jpeg_args args = new rw_jpeg_args();
  private final NativeTaps across = new NativeTaps();
  private final NativeTaps down = new NativeTaps();
  private BytePointer source = new BytePointer(1);
  private BytePointer scratch = new BytePointer(1);
  private BytePointer result = new BytePointer(1);

  /**
   * Opens a decoder.
   *
   * @throws IllegalStateException if there is none, see {@link #unavailableReason}
   * @throws OutOfMemoryError if its memory is refused
   */
  public NativeImages() {
    Optional<String> absence = unavailableReason();
    if (absence.isPresent()) {
      throw new IllegalStateException(absence.get());
    }
    decoder = Core.rw_jpeg_open();
    if (decoder == null) {
      throw new OutOfMemoryError("no native memory for a JPEG decoder");
    }
  }

  /** Why JPEG files cannot be decoded natively, in one line, or nothing where they can. */
  public static Optional<String> unavailableReason() {
    Optional<String> absence = NativeCore.unavailableReason();
    if (absence.isPresent()) {
      return absence;
    }
    String reason = Core.rw_jpeg_absence().getString();
    return reason.isEmpty() ? Optional.empty() : Optional.of(reason);
  }

  /** The file of the JPEG library. */
  public String library() {
    return Core.rw_jpeg_library().getString();
  }

  /**
   * Decodes part of a JPEG file.
   *
   * @param into gets {@code [down outputs, across outputs, 3]}
   * @return whether it could be decoded; either way {@link #message} says what is wrong with it
   * @throws OutOfMemoryError if memory is refused
   */
  public boolean decode(
      byte[] file, Part part, Taps columns, Taps rows, boolean flipped, byte[] into) {
    int bytes = 3 * columns.firsts().length * rows.firsts().length;
    source = atLeast(source, file.length);
    result = atLeast(result, bytes);
    source.position(0).put(file, 0, file.length);
    args.file(source)
        .file_bytes(file.length)
        .width(part.width())
        .height(part.height())
        .colours(part.colours())
        .left(part.left())
        .top(part.top())
        .region_width(part.regionWidth())
        .region_height(part.regionHeight())
        .transposed(part.transposed() ? 1 : 0)
        .columns_reversed(part.columnsReversed() ? 1 : 0)
        .rows_reversed(part.rowsReversed() ? 1 : 0)
        .across(across.set(columns))
        .down(down.set(rows))
        .flipped(flipped ? 1 : 0)
        .result(result);
    int status = Core.rw_jpeg_decode(decoder, args);
    if (status == Core.RW_DAMAGED) {
      return false;
    }
    require(status);
    result.get(into, 0, bytes);
    return true;
  }

  /** What was wrong with the last file, in one line, or nothing. */
  public Optional<String> message() {
    String message = Core.rw_jpeg_message(decoder).getString();
    return message.isEmpty() ? Optional.empty() : Optional.of(message);
  }

  /**
   * Resizes an RGB image of {@code rows.length() x columns.length()} pixels without gaps.
   *
   * @param into gets {@code [rows outputs, columns outputs, 3]}
   */
  public void resize(byte[] image, Taps columns, Taps rows, boolean flipped, byte[] into) {
    int imageBytes = 3 * columns.length() * rows.length();
    int bytes = 3 * columns.firsts().length * rows.firsts().length;
    source = atLeast(source, imageBytes + 1);
    scratch = atLeast(scratch, 3L * columns.firsts().length * rows.length());
    result = atLeast(result, bytes);
    source.put(image, 0, imageBytes);
    require(
        Core.rw_resize(
            source, across.set(columns), down.set(rows), flipped ? 1 : 0, scratch, result));
    result.get(into, 0, bytes);
  }

  private static void require(int status) {
    if (status == Core.RW_OUT_OF_MEMORY) {
      throw new OutOfMemoryError("no native memory to decode an image");
    }
    if (status != Core.RW_OK) {
      throw new IllegalArgumentException("the native core refused its arguments: " + status);
    }
  }

  private static BytePointer atLeast(BytePointer pointer, long bytes) {
    if (pointer.capacity() >= bytes) {
      return pointer;
    }
    pointer.close();
    return new BytePointer(bytes);
  }

  @Override
  public void close() {
    if (!decoder.isNull()) {
      Core.rw_jpeg_close(decoder);
      decoder.setNull();
      args.close();
      across.close();
      down.close();
      source.close();
      scratch.close();
      result.close();
    }
  }

  /** A filter in native memory. */
  private static final class NativeTaps implements AutoCloseable {
    private final rw_filter_taps taps = new rw_filter_taps();
    private IntPointer firsts = new IntPointer(1);
    private IntPointer counts = new IntPointer(1);
    private IntPointer weights = new IntPointer(1);

    rw_filter_taps set(Taps from) {
      firsts = copied(firsts, from.firsts());
      counts = copied(counts, from.counts());
      weights = copied(weights, from.weights());
      return taps.firsts(firsts)
          .counts(counts)
          .weights(weights)
          .stride(from.stride())
          .outputs(from.firsts().length)
          .length(from.length());
    }

    private static IntPointer copied(IntPointer pointer, int[] values) {
      IntPointer enough = pointer;
      if (pointer.capacity() < values.length) {
        pointer.close();
        enough = new IntPointer(values.length);
      }
      return enough.put(values, 0, values.length);
    }

    @Override
    public void close() {
      taps.close();
      firsts.close();
      counts.close();
      weights.close();
    }
  }
}
