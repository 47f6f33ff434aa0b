// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import org.randwire.data.augment.Augmentation;
import org.randwire.random.RandomStreams;

/**
 * Prepares the batches of an epoch ahead of their use, on threads of its own. The batches are a
 * pure function of (data set, augmentation, master seed, epoch, index): the number of threads, the
 * pace of the consumer and the batch an epoch is started from make no difference.
 *
 * <pre>
 * try (BatchLoader loader = new BatchLoader(train, augmentation, streams, settings)) {
 *   loader.start(epoch, 0);
 *   for (Batch batch = loader.next(); batch != null; batch = loader.next()) { ... }
 * }
 * </pre>
 *
 * <p>Three batches are held: the consumer's and two that are being prepared. Their buffers are
 * reused. {@link #start} and {@link #next} are for one consumer at a time.
 */
public final class BatchLoader implements AutoCloseable {
  private static final int SLOTS = 3;

  /** Most examples a thread takes at once: enough that it rarely locks. */
  private static final int LARGEST_CHUNK = 32;

  private final Dataset data;
  private final LoaderSettings settings;
  private final RandomStreams streams;
  private final int dataSize;
  private final int exampleFloats;
  private final int batchesPerEpoch;
  private final int chunkSize;
  private final List<Slot> slots = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();

  // All fields below are guarded by this lock; it is also what everybody waits on.
  private final Object lock = new Object();
  private long epoch;
  private int @Nullable [] order;
  private int end;
  private int claimBatch;
  private int claimChunk;
  private int nextBatch;
  private int oldestHeld;
  private int running;
  private boolean failed;
  private long waitedNanos;
  private boolean closed;

  /**
   * Starts the threads; they wait until an epoch is started.
   *
   * @throws IllegalArgumentException if the layout has fewer channels than the data, or an epoch
   *     would have no batch
   */
  public BatchLoader(
      Dataset data, Augmentation augmentation, RandomStreams streams, LoaderSettings settings) {
    this.data = data;
    this.settings = settings;
    this.streams = streams;
    dataSize = data.size();
    BatchLayout layout = settings.layout();
    if (layout.paddedChannels() < data.channels()) {
      throw new IllegalArgumentException(
          "%s has %d channels, the layout of the batch only %d"
              .formatted(data.name(), data.channels(), layout.paddedChannels()));
    }
    exampleFloats = settings.images() ? layout.paddedChannels() * data.height() * data.width() : 0;
    int rounding = settings.dropLast() ? 0 : settings.batchSize() - 1;
    batchesPerEpoch = (int) (((long) dataSize + rounding) / settings.batchSize());
    if (batchesPerEpoch == 0) {
      throw new IllegalArgumentException(
          "%s has %d examples, too few for a batch of %d"
              .formatted(data.name(), dataSize, settings.batchSize()));
    }
    // Several shares of a batch for each thread, so that all end at about the same time.
    chunkSize =
        Math.max(1, Math.min(LARGEST_CHUNK, settings.batchSize() / (4 * settings.threads())));
    for (int i = 0; i < SLOTS; i++) {
      slots.add(new Slot(new Batch(settings.batchSize(), exampleFloats)));
    }
    List<ExampleWriter> writers = new ArrayList<>();
    for (int i = 0; i < settings.threads(); i++) {
      ExampleWriter writer;
      try {
        writer = data.writer(augmentation, streams, layout);
      } catch (RuntimeException | Error e) {
        writers.forEach(ExampleWriter::close);
        throw e;
      }
      writers.add(writer);
      Thread thread = new Thread(() -> work(writer), "randwire-data-" + i);
      thread.setDaemon(true);
      threads.add(thread);
    }
    threads.forEach(Thread::start);
  }

  /** A buffer and how far it is filled. */
  private static final class Slot {
    final Batch batch;
    int index = -1;
    int unfinishedChunks;
    @Nullable Throwable failure;

    Slot(Batch batch) {
      this.batch = batch;
    }
  }

  /** The examples {@code from..to-1} of a batch, claimed by one thread. */
  private record Chunk(Slot slot, long epoch, int @Nullable [] order, int from, int to) {}

  /** Batches of a whole epoch. */
  public int batchesPerEpoch() {
    return batchesPerEpoch;
  }

  /**
   * Begins an epoch; one that is under way is given up.
   *
   * @param epoch in [0, 2^56)
   * @param firstBatch index of the first batch to deliver, in [0, batchesPerEpoch]; the same
   *     batches follow as if the epoch had been started from 0
   */
  public void start(long epoch, int firstBatch) {
    if (firstBatch < 0 || firstBatch > batchesPerEpoch) {
      throw new IllegalArgumentException(
          "an epoch of %d batches cannot start at %d".formatted(batchesPerEpoch, firstBatch));
    }
    int[] newOrder = settings.shuffled() ? streams.permutation(dataSize, epoch) : null;
    synchronized (lock) {
      requireOpen();
      end = 0;
      while (running > 0) {
        await();
      }
      this.epoch = epoch;
      order = newOrder;
      claimBatch = firstBatch;
      claimChunk = 0;
      nextBatch = firstBatch;
      oldestHeld = firstBatch;
      failed = false;
      slots.forEach(slot -> slot.index = -1);
      end = batchesPerEpoch;
      lock.notifyAll();
    }
  }

  /**
   * The next batch, or null at the end of the epoch. The batch before it is given back and its
   * arrays are overwritten.
   *
   * @throws DataException if an example of the batch could not be prepared
   * @throws CancellationException if the calling thread is interrupted
   */
  public @Nullable Batch next() {
    synchronized (lock) {
      requireOpen();
      oldestHeld = nextBatch;
      lock.notifyAll();
      if (nextBatch >= end) {
        return null;
      }
      Slot slot = slots.get(nextBatch % SLOTS);
      if (!isReady(slot)) {
        long started = System.nanoTime();
        while (!isReady(slot)) {
          await();
          requireOpen();
        }
        waitedNanos += System.nanoTime() - started;
      }
      if (slot.failure != null) {
        throw surfaced(slot.failure);
      }
      nextBatch++;
      return slot.batch;
    }
  }

  /** How long {@link #next} has waited for batches that were not ready, since the loader opened. */
  public long waitedNanos() {
    synchronized (lock) {
      return waitedNanos;
    }
  }

  /** Ends the threads and waits until they have ended. */
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isReady(Slot slot) {
    return slot.index == nextBatch && (slot.unfinishedChunks == 0 || slot.failure != null);
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the batch loader is closed");
    }
  }

  private void await() {
    try {
      lock.wait();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted while waiting for a batch");
    }
  }

  private static DataException surfaced(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    return new DataException(failure.getMessage(), failure);
  }

  private void work(ExampleWriter writer) {
    try (writer) {
      for (Chunk chunk = claim(); chunk != null; chunk = claim()) {
        Throwable failure = null;
        try {
          prepare(writer, chunk);
        } catch (Throwable e) { // Whatever it is, the consumer must hear of it instead of waiting.
          failure = e;
        }
        finish(chunk.slot, failure);
      }
    }
  }

  private @Nullable Chunk claim() {
    synchronized (lock) {
      while (!closed && (failed || claimBatch >= Math.min(end, oldestHeld + SLOTS))) {
        try {
          lock.wait();
        } catch (InterruptedException e) {
          // Nobody but a stranger interrupts these threads; they end by close().
          continue;
        }
      }
      return closed ? null : claimNextChunk();
    }
  }

  private Chunk claimNextChunk() {
    Slot slot = slots.get(claimBatch % SLOTS);
    if (claimChunk == 0) {
      int first = claimBatch * settings.batchSize();
      slot.batch.begin(epoch, claimBatch, Math.min(settings.batchSize(), dataSize - first));
      slot.index = claimBatch;
      slot.unfinishedChunks = (slot.batch.size() + chunkSize - 1) / chunkSize;
      slot.failure = null;
    }
    int from = claimChunk * chunkSize;
    int to = Math.min(from + chunkSize, slot.batch.size());
    claimChunk++;
    if (to == slot.batch.size()) {
      claimBatch++;
      claimChunk = 0;
    }
    running++;
    return new Chunk(slot, epoch, order, from, to);
  }

  private void prepare(ExampleWriter writer, Chunk chunk) {
    Batch batch = chunk.slot.batch;
    int first = batch.index() * settings.batchSize();
    for (int i = chunk.from; i < chunk.to; i++) {
      int example = chunk.order == null ? first + i : chunk.order[first + i];
      int written = settings.images() ? write(writer, chunk.epoch, example, batch, i) : example;
      batch.examples()[i] = written;
      batch.labels()[i] = data.label(written);
    }
  }

  /**
   * Writes an example, or the next readable one by index if it is not, and gives its index. That
   * depends on the data alone, so every thread and every run comes to the same one.
   */
  private int write(ExampleWriter writer, long epoch, int example, Batch batch, int position) {
    int mayFail = (int) (data.unreadableShare() * dataSize);
    for (int tried = 0; ; tried++) {
      int next = (int) (((long) example + tried) % dataSize);
      try {
        writer.write(epoch, next, batch.images(), position * exampleFloats);
        return next;
      } catch (DataException e) {
        if (tried == 0 && mayFail > 0) {
          batch.replaced(position, String.valueOf(e.getMessage()));
        } else if (tried >= mayFail) {
          throw failed(next, e);
        }
      } catch (RuntimeException e) {
        throw failed(next, e);
      }
    }
  }

  private DataException failed(int example, RuntimeException cause) {
    return new DataException(
        "%s, example %d: %s".formatted(data.name(), example, cause.getMessage()), cause);
  }

  private void finish(Slot slot, @Nullable Throwable failure) {
    synchronized (lock) {
      running--;
      slot.unfinishedChunks--;
      if (failure != null) {
        failed = true;
        slot.failure = slot.failure == null ? failure : slot.failure;
      }
      lock.notifyAll();
    }
  }
}
