// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks;

import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command {@code benchmarks/run}. */
@Command(
    name = "benchmarks/run",
    mixinStandardHelpOptions = true,
    description = "Measure RandWire beside other engines.",
    subcommands = {
      TableCommand.class,
      SweepCommand.class,
      PopulationCommand.class,
      MeasureCommand.class,
      PopulationPart.class
    })
public final class Main {

  private Main() {}

  public static void main(String[] arguments) {
    int status =
        new CommandLine(new Main())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .registerConverter(Network.class, Main::network)
            .execute(arguments);
    // Engines leave threads behind that would keep the process alive.
    System.exit(status);
  }

  private static Network network(String word) {
    return Network.valueOf(word.toUpperCase(Locale.ROOT).replace('-', '_'));
  }
}
