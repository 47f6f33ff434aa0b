// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Numbers as people write them into tables. */
final class Numbers {

  private Numbers() {}

  /** The number a text is, NaN and infinities among them; null if it is none. */
  static @Nullable Double parse(String text) {
    String plain = text.strip();
    if (plain.isEmpty() || !isNumberLike(plain)) {
      return null;
    }
    try {
      return Double.valueOf(named(plain));
    } catch (NumberFormatException e) {
      return null;
    }
  }

  /** Java also reads 0x1p3 and 1d, which nobody means. */
  private static boolean isNumberLike(String text) {
    char last = text.charAt(text.length() - 1);
    return Character.isDigit(last) || last == '.' || !named(text).equals(text) || isName(text);
  }

  private static boolean isName(String text) {
    return text.equals("NaN") || text.endsWith("Infinity");
  }

  private static String named(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "nan", "-nan", "+nan" -> "NaN";
      case "inf", "+inf", "infinity", "+infinity" -> "Infinity";
      case "-inf", "-infinity" -> "-Infinity";
      default -> text;
    };
  }
}
