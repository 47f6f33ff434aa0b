// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a stream can show.
 *
 * @param interactive whether a line can be drawn over: a terminal, and not a dumb one
 * @param columns width of a line in characters
 */
public record Terminal(boolean interactive, int columns) {

  private static final int USUAL_COLUMNS = 80;
  private static final int FEWEST_COLUMNS = 20;

  public Terminal {
    columns = Math.max(columns, FEWEST_COLUMNS);
  }

  /** The terminal behind standard output, if there is one. */
  public static Terminal ofStandardOutput() {
    return of(isTerminal(1), System.getenv());
  }

  /** The terminal behind standard error, if there is one. */
  public static Terminal ofStandardError() {
    return of(isTerminal(2), System.getenv());
  }

  /** Reads {@code TERM} and {@code COLUMNS}; without a width it is 80 columns. */
  static Terminal of(boolean isTerminal, Map<String, String> environment) {
    boolean dumb = environment.getOrDefault("TERM", "dumb").equals("dumb");
    String columns = environment.getOrDefault("COLUMNS", "");
    boolean hasWidth = columns.matches("[1-9][0-9]{0,3}");
    return new Terminal(isTerminal && !dumb, hasWidth ? Integer.parseInt(columns) : USUAL_COLUMNS);
  }

  /**
   * Whether a file descriptor is a terminal. {@link System#console} answers for input and output
   * together, so one redirected stream would hide the others; Linux tells them apart.
   */
  private static boolean isTerminal(int descriptor) {
    try {
      Path target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor));
      return target.startsWith("/dev/pts") || target.toString().matches("/dev/(tty|console).*");
    } catch (IOException | UnsupportedOperationException e) {
      return System.console() != null;
    }
  }
}
