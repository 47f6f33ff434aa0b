// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import org.jspecify.annotations.Nullable;

/**
 * How a file is to be understood.
 *
 * @param errorColumn the column of errors; without one the first of {@code error}, {@code
 *     test_error}, {@code min_error}, {@code min_test_top1} that the file has
 * @param unit of the errors; without one told from the numbers: fractions if none is above 1,
 *     percent if all are, refused if mixed
 */
public record ReadSettings(@Nullable String errorColumn, @Nullable ErrorUnit unit) {

  /** Everything is found out from the file. */
  public static final ReadSettings AUTOMATIC = new ReadSettings(null, null);
}
