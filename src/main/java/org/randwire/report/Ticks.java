// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** Round numbers along an axis. */
final class Ticks {

  /** A place and its text. */
  record Tick(double value, String text) {}

  private Ticks() {}

  static List<Tick> of(Chart.Axis axis, int most) {
    if (!axis.categories().isEmpty()) {
      return IntStream.range(0, axis.categories().size())
          .mapToObj(i -> new Tick(i, axis.categories().get(i)))
          .toList();
    }
    return switch (axis.scale()) {
      case LINEAR -> linear(axis, most);
      case LOG2 -> powersOfTwo(axis, most);
      case LOG10 -> decades(axis, most);
    };
  }

  private static List<Tick> linear(Chart.Axis axis, int most) {
    double rough = (axis.high() - axis.low()) / most;
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    double step = power * 10;
    for (double factor : new double[] {1, 2, 2.5, 5}) {
      if (factor * power >= rough) {
        step = factor * power;
        break;
      }
    }
    List<Tick> ticks = new ArrayList<>();
    long first = (long) Math.ceil(axis.low() / step - 1e-9);
    for (long i = first; i * step <= axis.high() + 1e-9 * step; i++) {
      ticks.add(new Tick(i * step, plain(i * step)));
    }
    return ticks;
  }

  private static String plain(double value) {
    BigDecimal rounded = new BigDecimal(value).setScale(9, RoundingMode.HALF_EVEN);
    return rounded.signum() == 0 ? "0" : compact(rounded.doubleValue());
  }

  private static List<Tick> powersOfTwo(Chart.Axis axis, int most) {
    int first = (int) Math.ceil(Math.log(axis.low()) / Math.log(2) - 1e-9);
    int last = (int) Math.floor(Math.log(axis.high()) / Math.log(2) + 1e-9);
    int stride = Math.max(1, (int) Math.ceil((last - first + 1) / (double) most));
    List<Tick> ticks = new ArrayList<>();
    for (int power = first; power <= last; power += stride) {
      double value = Math.pow(2, power);
      ticks.add(new Tick(value, compact(value)));
    }
    return ticks;
  }

  /** 1, 2 and 5 of every decade, or fewer where that would be too many. */
  private static List<Tick> decades(Chart.Axis axis, int most) {
    double decades = Math.log10(axis.high() / axis.low());
    double[] steps =
        decades * 3 <= most
            ? new double[] {1, 2, 5}
            : decades * 2 <= most ? new double[] {1, 3} : new double[] {1};
    List<Tick> ticks = new ArrayList<>();
    int first = (int) Math.floor(Math.log10(axis.low()));
    int last = (int) Math.ceil(Math.log10(axis.high()));
    for (int power = first; power <= last; power++) {
      for (double step : steps) {
        double value = step * Math.pow(10, power);
        if (value >= axis.low() && value <= axis.high()) {
          ticks.add(new Tick(value, compact(value)));
        }
      }
    }
    return ticks.size() < 2 ? linear(axis, most) : ticks;
  }

  /** 1500000 as 1.5M, 0.25 as it is. */
  static String compact(double value) {
    double size = Math.abs(value);
    String suffix = size >= 1e9 ? "G" : size >= 1e6 ? "M" : size >= 1e4 ? "k" : "";
    double scaled =
        switch (suffix) {
          case "G" -> value / 1e9;
          case "M" -> value / 1e6;
          case "k" -> value / 1e3;
          default -> value;
        };
    String text = String.format(Locale.ROOT, "%.6g", scaled);
    return (text.contains("e") ? text : new BigDecimal(text).stripTrailingZeros().toPlainString())
        + suffix;
  }

  /** A number to three digits. */
  static String significant(double value) {
    return compact(Double.parseDouble(String.format(Locale.ROOT, "%.3g", value)));
  }
}
