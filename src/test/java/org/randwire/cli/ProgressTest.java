// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProgressTest {

  private static final Terminal PLAIN = new Terminal(false, 80);
  private static final Terminal WIDE = new Terminal(true, 120);

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private long now;

  private Progress progress(Terminal terminal, int epochs, long stepsPerEpoch, long stepsDone) {
    PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    return new Progress(out, terminal, () -> now, epochs, stepsPerEpoch, 0, stepsDone);
  }

  private String output() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private List<String> drawings() {
    return Pattern.compile("\r").splitAsStream(output()).filter(d -> !d.isBlank()).toList();
  }

  private void steps(Progress progress, int count, Duration each) {
    for (int i = 0; i < count; i++) {
      now += each.toNanos();
      progress.step(128);
    }
  }

  @Test
  void barShowsEverything() {
    Progress progress = progress(WIDE, 2, 100, 0);
    progress.measured(1.23456, 0.567);
    steps(progress, 50, Duration.ofMillis(500));
    assertEquals(
        "epoch 1/2  [========>                             ]  50/200  loss 1.235  acc 56.7%"
            + "  256 images/s  ETA 1:15",
        drawings().get(drawings().size() - 1).stripTrailing());
  }

  @Test
  void barIsRedrawnAtMostTenTimesASecond() {
    Progress progress = progress(WIDE, 1, 10_000, 0);
    steps(progress, 5_000, Duration.ofMillis(1));
    assertEquals(50, drawings().size());
  }

  @ParameterizedTest
  @ValueSource(ints = {20, 30, 40, 60, 80, 100, 200})
  void barStaysShortOfTheLastColumn(int columns) {
    Progress progress = progress(new Terminal(true, columns), 300, 5_000, 123_456);
    progress.measured(12.3456, 1.0);
    steps(progress, 30, Duration.ofMillis(900));
    for (String drawing : drawings()) {
      assertTrue(drawing.length() < columns, drawing);
      assertTrue(drawing.startsWith("epoch 25/300"), drawing);
    }
  }

  @Test
  void usualRunFitsEightyColumnsWhole() {
    Progress progress = progress(new Terminal(true, 80), 10, 391, 0);
    progress.measured(1.2345, 0.567);
    steps(progress, 1500, Duration.ofMillis(100));
    String last = drawings().get(drawings().size() - 1);
    for (String part :
        List.of("epoch 4/10", "[=", "1500/3910", "loss", "acc", "images/s", "ETA 4:01")) {
      assertTrue(last.contains(part), last);
    }
  }

  @Test
  void shorterDrawingErasesTheLongerOneBefore() {
    Progress progress = progress(WIDE, 1, 100, 0);
    progress.measured(1000.0, 0.5);
    steps(progress, 1, Duration.ofSeconds(1));
    progress.measured(1.0, Double.NaN);
    steps(progress, 1, Duration.ofSeconds(1));
    String[] drawn = output().split("\r");
    assertTrue(drawn[2].length() >= drawn[1].stripTrailing().length(), output());
    assertFalse(drawn[2].contains("acc"), output());
  }

  @Test
  void closeClearsTheLineAndEndsDrawing() {
    Progress progress = progress(WIDE, 1, 100, 0);
    steps(progress, 1, Duration.ofSeconds(1));
    int width = output().length() - 1;
    progress.close();
    assertTrue(output().endsWith("\r" + " ".repeat(width) + "\r"), output());
    int length = output().length();
    steps(progress, 5, Duration.ofSeconds(1));
    assertEquals(length, output().length());
  }

  @Test
  void plainOutputHasALineEveryTenSecondsAndNoControlCharacters() {
    Progress progress = progress(PLAIN, 1, 1000, 0);
    progress.measured(0.5, Double.NaN);
    steps(progress, 350, Duration.ofMillis(100));
    List<String> lines = output().lines().toList();
    assertEquals(3, lines.size());
    assertEquals("epoch 1/1  step 100/1000  loss 0.500  1280 images/s  ETA 1:30", lines.get(0));
    assertTrue(output().chars().allMatch(c -> c == '\n' || c >= ' '), output());
  }

  @Test
  void plainShortRunStillLeavesALinePerEpoch() {
    Progress progress = progress(PLAIN, 2, 2, 0);
    steps(progress, 2, Duration.ofSeconds(1));
    progress.epochEnd(1.5, 0.25);
    steps(progress, 2, Duration.ofSeconds(2));
    progress.epochEnd(1.25, Double.NaN);
    assertEquals(
        List.of("epoch 1/2  loss 1.500  acc 25.0%  took 0:02", "epoch 2/2  loss 1.250  took 0:04"),
        output().lines().toList());
  }

  @Test
  void timeLeftCountsEvaluationsButSpeedDoesNot() {
    Progress progress = progress(PLAIN, 2, 10, 0);
    steps(progress, 10, Duration.ofSeconds(1));
    now += Duration.ofSeconds(10).toNanos();
    progress.epochEnd(1, 1);
    steps(progress, 10, Duration.ofSeconds(1));
    List<String> lines = output().lines().toList();
    assertTrue(lines.get(2).contains("128 images/s"), output());
    assertTrue(lines.get(0).contains("ETA 0:10"), output());
    assertTrue(lines.get(2).contains("ETA 0:00"), output());
  }

  @Test
  void resumedRunCountsItsOwnPaceAndTheWholeRunsSteps() {
    Progress progress = progress(PLAIN, 10, 100, 900);
    steps(progress, 10, Duration.ofSeconds(1));
    assertEquals("epoch 10/10  step 910/1000  128 images/s  ETA 1:30", output().strip());
  }

  @Test
  void runThatEndsByStepsCountsToThem() {
    PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    Progress progress = new Progress(out, PLAIN, () -> now, 10, 100, 40, 0);
    steps(progress, 20, Duration.ofSeconds(1));
    assertTrue(output().contains("step 20/40"), output());
  }

  @Test
  void messageStandsOnALineOfItsOwnAboveTheBar() {
    Progress progress = progress(WIDE, 1, 100, 0);
    steps(progress, 1, Duration.ofSeconds(1));
    int width = output().length() - 1;
    progress.line("checkpoint written");
    String expected = "\r" + " ".repeat(width) + "\rcheckpoint written" + System.lineSeparator();
    assertTrue(output().endsWith(expected), output());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0:00",
    "59.4, 0:59",
    "59.6, 1:00",
    "3599, 59:59",
    "3600, 1:00:00",
    "86399, 23:59:59",
    "183600, 2 d 3 h"
  })
  void timeIsShort(double seconds, String text) {
    assertEquals(text, Progress.time(seconds));
  }

  @Test
  void terminalIsReadFromTheEnvironment() {
    assertEquals(
        new Terminal(true, 132), Terminal.of(true, Map.of("TERM", "xterm", "COLUMNS", "132")));
    assertEquals(new Terminal(true, 80), Terminal.of(true, Map.of("TERM", "xterm")));
    assertEquals(
        new Terminal(true, 80), Terminal.of(true, Map.of("TERM", "xterm", "COLUMNS", "wide")));
    assertFalse(Terminal.of(true, Map.of("TERM", "dumb")).interactive());
    assertFalse(Terminal.of(false, Map.of("TERM", "xterm")).interactive());
  }
}
