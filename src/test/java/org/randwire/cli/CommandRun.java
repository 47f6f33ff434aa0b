// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One run of the launcher inside the test's own process, with all its commands. */
record CommandRun(int status, String out, String err) {

  /** A network and a data set so small that an epoch on the reference device takes no time. */
  private static final List<String> TINY =
      List.of(
          "network.graph.nodes=6",
          "network.channels=4",
          "data.name=synthetic",
          "data.size=8",
          "data.classes=4",
          "data.examples=64",
          "data.batch=16",
          "data.evaluationBatch=5",
          "threads=2",
          "training.epochs=2");

  static CommandRun of(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CrashLog log = CrashLog.temporary();
    int status =
        Main.run(
            Main.commands(log), log, new PrintWriter(out), new PrintWriter(err, true), arguments);
    return new CommandRun(status, out.toString(), err.toString());
  }

  /** As {@link #of}, with a tiny configuration behind the arguments. */
  static CommandRun tiny(String device, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("device=" + device);
    all.addAll(TINY);
    return of(all.toArray(String[]::new));
  }

  /** Trains into a folder and gives the result. */
  static JsonNode train(String device, Path run, String... settings) {
    List<String> all = new ArrayList<>(List.of("train", "--json", "--output", run.toString()));
    all.addAll(List.of(settings));
    return tiny(device, all.toArray(String[]::new)).json();
  }

  /** What was printed, after checking that the command did what it was asked. */
  JsonNode json() {
    assertEquals(0, status, err);
    return JsonMapper.shared().readTree(out);
  }

  /** Checks that the command was refused with one line, which it gives. */
  String refusal(ExitStatus expected) {
    assertEquals(expected.code(), status, err);
    assertEquals("", out);
    assertEquals(1, err.lines().count(), err);
    return err.strip();
  }
}
