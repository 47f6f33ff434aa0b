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

  /**
   * Examples a thread takes at once: small enough to share a batch, large enough to rarely lock.
   */
  private static final int CHUNK = 32;

  private final Dataset data;
  private final LoaderSettings settings;
  private final RandomStreams streams;
  private final int dataSize;
  private final int exampleFloats;
  private final int batchesPerEpoch;
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
    for (int i = 0; i < SLOTS; i++) {
      slots.add(new Slot(new Batch(settings.batchSize(), exampleFloats)));
    }
    for (int i = 0; i < settings.threads(); i++) {
      ExampleWriter writer = new ExampleWriter(data, augmentation, streams, layout);
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
      while (!isReady(slot)) {
        await();
        requireOpen();
      }
      if (slot.failure != null) {
        throw surfaced(slot.failure);
      }
      nextBatch++;
      return slot.batch;
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
      slot.unfinishedChunks = (slot.batch.size() + CHUNK - 1) / CHUNK;
      slot.failure = null;
    }
    int from = claimChunk * CHUNK;
    int to = Math.min(from + CHUNK, slot.batch.size());
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
      try {
        batch.examples()[i] = example;
        batch.labels()[i] = data.label(example);
        if (settings.images()) {
          writer.write(chunk.epoch, example, batch.images(), i * exampleFloats);
        }
      } catch (RuntimeException e) {
        throw new DataException(
            "%s, example %d: %s".formatted(data.name(), example, e.getMessage()), e);
      }
    }
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
