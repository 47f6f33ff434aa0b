// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.randwire.population.LocalRunner;
import org.randwire.population.RunState;
import org.randwire.population.SweepMember;
import org.randwire.population.SweepStatus;

/**
 * Shows where a sweep stands: a block redrawn in place on a terminal, a plain line now and then
 * elsewhere. Thread-safe.
 */
final class SweepView implements LocalRunner.View {

  private static final long PLAIN_LINE_NANOS = Duration.ofSeconds(10).toNanos();
  private static final int RUNNING_SHOWN = 12;
  private static final String UP_AND_CLEAR = "\u001b[%dA\u001b[J";

  private final PrintStream out;
  private final Terminal terminal;
  private final LongSupplier nanoClock;
  private final String name;
  private final List<SweepMember> members;
  private Consumer<SweepStatus> also = status -> {};
  private int drawnLines;
  private long plainNanos;
  private String lastPlain = "";

  SweepView(
      PrintStream out,
      Terminal terminal,
      LongSupplier nanoClock,
      String name,
      List<SweepMember> members) {
    this.out = out;
    this.terminal = terminal;
    this.nanoClock = nanoClock;
    this.name = name;
    this.members = members;
    this.plainNanos = nanoClock.getAsLong() - PLAIN_LINE_NANOS;
  }

  /** Has every state shown elsewhere too. */
  void alsoTo(Consumer<SweepStatus> other) {
    also = other;
  }

  @Override
  public synchronized void show(SweepStatus status) {
    also.accept(status);
    if (terminal.interactive()) {
      clear();
      List<String> lines = new ArrayList<>(List.of(head(name, status)));
      lines.addAll(running(status, RUNNING_SHOWN));
      lines.forEach(line -> out.println(fitting(line)));
      drawnLines = lines.size();
    } else {
      long now = nanoClock.getAsLong();
      String line = head(name, status);
      if (now - plainNanos >= PLAIN_LINE_NANOS && !line.equals(lastPlain)) {
        out.println(line);
        plainNanos = now;
        lastPlain = line;
      }
    }
    out.flush();
  }

  private String fitting(String line) {
    int width = terminal.columns() - 1;
    return line.length() <= width ? line : line.substring(0, width);
  }

  @Override
  public synchronized void note(String line) {
    clear();
    out.println(line);
    out.flush();
  }

  /** Removes the block; nothing of it stays. */
  synchronized void clear() {
    if (drawnLines > 0) {
      out.printf(UP_AND_CLEAR, drawnLines);
      drawnLines = 0;
    }
  }

  /** Done, failed and left on one line. */
  static String head(String name, SweepStatus status) {
    List<String> parts = new ArrayList<>();
    parts.add(name);
    parts.add(status.states().getOrDefault(RunState.DONE, 0) + "/" + status.runs() + " done");
    if (!status.running().isEmpty()) {
      parts.add(status.running().size() + " running");
    }
    if (status.failed() > 0) {
      parts.add(status.failed() + " failed (" + causes(status.causes()) + ")");
    }
    if (status.finished() < status.runs()) {
      parts.add(
          "ETA "
              + (Double.isNaN(status.secondsLeft()) ? "?" : Progress.time(status.secondsLeft())));
    }
    return String.join("  ", parts);
  }

  static String causes(Map<String, Integer> causes) {
    return new TreeMap<>(causes)
        .entrySet().stream()
            .map(e -> e.getKey().toLowerCase(Locale.ROOT) + " " + e.getValue())
            .collect(Collectors.joining(", "));
  }

  private List<String> running(SweepStatus status, int most) {
    List<String> lines = new ArrayList<>();
    int width =
        status.running().stream()
            .mapToInt(run -> members.get(run.member()).name().length())
            .max()
            .orElse(0);
    for (SweepStatus.Running run : status.running()) {
      if (lines.size() == most) {
        lines.add("  and " + (status.running().size() - most) + " more");
        break;
      }
      lines.add(
          String.format(
              Locale.ROOT, "  %-" + width + "s  %s", members.get(run.member()).name(), state(run)));
    }
    return lines;
  }

  private static String state(SweepStatus.Running run) {
    if (run.epochs() == 0) {
      return "starting";
    }
    String epoch = "epoch " + run.epoch() + "/" + run.epochs() + ", step " + run.step();
    return Double.isNaN(run.error())
        ? epoch
        : epoch + String.format(Locale.ROOT, ", error %.1f %%", 100 * run.error());
  }
}
