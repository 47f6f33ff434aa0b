// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.imagefolder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.randwire.data.Batch;
import org.randwire.data.BatchLayout;
import org.randwire.data.BatchLoader;
import org.randwire.data.Dataset;
import org.randwire.data.LoaderSettings;
import org.randwire.data.TestData;
import org.randwire.data.augment.Augmentation;
import org.randwire.data.augment.ColourChange;
import org.randwire.random.RandomStreams;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Real photographs, and files that break loaders. */
@Timeout(120)
class PhotographsTest {
  private static final Augmentation AUGMENTATION =
      Augmentation.PHOTOGRAPHS.withColours(new ColourChange(0.3, 0.3, 0.3, 0.1));

  @TempDir Path root;

  private static void unpack(String archive, Path to) throws IOException {
    try (ZipFile zip = new ZipFile(TestData.require(archive).toFile())) {
      for (ZipEntry entry : Collections.list(zip.entries())) {
        if (!entry.isDirectory()) {
          Path file = to.resolve(entry.getName());
          Files.createDirectories(file.getParent());
          Files.write(file, zip.getInputStream(entry).readAllBytes());
        }
      }
    }
  }

  /** Tells what {@link Verification} finds. */
  private static Verification verify(Path path, List<String> unreadable) {
    return Verification.of(
        path,
        2,
        new Verification.Listener() {
          @Override
          public void found(String place, String reason, boolean isUnreadable) {
            if (isUnreadable) {
              unreadable.add(Path.of(place).getFileName().toString());
            }
          }

          @Override
          public void progress(int done, int of) {
            assertTrue(done > 0 && done <= of, done + " of " + of);
          }
        });
  }

  @Test
  void anEpochHasTheSameBitsForOneAndTwoThreads() throws IOException {
    unpack("photos/caltech101_12x40.zip", root);
    List<String> unreadable = new ArrayList<>();
    assertEquals(new Verification(480, 12, 0, 0), verify(root, unreadable));
    Dataset train = ImageFolder.load(root, 64, 0).train();
    assertEquals(360, train.size());
    assertEquals(epoch(train, 1), epoch(train, 2));
  }

  private static List<Integer> epoch(Dataset train, int threads) {
    LoaderSettings settings = LoaderSettings.training(24, threads, BatchLayout.channelsLast(3));
    try (BatchLoader loader =
        new BatchLoader(train, AUGMENTATION, new RandomStreams(1), settings)) {
      loader.start(7, 0);
      List<Integer> hashes = new ArrayList<>();
      for (Batch batch = loader.next(); batch != null; batch = loader.next()) {
        hashes.add(31 * Arrays.hashCode(batch.images()) + Arrays.hashCode(batch.examples()));
      }
      assertEquals(15, hashes.size());
      return hashes;
    }
  }

  @Test
  void oddFilesAreFoundByVerification() throws IOException {
    Path odd = root.resolve("odd");
    unpack("photos/odd_images.zip", odd);
    TreeSet<String> refused = new TreeSet<>(List.of("bmp_in_disguise.jpg", "gif_in_disguise.jpg"));
    JsonNode expected =
        JsonMapper.shared().readTree(Files.readString(odd.resolve("expected.json")));
    for (JsonNode file : expected.get("files")) {
      if (file.has("strict_decoder")) {
        refused.add(file.get("file").stringValue());
      }
    }
    List<String> unreadable = new ArrayList<>();
    Verification found = verify(root, unreadable);
    assertEquals(40, found.images());
    assertEquals(8, found.unreadable());
    assertEquals(new ArrayList<>(refused), unreadable);
  }
}
