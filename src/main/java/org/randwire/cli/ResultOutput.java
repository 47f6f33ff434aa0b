// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.PrintWriter;
import java.util.Map;
import java.util.function.Consumer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints what a command found: text for people, or JSON by {@code --json}. */
final class ResultOutput {

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(names = "--json", description = "Print the result as JSON.")
  private boolean json;

  /** The same result in both forms. */
  void print(Map<String, ?> values, Consumer<PrintWriter> text) {
    PrintWriter out = command.commandLine().getOut();
    if (json) {
      out.print(RunFolder.toJson(values));
    } else {
      text.accept(out);
    }
    out.flush();
  }

  /** A line on standard error, which is no part of the result. */
  void note(String line) {
    PrintWriter err = command.commandLine().getErr();
    err.println(line);
    err.flush();
  }
}
