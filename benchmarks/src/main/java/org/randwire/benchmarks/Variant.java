// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks;

import java.util.Locale;
import org.randwire.benchmarks.engine.LibtorchEngine.Layout;
import org.randwire.benchmarks.engine.Precision;

/**
 * One way to train a network.
 *
 * @param layout of libtorch's tensors; the others have one of their own
 */
record Variant(EngineName engine, Precision precision, int threads, Layout layout) {

  enum EngineName {
    RANDWIRE,
    LIBTORCH,
    DJL
  }

  static Variant ours(Precision precision, int threads) {
    return new Variant(EngineName.RANDWIRE, precision, threads, Layout.CHANNELS_LAST);
  }

  static Variant libtorch(Precision precision, int threads, Layout layout) {
    return new Variant(EngineName.LIBTORCH, precision, threads, layout);
  }

  static Variant djl(int threads) {
    return new Variant(EngineName.DJL, Precision.FP32, threads, Layout.NCHW);
  }

  boolean isPeer() {
    return engine != EngineName.RANDWIRE;
  }

  @Override
  public String toString() {
    String name =
        switch (engine) {
          case RANDWIRE -> "RandWire";
          case LIBTORCH -> "libtorch " + word(layout);
          case DJL -> "DJL " + word(layout);
        };
    return name + " " + word(precision) + ", " + threads + (threads == 1 ? " thread" : " threads");
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
