// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.imagefolder;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.randwire.data.DataException;
import org.randwire.data.image.Box;
import org.randwire.data.image.Framing;
import org.randwire.data.image.ImageDecoder;
import org.randwire.data.image.ImageDecoders;
import org.randwire.data.image.ImageHeader;

/**
 * Reads and decodes every picture of a data set once, to find those that a run would stumble over.
 *
 * @param images how many there are
 * @param classes how many classes they have
 * @param unreadable how many cannot be decoded; training would replace them
 * @param damaged how many can be decoded in part; training would take them as they are
 */
public record Verification(int images, int classes, int unreadable, int damaged) {
  /** Pictures a thread takes at once. */
  private static final int BLOCK = 32;

  /** What the pictures are reduced to: all of each is decoded, and nothing large is kept. */
  private static final int REDUCED_SIDE = 16;

  /** What is told while it goes on, on the calling thread and in the order of the pictures. */
  public interface Listener {
    /**
     * A picture that is not sound.
     *
     * @param unreadable whether nothing of it can be used
     */
    void found(String place, String reason, boolean unreadable);

    /** How many pictures have been read. */
    void progress(int done, int of);
  }

  private record Finding(String place, String reason, boolean unreadable) {}

  /**
   * Verifies a data set ({@code train} and {@code val}), one half of one, or one tar shard.
   *
   * @param threads at least 1
   * @throws DataException if there is no data set, or not one that could be trained on
   * @throws CancellationException if the calling thread is interrupted
   */
  public static Verification of(Path path, int threads, Listener listener) {
    List<EncodedImages> halves = halves(path);
    int all = halves.stream().mapToInt(EncodedImages::size).sum();
    int unreadable = 0;
    int damaged = 0;
    int done = 0;
    Queue<ImageDecoder> decoders = new ConcurrentLinkedQueue<>();
    ExecutorService pool = Executors.newFixedThreadPool(threads, Verification::thread);
    try {
      for (EncodedImages half : halves) {
        int end = done + half.size();
        List<Future<List<Finding>>> blocks = new ArrayList<>();
        for (int i = 0; i < half.size(); i += BLOCK) {
          int from = i;
          blocks.add(pool.submit(() -> decode(half, from, decoders)));
        }
        for (Future<List<Finding>> block : blocks) {
          for (Finding finding : result(block)) {
            unreadable += finding.unreadable ? 1 : 0;
            damaged += finding.unreadable ? 0 : 1;
            listener.found(finding.place, finding.reason, finding.unreadable);
          }
          done = Math.min(done + BLOCK, end);
          listener.progress(done, all);
        }
      }
    } finally {
      end(pool, decoders);
    }
    int classes = halves.stream().mapToInt(EncodedImages::classes).max().orElse(0);
    return new Verification(all, classes, unreadable, damaged);
  }

  private static List<EncodedImages> halves(Path path) {
    if (Files.isRegularFile(path)) {
      return List.of(TarShards.open(List.of(path)));
    }
    if (Files.isDirectory(path.resolve(ImageFolder.TRAIN))
        || Files.isDirectory(path.resolve(ImageFolder.VALIDATION))
        || !Files.isDirectory(path)) {
      EncodedImages train = ImageFolder.half(path, ImageFolder.TRAIN);
      EncodedImages validation = ImageFolder.half(path, ImageFolder.VALIDATION);
      validation.requireClassesOf(train);
      return List.of(train, validation);
    }
    return List.of(ImageFolder.images(path));
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "randwire-verify");
    thread.setDaemon(true);
    return thread;
  }

  private static List<Finding> decode(
      EncodedImages images, int from, Queue<ImageDecoder> decoders) {
    ImageDecoder free = decoders.poll();
    ImageDecoder decoder = free == null ? ImageDecoders.open() : free;
    byte[] pixels = new byte[3 * REDUCED_SIDE * REDUCED_SIDE];
    List<Finding> findings = new ArrayList<>();
    for (int i = from; i < Math.min(from + BLOCK, images.size()); i++) {
      Finding finding = decode(images, i, decoder, pixels);
      if (finding != null) {
        findings.add(finding);
      }
    }
    decoders.add(decoder);
    return findings;
  }

  private static @Nullable Finding decode(
      EncodedImages images, int image, ImageDecoder decoder, byte[] pixels) {
    try {
      byte[] file = images.read(image);
      ImageHeader header = ImageHeader.read(file);
      Box whole = Box.whole(header.width(), header.height());
      Framing framing = Framing.resizedCrop(whole, REDUCED_SIDE, REDUCED_SIDE, false);
      Optional<String> complaint = decoder.decode(file, header, framing, pixels);
      return complaint.map(c -> new Finding(images.place(image), c, false)).orElse(null);
    } catch (DataException e) {
      String message = String.valueOf(e.getMessage());
      String place = images.place(image);
      boolean placed = message.startsWith(place + ": ");
      return new Finding(place, placed ? message.substring(place.length() + 2) : message, true);
    }
  }

  private static List<Finding> result(Future<List<Finding>> block) {
    try {
      return block.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted while pictures were verified");
    } catch (ExecutionException e) {
      throw new IllegalStateException("a picture could not be verified", e.getCause());
    }
  }

  /** Decoders are closed only when no thread uses one any more. */
  private static void end(ExecutorService pool, Queue<ImageDecoder> decoders) {
    pool.shutdownNow();
    boolean interrupted = false;
    boolean ended = false;
    while (!ended) {
      try {
        ended = pool.awaitTermination(1, TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    decoders.forEach(ImageDecoder::close);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
