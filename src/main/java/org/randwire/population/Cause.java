// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

/** Why an attempt to train a member ended without a result. */
public enum Cause {
  /** The Java heap was full. */
  HEAP(Blame.RUN, RunState.OUT_OF_MEMORY),
  /** The device or the native allocator had no memory. */
  DEVICE_MEMORY(Blame.RUN, RunState.OUT_OF_MEMORY),
  /** The kernel killed the process to free memory of the machine or the control group. */
  MEMORY_KILL(Blame.RUN, RunState.OUT_OF_MEMORY),
  /** A fault in native code: SIGSEGV, SIGBUS, SIGILL, SIGFPE. */
  SIGNAL(Blame.RUN, RunState.CRASHED),
  /** Native code gave up by SIGABRT. */
  ABORT(Blame.RUN, RunState.CRASHED),
  /** The process ended with a status that no worker ends with. */
  EXIT(Blame.RUN, RunState.CRASHED),
  /** An exception that no network should cause. */
  EXCEPTION(Blame.RUN, RunState.CRASHED),
  /** No step within the time limit. */
  HANG(Blame.RUN, RunState.CRASHED),
  /** SIGKILL without a sign of missing memory: somebody ended the process. */
  KILLED(Blame.OUTSIDE, RunState.CRASHED),
  /** The process is gone and nobody saw how: a kill, a power loss, a machine taken away. */
  LOST(Blame.OUTSIDE, RunState.CRASHED);

  private enum Blame {
    RUN,
    OUTSIDE
  }

  private final Blame blame;
  private final RunState state;

  Cause(Blame blame, RunState state) {
    this.blame = blame;
    this.state = state;
  }

  /** Whether the run itself is likely to have caused it. */
  boolean blamesRun() {
    return blame == Blame.RUN;
  }

  /** The state of a run that ends so every time. */
  RunState state() {
    return state;
  }
}
