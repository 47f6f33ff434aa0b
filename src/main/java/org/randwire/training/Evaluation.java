// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import java.util.Arrays;
import org.randwire.compile.CompiledProgram;
import org.randwire.data.Batch;
import org.randwire.data.BatchLoader;
import org.randwire.data.Dataset;
import org.randwire.data.UnreadableExamples;

/**
 * How well a network does on a data set.
 *
 * @param examples how many were evaluated
 * @param loss mean cross-entropy without label smoothing
 * @param top1Error fraction whose label is not the largest logit
 * @param top5Error fraction whose label is not among the five largest logits
 * @param unreadable how many examples were left out because they could not be read
 */
public record Evaluation(
    int examples, double loss, double top1Error, double top5Error, int unreadable) {

  private static final int TOP = 5;

  /** Runs {@code program} over one pass of {@code loader}. */
  static Evaluation of(CompiledProgram program, BatchLoader loader, Dataset data) {
    Tally tally = new Tally();
    UnreadableExamples unreadable = new UnreadableExamples(data);
    double loss = 0;
    loader.start(0, 0);
    for (Batch batch = loader.next(); batch != null; batch = loader.next()) {
      unreadable.add(batch);
      Trainer.fill(program, batch);
      program.run();
      double[] losses = program.losses();
      double[] logits = program.logits();
      for (int i = 0; i < batch.size(); i++) {
        if (batch.unreadable(i) == null) { // what stands there instead is counted at its own place
          loss += losses[i];
          tally.add(logits, i, batch.labels()[i], data.classes());
        }
      }
    }
    return new Evaluation(
        tally.examples,
        loss / tally.examples,
        tally.top1Error(),
        tally.top5Error(),
        unreadable.count());
  }

  /**
   * Counts right answers; equal logits count against the label, so constant logits are not right.
   */
  static final class Tally {
    private int examples;
    private int top1;
    private int top5;

    void add(double[] logits, int[] labels, int size, int classes) {
      for (int i = 0; i < size; i++) {
        add(logits, i, labels[i], classes);
      }
    }

    private void add(double[] logits, int position, int label, int classes) {
      int first = position * classes;
      double own = logits[first + label];
      long better =
          Arrays.stream(logits, first, first + classes).filter(logit -> !(logit < own)).count();
      // The label's own logit is among those that are not smaller, unless it is NaN.
      top1 += better == 1 ? 1 : 0;
      top5 += better <= TOP && !Double.isNaN(own) ? 1 : 0;
      examples++;
    }

    double top1Error() {
      return 1 - (double) top1 / examples;
    }

    double top5Error() {
      return 1 - (double) top5 / examples;
    }

    void clear() {
      examples = 0;
      top1 = 0;
      top5 = 0;
    }

    long[] toArray() {
      return new long[] {examples, top1, top5};
    }

    void set(long[] counts) {
      examples = Math.toIntExact(counts[0]);
      top1 = Math.toIntExact(counts[1]);
      top5 = Math.toIntExact(counts[2]);
    }

    boolean isEmpty() {
      return examples == 0;
    }
  }
}
