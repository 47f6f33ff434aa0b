// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Shows how far training is: a bar redrawn in place on a terminal, a plain line now and then
 * elsewhere, and one lasting line per epoch on both.
 *
 * <p>{@link #step} costs a clock reading unless it draws, at most ten times a second. Thread-safe,
 * so that a signal handler may {@link #close} it.
 */
public final class Progress implements AutoCloseable {

  private static final long REDRAW_NANOS = Duration.ofMillis(100).toNanos();
  private static final long PLAIN_LINE_NANOS = Duration.ofSeconds(10).toNanos();

  /** Rates follow changes within about this time: start-up is forgotten, single steps smoothed. */
  private static final double RATE_MEMORY_SECONDS = 10;

  private static final int LONGEST_BAR = 40;
  private static final int SHORTEST_BAR = 8;
  private static final String GAP = "  ";

  private final PrintStream out;
  private final Terminal terminal;
  private final LongSupplier nanoClock;
  private final int epochs;
  private final long stepsPerEpoch;
  private final long lastStep;

  private int epoch;
  private long step;
  private double loss = Double.NaN;
  private double accuracy = Double.NaN;

  private final long startedAt;
  private final long stepsBefore;
  private final Rate examples;
  private long drawnAt;
  private long epochStartedAt;
  private int drawnWidth;
  private boolean closed;

  /**
   * A reporter on standard error.
   *
   * @param epochs epochs of the whole run
   * @param stepsPerEpoch updates per epoch, at least 1
   * @param lastStep updates after which the run ends; 0 if it ends with its epochs
   * @param stepsDone updates done before now, by the run that is resumed
   */
  public static Progress onStandardError(
      int epochs, long stepsPerEpoch, long lastStep, long stepsDone) {
    return new Progress(
        System.err,
        Terminal.ofStandardError(),
        System::nanoTime,
        epochs,
        stepsPerEpoch,
        lastStep,
        stepsDone);
  }

  Progress(
      PrintStream out,
      Terminal terminal,
      LongSupplier nanoClock,
      int epochs,
      long stepsPerEpoch,
      long lastStep,
      long stepsDone) {
    this.out = out;
    this.terminal = terminal;
    this.nanoClock = nanoClock;
    this.epochs = epochs;
    this.stepsPerEpoch = stepsPerEpoch;
    long whole = epochs * stepsPerEpoch;
    this.lastStep = lastStep > 0 ? Math.min(lastStep, whole) : whole;
    this.step = stepsDone;
    this.stepsBefore = stepsDone;
    this.epoch = epochOf(stepsDone);
    long now = nanoClock.getAsLong();
    this.startedAt = now;
    this.drawnAt = now;
    this.epochStartedAt = now;
    this.examples = new Rate(now);
  }

  /** One update is done, on so many examples; call it after every step. */
  public synchronized void step(int batch) {
    step++;
    epoch = epochOf(step - 1);
    examples.add(batch);
    long now = nanoClock.getAsLong();
    if (now - drawnAt >= (terminal.interactive() ? REDRAW_NANOS : PLAIN_LINE_NANOS)) {
      draw(now);
    }
  }

  /**
   * The newest measurements, shown from the next drawing on; call it only when they are at hand,
   * since reading a loss back from a device waits for it.
   *
   * @param loss mean loss of recent examples; NaN if not known
   * @param accuracy share of recent examples classified right, in [0, 1]; NaN if not known
   */
  public synchronized void measured(double loss, double accuracy) {
    this.loss = loss;
    this.accuracy = accuracy;
  }

  /**
   * Leaves a line about the epoch that has ended.
   *
   * @param loss mean training loss
   * @param accuracy share of the evaluation examples classified right; NaN if not evaluated
   */
  public synchronized void epochEnd(double loss, double accuracy) {
    long now = nanoClock.getAsLong();
    List<String> parts = new ArrayList<>();
    parts.add(epochPart());
    parts.add(lossPart(loss));
    if (!Double.isNaN(accuracy)) {
      parts.add(accuracyPart(accuracy));
    }
    parts.add("took " + time((now - epochStartedAt) / 1e9));
    line(String.join(GAP, parts));
    epochStartedAt = now;
    examples.restart(now); // images/s is the speed of training, without the evaluation just done
  }

  /** Leaves a line, such as a warning, above the bar. */
  public synchronized void line(String text) {
    clear();
    out.println(text);
    out.flush();
    drawnAt = nanoClock.getAsLong();
  }

  /** Removes the bar; nothing is drawn afterwards. */
  @Override
  public synchronized void close() {
    clear();
    out.flush();
    closed = true;
  }

  private int epochOf(long stepIndex) {
    return (int) Math.min(epochs, stepIndex / stepsPerEpoch + 1);
  }

  private void draw(long now) {
    if (closed) {
      return;
    }
    examples.update(now);
    drawnAt = now;
    if (terminal.interactive()) {
      String bar = bar(now);
      out.print("\r" + bar + " ".repeat(Math.max(0, drawnWidth - bar.length())));
      drawnWidth = bar.length();
    } else {
      out.println(String.join(GAP, parts("step " + stepPart(), now)));
    }
    out.flush();
  }

  private void clear() {
    if (drawnWidth > 0) {
      out.print("\r" + " ".repeat(drawnWidth) + "\r");
      drawnWidth = 0;
    }
  }

  /** One line, short of the last column, where some terminals wrap. */
  private String bar(long now) {
    int width = terminal.columns() - 1;
    List<String> parts = parts(stepPart(), now);
    for (String lessImportant : List.of(speedPart(), accuracyPart(accuracy), stepPart())) {
      if (gaugeWidth(parts, width) < SHORTEST_BAR) {
        parts.remove(lessImportant);
      }
    }
    int gaugeWidth = Math.min(LONGEST_BAR, gaugeWidth(parts, width));
    if (gaugeWidth >= SHORTEST_BAR) {
      parts.add(1, gauge(gaugeWidth));
    }
    String line = String.join(GAP, parts);
    return line.length() <= width ? line : line.substring(0, width);
  }

  private static int gaugeWidth(List<String> parts, int width) {
    return width - String.join(GAP, parts).length() - GAP.length();
  }

  private String gauge(int width) {
    int inside = width - 2;
    int filled = (int) Math.min(inside, inside * step / lastStep);
    String head = filled < inside && filled > 0 ? ">" : "";
    String done = "=".repeat(filled - head.length()) + head;
    return "[" + done + " ".repeat(inside - filled) + "]";
  }

  private List<String> parts(String stepPart, long now) {
    List<String> parts = new ArrayList<>();
    parts.add(epochPart());
    parts.add(stepPart);
    if (!Double.isNaN(loss)) {
      parts.add(lossPart(loss));
    }
    if (!Double.isNaN(accuracy)) {
      parts.add(accuracyPart(accuracy));
    }
    parts.add(speedPart());
    parts.add("ETA " + timeLeft(now));
    return parts;
  }

  /** From the pace since the start, so that evaluations and checkpoints to come are counted in. */
  private String timeLeft(long now) {
    long stepsSinceStart = step - stepsBefore;
    double secondsPerStep = (now - startedAt) / 1e9 / stepsSinceStart;
    return stepsSinceStart > 0 ? time(secondsPerStep * (lastStep - step)) : "?";
  }

  private String stepPart() {
    return step + "/" + lastStep;
  }

  private String speedPart() {
    return String.format(Locale.ROOT, "%.0f images/s", examples.perSecond());
  }

  private String epochPart() {
    return "epoch " + epoch + "/" + epochs;
  }

  private static String lossPart(double loss) {
    return String.format(Locale.ROOT, "loss %.3f", loss);
  }

  private static String accuracyPart(double accuracy) {
    return String.format(Locale.ROOT, "acc %.1f%%", 100 * accuracy);
  }

  /** {@code m:ss}, {@code h:mm:ss} from an hour on, days and hours from a day on. */
  static String time(double seconds) {
    long whole = Math.round(seconds);
    if (whole < 3600) {
      return "%d:%02d".formatted(whole / 60, whole % 60);
    }
    return whole < 86_400
        ? "%d:%02d:%02d".formatted(whole / 3600, whole % 3600 / 60, whole % 60)
        : "%d d %d h".formatted(whole / 86_400, whole % 86_400 / 3600);
  }

  /** A rate that forgets exponentially, by time rather than by count. */
  private static final class Rate {
    private long updatedAt;
    private double pending;
    private double perSecond;
    private double weight;

    Rate(long now) {
      updatedAt = now;
    }

    void add(long count) {
      pending += count;
    }

    /** Leaves out the time and the counts since the last update. */
    void restart(long now) {
      updatedAt = now;
      pending = 0;
    }

    void update(long now) {
      double seconds = (now - updatedAt) / 1e9;
      if (seconds > 0) {
        double keep = Math.exp(-seconds / RATE_MEMORY_SECONDS);
        perSecond = keep * perSecond + (1 - keep) * pending / seconds;
        weight = keep * weight + (1 - keep);
        restart(now);
      }
    }

    /** Divided by the weight so far: at the start there is little to forget. */
    double perSecond() {
      return weight > 0 ? perSecond / weight : 0;
    }
  }
}
