// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Power loss, which a kill cannot show: the operations of a run are recorded, cut at some point and
 * replayed as a disk may have kept them, with all that was not forced lost in part or in whole.
 */
class CheckpointPowerLossTest {
  private static final int CUTS = 200;
  private static final int STEPS = 8;

  @TempDir Path folder;

  @Test
  void losesNoAcknowledgedCheckpointAtAnyCut() throws IOException {
    Recorder recorder = new Recorder();
    Path source = Files.createDirectory(folder.resolve("source"));
    CheckpointStore store = new CheckpointStore(source, recorder);
    for (int step = 1; step <= STEPS; step++) {
      store.save(CheckpointStoreTest.checkpoint(step, 100));
      recorder.events.add(new Event(Kind.ACKNOWLEDGED, "", "", new byte[] {(byte) step}));
    }
    for (int cut = 0; cut < CUTS; cut++) {
      Random random = new Random(cut);
      // The first cuts visit every operation, the others vary what is lost at it.
      int length = cut % (recorder.events.size() + 1);
      Medium medium = new Medium();
      recorder.events.subList(0, length).forEach(medium::apply);
      Path after = Files.createDirectory(folder.resolve("cut-" + cut));
      medium.losePower(random).forEach((name, bytes) -> write(after.resolve(name), bytes));
      checkNewest(after, medium.acknowledged, "cut " + cut);
    }
  }

  private static void checkNewest(Path folder, int acknowledged, String message) {
    var newest = CheckpointStore.newest(folder);
    if (newest.isEmpty()) {
      assertEquals(0, acknowledged, message);
      return;
    }
    Checkpoint checkpoint = newest.get().checkpoint();
    assertTrue(checkpoint.step() >= acknowledged, message + ": step " + checkpoint.step());
    CheckpointStoreTest.assertSame(
        CheckpointStoreTest.checkpoint(checkpoint.step(), 100), checkpoint);
  }

  private static void write(Path file, byte[] bytes) {
    try {
      Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private enum Kind {
    CREATE,
    WRITE,
    FORCE,
    MOVE,
    DELETE,
    FORCE_FOLDER,
    ACKNOWLEDGED
  }

  private record Event(Kind kind, String name, String target, byte[] bytes) {}

  /** Passes operations on to the real disk and remembers them in order. */
  private static final class Recorder extends Disk {
    final List<Event> events = new ArrayList<>();

    private void add(Kind kind, Path file, String target, byte[] bytes) {
      events.add(new Event(kind, file.getFileName().toString(), target, bytes));
    }

    @Override
    Output create(Path file) throws IOException {
      add(Kind.CREATE, file, "", new byte[0]);
      Output real = super.create(file);
      return new Output() {
        @Override
        public int write(ByteBuffer source) throws IOException {
          byte[] bytes = new byte[source.remaining()];
          source.duplicate().get(bytes);
          int written = real.write(source);
          add(Kind.WRITE, file, "", Arrays.copyOf(bytes, written));
          return written;
        }

        @Override
        public void force() throws IOException {
          real.force();
          add(Kind.FORCE, file, "", new byte[0]);
        }

        @Override
        public boolean isOpen() {
          return real.isOpen();
        }

        @Override
        public void close() throws IOException {
          real.close();
        }
      };
    }

    @Override
    void move(Path from, Path to) throws IOException {
      super.move(from, to);
      add(Kind.MOVE, from, to.getFileName().toString(), new byte[0]);
    }

    @Override
    void delete(Path file) throws IOException {
      super.delete(file);
      add(Kind.DELETE, file, "", new byte[0]);
    }

    @Override
    void forceFolder(Path folder) throws IOException {
      super.forceFolder(folder);
      add(Kind.FORCE_FOLDER, folder, "", new byte[0]);
    }
  }

  private static final class Content {
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int forced;
  }

  /** A disk with a write-back cache: what of its state is durable depends on the forces alone. */
  private static final class Medium {
    private final Map<String, Content> names = new HashMap<>();
    private Map<String, Content> durableNames = new HashMap<>();
    private final List<Map<String, Content>> unforcedNames = new ArrayList<>();
    int acknowledged;

    void apply(Event event) {
      switch (event.kind) {
        case CREATE -> names.put(event.name, new Content());
        case WRITE -> names.get(event.name).bytes.writeBytes(event.bytes);
        case FORCE -> names.get(event.name).forced = names.get(event.name).bytes.size();
        case MOVE -> names.put(event.target, names.remove(event.name));
        case DELETE -> names.remove(event.name);
        case FORCE_FOLDER -> {
          durableNames = new HashMap<>(names);
          unforcedNames.clear();
        }
        case ACKNOWLEDGED -> acknowledged = event.bytes[0];
      }
      if (event.kind == Kind.CREATE || event.kind == Kind.MOVE || event.kind == Kind.DELETE) {
        unforcedNames.add(new HashMap<>(names));
      }
    }

    /** Folders are journaled: of their changes a prefix is kept. Of bytes, any part may be. */
    Map<String, byte[]> losePower(Random random) {
      int kept = random.nextInt(unforcedNames.size() + 1);
      Map<String, Content> survivors = kept == 0 ? durableNames : unforcedNames.get(kept - 1);
      Map<String, byte[]> files = new HashMap<>();
      survivors.forEach((name, content) -> files.put(name, surviving(content, random)));
      return files;
    }

    private static byte[] surviving(Content content, Random random) {
      byte[] bytes = content.bytes.toByteArray();
      int lost = content.forced + random.nextInt(bytes.length - content.forced + 1);
      if (random.nextBoolean()) {
        return Arrays.copyOf(bytes, lost); // the file is shorter
      }
      Arrays.fill(bytes, lost, bytes.length, (byte) 0); // its length is known, its blocks are not
      return bytes;
    }
  }
}
