// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What all commands have in common. */
class CommandsTest {

  @Test
  void withoutArgumentsEveryCommandIsShown() {
    CommandRun run = CommandRun.of();
    assertEquals(ExitStatus.USAGE.code(), run.status());
    for (String name :
        List.of("train", "evaluate", "summary", "describe", "bench", "export", "data", "doctor")) {
      assertTrue(run.err().contains("\n  " + name + " "), run.err());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"train", "evaluate", "summary", "describe", "bench", "export", "data", "doctor"})
  void helpFitsIntoEightyColumns(String name) {
    CommandRun run = CommandRun.of(name, "--help");
    assertEquals(0, run.status(), run.err());
    assertTrue(run.out().startsWith("Usage: randwire " + name + " "), run.out());
    assertTrue(run.out().lines().allMatch(line -> line.length() <= 80), run.out());
    assertTrue(run.out().contains("--json"), run.out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"train", "describe", "bench"})
  void unknownKeyIsOneLine(String name) {
    assertEquals(
        "command line: unknown key 'data.bach'; did you mean 'data.batch'?",
        CommandRun.of(name, "data.bach=3").refusal(ExitStatus.USAGE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"evaluate", "export --safetensors x", "data --to x"})
  void missingArgumentIsOneLine(String command) {
    String line = CommandRun.of(command.split(" ")).refusal(ExitStatus.USAGE);
    assertTrue(line.startsWith("Missing required parameter"), line);
  }
}
