// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Trains a member of a sweep; called by several threads at once where networks are packed. */
public interface MemberTraining {

  /**
   * Trains one member, from its newest checkpoint if there is one. The result must be a pure
   * function of the member but for seconds, joules and provenance.
   *
   * @throws org.randwire.backend.OutOfDeviceMemoryException if the network does not fit; it is
   *     tried again alone
   * @throws org.randwire.data.DataException if the data cannot be read; the worker ends
   * @throws IOException if a file cannot be written; a full disk is waited for
   */
  Result train(SweepMember member, Run run) throws IOException;

  /** What a training has of the worker that runs it. */
  interface Run {

    /**
     * The folder of the run's checkpoints and logs, made and locked at the first call.
     *
     * @throws RunLockedException if another process still has it
     */
    Path folder() throws IOException;

    /** Calls {@code stop} once the run shall end with a checkpoint; at once if that is asked. */
    void onStop(Runnable stop);

    /**
     * Tells that the run goes on; without a call within the time limit it is taken for hung.
     *
     * @param step updates done
     * @param error of the newest evaluation; NaN before the first
     */
    void progress(long step, int epoch, int epochs, double error);

    /** Whether the rule of early stopping ends the run after this epoch. */
    boolean stopsAfter(int epoch, double testError);

    /** Whether no other network is trained in this process at the same time. */
    boolean alone();
  }

  /**
   * How a training ended.
   *
   * @param state DONE, DIVERGED or INTERRUPTED
   * @param marks besides those of the whole sweep
   */
  record Result(
      RunState state,
      @Nullable String causeKind,
      @Nullable String cause,
      List<EpochRecord> epochs,
      long steps,
      double minError,
      double lastError,
      String weightsHash,
      double seconds,
      @Nullable Double joules,
      List<String> marks,
      Map<String, String> provenance) {

    /** A run that was asked to stop and has a checkpoint. */
    public static Result interrupted() {
      return without(RunState.INTERRUPTED, null, null);
    }

    /** A member whose every attempt failed. */
    static Result failed(Attempt last) {
      return without(last.cause().state(), last.cause().name(), last.message());
    }

    private static Result without(
        RunState state, @Nullable String causeKind, @Nullable String cause) {
      return new Result(
          state,
          causeKind,
          cause,
          List.of(),
          0,
          Double.NaN,
          Double.NaN,
          "",
          0,
          null,
          List.of(),
          Map.of());
    }
  }

  /** Another process still writes into the folder of a run. */
  final class RunLockedException extends IOException {
    private static final long serialVersionUID = 1;

    RunLockedException(Path folder) {
      super(folder + ": another process has it");
    }
  }
}
