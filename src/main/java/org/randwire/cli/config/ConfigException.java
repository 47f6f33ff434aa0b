// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A configuration that is refused. The message has one line per problem, unknown keys first, then
 * in reading order; the first {@value #LINES} are shown and the rest counted.
 */
public final class ConfigException extends RuntimeException {

  private static final long serialVersionUID = 1L;
  private static final int LINES = 10;

  /** Why a place is refused; unknown keys explain many of the others, so they are shown first. */
  enum Cause {
    UNKNOWN_KEY,
    OTHER
  }

  /**
   * One refused place.
   *
   * @param message what is wrong there and what would be right, on one line
   */
  record Problem(Cause cause, Place place, String message) {

    @Override
    public String toString() {
      return place + ": " + message;
    }
  }

  private static final Comparator<Problem> DISPLAY_ORDER =
      Comparator.comparing(Problem::cause).thenComparing(Problem::place);

  private final transient List<Problem> problems;

  ConfigException(List<Problem> problems) {
    super(message(problems));
    this.problems = List.copyOf(problems);
  }

  ConfigException(Place place, String message) {
    this(List.of(new Problem(Cause.OTHER, place, message)));
  }

  private static String message(List<Problem> problems) {
    List<String> lines = lines(problems);
    String shown = lines.stream().limit(LINES).collect(Collectors.joining("\n"));
    int hidden = lines.size() - LINES;
    return hidden <= 0 ? shown : shown + "\n... and " + hidden + " more";
  }

  private static List<String> lines(List<Problem> problems) {
    return problems.stream().sorted(DISPLAY_ORDER).map(Problem::toString).distinct().toList();
  }

  /** The problems as found. */
  List<Problem> causes() {
    return problems;
  }

  /** Every problem as {@code place: message}, in the order of the message; none is left out. */
  public List<String> problems() {
    return lines(problems);
  }
}
