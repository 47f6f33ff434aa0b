// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cpu.binding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NativeCoreTest {

  @Test
  void isAvailableOrSaysWhyInOneLine() {
    NativeCore.unavailableReason()
        .ifPresentOrElse(
            reason -> assertTrue(!reason.isBlank() && reason.lines().count() == 1, reason),
            () -> assertTrue(NativeCore.available()));
  }

  @Test
  void isRefusedWhenSwitchedOff() throws Exception {
    assertEquals(
        "switched off by -Drandwire.native=off", probe(null, "-Drandwire.native=off").trim());
  }

  @ParameterizedTest
  @ValueSource(strings = {"amx", "avx512_bf16", "avx512", "avx2", "baseline"})
  void environmentLowersTheInstructionSetAndNeverRaisesIt(String wanted) throws Exception {
    requireCore();
    List<String> bestFirst = List.of("amx", "avx512_bf16", "avx512", "avx2", "baseline");
    int supported = bestFirst.indexOf(probe(null).trim());
    String expected = bestFirst.get(Math.max(supported, bestFirst.indexOf(wanted)));
    assertEquals(expected, probe(wanted).trim());
  }

  @Test
  void unknownInstructionSetInTheEnvironmentChangesNothing() throws Exception {
    requireCore();
    assertEquals(probe(null), probe("sse9"));
  }

  @Test
  void setsOpenMpThreadsOnceOneDnnIsLoaded() {
    requireCore();
    Loader.load(dnnl.class);
    assertEquals(Core.RW_OK, Core.rw_set_openmp_threads(1));
    assertEquals(Core.RW_INVALID_ARGUMENT, Core.rw_set_openmp_threads(0));
  }

  @Test
  void asksForHugePagesWhereWholeOnesFit() {
    requireCore();
    try (BytePointer memory = new BytePointer(8 << 20)) {
      int status = Core.rw_use_huge_pages(memory, memory.capacity());
      assertTrue(status == Core.RW_OK || status == Core.RW_UNAVAILABLE);
      assertEquals(Core.RW_OK, Core.rw_use_huge_pages(memory, 4096));
      assertEquals(Core.RW_INVALID_ARGUMENT, Core.rw_use_huge_pages(memory, -1));
      assertEquals(Core.RW_INVALID_ARGUMENT, Core.rw_use_huge_pages(null, 4096));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 15, 16, 17, 207})
  void roundsFloatsToTheNearestBfloat16AndWritesNothingBehindThem(int count) {
    requireCore();
    float[] source = new float[count + 1];
    short[] target = new short[count + 1];
    short[] expected = new short[count + 1];
    Random random = new Random(count);
    for (int i = 0; i < count; i++) {
      source[i] = Math.scalb(random.nextFloat() - 0.5f, random.nextInt(60) - 30);
      expected[i] = nearestBfloat16(source[i]);
    }
    source[count] = 1;
    target[count] = expected[count] = 0x5a5a;
    assertEquals(Core.RW_OK, Core.rw_float_to_bfloat16(source, target, count));
    assertArrayEquals(expected, target);

    float[] widened = new float[count];
    assertEquals(Core.RW_OK, Core.rw_bfloat16_to_float(target, widened, count));
    for (int i = 0; i < count; i++) {
      assertEquals(Float.intBitsToFloat(expected[i] << 16), widened[i], "element " + i);
    }
  }

  @ParameterizedTest
  @CsvSource({"-1, 4", "4, 0"})
  void refusesConversionOutsideItsRange(int count, int length) {
    requireCore();
    float[] source = length == 0 ? null : new float[length];
    short[] target = length == 0 ? null : new short[length];
    assertEquals(Core.RW_INVALID_ARGUMENT, Core.rw_float_to_bfloat16(source, target, count));
  }

  /** Of the two bfloat16 values around x the nearer, compared in double; the even one in a tie. */
  private static short nearestBfloat16(float x) {
    int below = Float.floatToRawIntBits(x) >>> 16;
    double down = Math.abs((double) x - Float.intBitsToFloat(below << 16));
    double up = Math.abs((double) x - Float.intBitsToFloat((below + 1) << 16));
    boolean takesNext = up < down || (up == down && (below & 1) == 1);
    return (short) (takesNext ? below + 1 : below);
  }

  private static void requireCore() {
    assumeTrue(NativeCore.available(), () -> NativeCore.unavailableReason().orElse(""));
  }

  /** Prints why the core is unavailable, or its instruction set; run in a process of its own. */
  static final class Probe {
    public static void main(String[] arguments) {
      System.out.println(NativeCore.unavailableReason().orElseGet(() -> Core.rw_isa().getString()));
    }
  }

  private static String probe(String isa, String... options) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Probe.class.getName()));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().remove("RANDWIRE_ISA");
    if (isa != null) {
      builder.environment().put("RANDWIRE_ISA", isa);
    }
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), "probe did not end");
    assertEquals(0, process.exitValue(), output);
    return output;
  }
}
