// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Finds the name a user probably meant. */
public final class NearestName {

  private NearestName() {}

  /**
   * The candidate nearest to what was written, if near enough to be a slip: at most one edit per
   * three characters, case and separators ({@code _ -}) not counted.
   */
  public static Optional<String> of(String written, Collection<String> candidates) {
    return candidates.stream()
        .filter(candidate -> isNear(written, candidate))
        .min(Comparator.comparingInt(candidate -> distance(plain(written), plain(candidate))));
  }

  /** Whether two names differ in case and separators only. */
  static boolean isSame(String a, String b) {
    return plain(a).equals(plain(b));
  }

  /** Whether one name may be a slip for the other. */
  static boolean isNear(String written, String candidate) {
    int longer = Math.max(written.length(), candidate.length());
    return distance(plain(written), plain(candidate)) <= longer / 3;
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replace("_", "").replace("-", "");
  }

  /**
   * Damerau-Levenshtein distance in its optimal string alignment form: insertions, deletions,
   * substitutions and swaps of neighbours.
   */
  static int distance(String a, String b) {
    int[][] cost = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      cost[i][0] = i;
    }
    for (int j = 0; j <= b.length(); j++) {
      cost[0][j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      for (int j = 1; j <= b.length(); j++) {
        int substitution = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        cost[i][j] =
            Math.min(
                Math.min(cost[i - 1][j], cost[i][j - 1]) + 1, cost[i - 1][j - 1] + substitution);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
      }
    }
    return cost[a.length()][b.length()];
  }
}
