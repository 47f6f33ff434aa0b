// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.imagefolder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.data.DataException;
import org.randwire.data.DataSplit;
import org.randwire.data.TarFile;

class ImageFolderTest {
  @TempDir Path root;

  private DataSplit load() {
    return ImageFolder.load(root, 16, 0);
  }

  private void assertRefused(String line) {
    DataException e = assertThrows(DataException.class, this::load);
    assertEquals(line.replace("ROOT", root.toString()), e.getMessage());
    assertFalse(e.getMessage().contains("\n"));
  }

  @Test
  void classesAndFilesAreInTheOrderOfTheirNames() throws IOException {
    Pictures.write(root, List.of("b", "a b'\"c", "ä名", "B"), 2, 1);
    Path deep = Files.createDirectories(root.resolve("train/b/0 deeper"));
    Files.write(deep.resolve("last?.PNG"), Pictures.picture(0, 0, "png"));
    Files.writeString(root.resolve("train/b/notes.txt"), "no picture");
    Files.writeString(root.resolve("train/b/.hidden.jpg"), "no picture");
    Files.createDirectories(root.resolve("train/.git"));

    DataSplit split = load();

    assertEquals(9, split.train().size());
    assertEquals(4, split.train().classes());
    EncodedImages train = ImageFolder.images(root.resolve("train"));
    assertEquals("B/image_00.jpg", train.name(0));
    assertEquals("a b'\"c/image_01.jpg", train.name(3));
    assertEquals("b/0 deeper/last?.PNG", train.name(4));
    assertEquals("ä名/image_00.jpg", train.name(7));
    assertEquals(
        List.of(0, 0, 1, 1, 2, 2, 2, 3, 3),
        IntStream.range(0, 9).map(split.train()::label).boxed().toList());
    assertArrayEquals(Pictures.picture(1, 1, "jpg"), train.read(3));
  }

  @Test
  void linksAreFollowed() throws IOException {
    Pictures.write(root.resolve("elsewhere"), List.of("cat", "dog"), 3, 2);
    Files.createSymbolicLink(root.resolve("train"), root.resolve("elsewhere/train"));
    Files.createDirectory(root.resolve("val"));
    Files.createSymbolicLink(root.resolve("val/cat"), root.resolve("elsewhere/val/cat"));
    Files.createDirectory(root.resolve("val/dog"));
    Files.createSymbolicLink(
        root.resolve("val/dog/x.jpg"), root.resolve("elsewhere/val/dog/image_00.jpg"));

    assertEquals(6, load().train().size());
    assertEquals(3, load().test().size());
  }

  @Test
  void aLoopOfLinksIsRefused() throws IOException {
    Pictures.write(root, List.of("cat", "dog"), 1, 1);
    Files.createSymbolicLink(root.resolve("train/cat/again"), root.resolve("train"));
    assertRefused(
        "ROOT/train/cat/again/cat: a symbolic link that leads back to a folder around it");
  }

  @Test
  void aFolderWithoutTheHalvesIsRefused() throws IOException {
    assertRefused("ROOT: expected a folder 'train', found nothing");
    Pictures.write(root, List.of("cat", "dog"), 1, 1);
    Files.move(root.resolve("val"), root.resolve("validation"));
    assertRefused("ROOT: expected a folder 'val', found train, validation");
    DataException e =
        assertThrows(DataException.class, () -> ImageFolder.load(root.resolve("x"), 16, 0));
    assertEquals(
        root + "/x: expected a folder with train and val, found no such folder", e.getMessage());
  }

  @Test
  void noClassesAreRefused() throws IOException {
    Pictures.write(root, List.of("cat"), 1, 1);
    Files.move(root.resolve("train/cat/image_00.jpg"), root.resolve("train/x.jpg"));
    Files.delete(root.resolve("train/cat"));
    assertRefused("ROOT/train: expected a folder for each class, or .tar shards, found x.jpg");
  }

  @Test
  void anEmptyClassIsRefused() throws IOException {
    Pictures.write(root, List.of("cat", "dog"), 1, 1);
    Path cat = root.resolve("train/cat");
    Files.move(cat.resolve("image_00.jpg"), cat.resolve("image_00.webp"));
    assertRefused(
        "ROOT/train/cat: expected files that end in .jpg, .jpeg or .png, found image_00.webp");
    Files.delete(cat.resolve("image_00.webp"));
    assertRefused("ROOT/train/cat: expected files that end in .jpg, .jpeg or .png, found nothing");
  }

  @Test
  void differentClassesAreRefused() throws IOException {
    Pictures.write(root, List.of("cat", "dog"), 1, 1);
    Files.move(root.resolve("val/dog"), root.resolve("val/dgo"));
    assertRefused(
        "ROOT/val: no class folder 'dog', which ROOT/train has; the next one here is 'dgo'");
    Files.move(root.resolve("val/dgo"), root.resolve("val/dog"));
    Pictures.write(root.resolve("more"), List.of("ant"), 1, 1);
    Files.move(root.resolve("more/val/ant"), root.resolve("val/ant"));
    assertRefused(
        "ROOT/train: no class folder 'ant', which ROOT/val has; the next one here is 'cat'");
  }

  // Shards

  private void pack() throws IOException {
    Pictures.write(root.resolve("folders"), List.of("cat", "dog"), 3, 2);
    for (String half : List.of("train", "val")) {
      Files.createDirectory(root.resolve(half));
      byte[] shard = Pictures.shard(root.resolve("folders").resolve(half));
      Files.write(root.resolve(half).resolve("shard-000000.tar"), shard);
    }
  }

  @Test
  void shardsHoldTheSamePicturesAsFolders() throws IOException {
    pack();
    Files.copy(root.resolve("val/shard-000000.tar"), root.resolve("train/shard-000001.tar"));
    EncodedImages folders = ImageFolder.images(root.resolve("folders/train"));
    EncodedImages more = ImageFolder.images(root.resolve("folders/val"));
    EncodedImages shards = ImageFolder.images(root.resolve("train"));

    assertEquals(folders.size() + more.size(), shards.size());
    assertEquals(2, load().train().classes());
    for (int i = 0; i < shards.size(); i++) {
      EncodedImages from = i < folders.size() ? folders : more;
      int same = i < folders.size() ? i : i - folders.size();
      assertArrayEquals(from.read(same), shards.read(i));
      assertEquals(from.label(same), shards.label(i));
    }
    assertEquals(
        root + "/train/shard-000000.tar: 0_image_01.jpg at byte " + startOfSecond(folders),
        shards.place(1));
  }

  private static int startOfSecond(EncodedImages folders) {
    return 512 + (folders.read(0).length + 511) / 512 * 512 + 2 * 1024;
  }

  @Test
  void aShardThatIsCutShortIsRefusedWithItsByte() throws IOException {
    pack();
    Path shard = root.resolve("train/shard-000000.tar");
    byte[] whole = Files.readAllBytes(shard);
    for (int length : new int[] {0, 100, 600, whole.length / 2, whole.length - 1024}) {
      Files.write(shard, Arrays.copyOf(whole, length));
      DataException e = assertThrows(DataException.class, this::load);
      String start = shard + ": expected a complete tar archive, found one cut short at byte ";
      assertTrue(e.getMessage().startsWith(start + length), e.getMessage());
    }
  }

  @Test
  void aShardThatIsCutShortAfterwardsIsUnreadableNotFatal() throws IOException {
    pack();
    EncodedImages images = ImageFolder.images(root.resolve("train"));
    Path shard = root.resolve("train/shard-000000.tar");
    Files.write(shard, Arrays.copyOf(Files.readAllBytes(shard), 1000));
    DataException e = assertThrows(DataException.class, () -> images.read(3));
    assertTrue(e.getMessage().startsWith(shard + ": cut short at byte "), e.getMessage());
  }

  static Arguments[] oddShards() {
    byte[] picture = Pictures.picture(0, 0, "jpg");
    byte[] zero = "0".getBytes(StandardCharsets.US_ASCII);
    String expected = ": expected one picture and its class (KEY.jpg, KEY.cls), found ";
    return new Arguments[] {
      Arguments.of(
          new TarFile().file("a.txt", zero), ": expected entries KEY.jpg and KEY.cls, found none"),
      Arguments.of(
          new TarFile().file("a.jpg", picture),
          ": a.jpg at byte 0" + expected + "no a.cls beside it"),
      Arguments.of(
          new TarFile().file("a.jpg", picture).file("a.png", picture).file("a.cls", zero),
          ": a.png at byte 1536" + expected + "a second picture of its key"),
      Arguments.of(
          new TarFile()
              .file("a.cls", "cat".getBytes(StandardCharsets.US_ASCII))
              .file("a.jpg", picture),
          ": a.cls at byte 0" + expected + "'cat', which is no number of a class"),
      Arguments.of(
          new TarFile().file("a.cls", new byte[100]).file("a.jpg", picture),
          ": a.cls at byte 0" + expected + "100 bytes")
    };
  }

  @ParameterizedTest
  @MethodSource("oddShards")
  void oddShardsAreRefused(TarFile odd, String line) throws IOException {
    pack();
    Path shard = Files.write(root.resolve("train/shard-000000.tar"), odd.end());
    DataException e = assertThrows(DataException.class, this::load);
    String found = e.getMessage().replaceFirst("byte 1\\d{3}:", "byte 1536:");
    assertEquals(shard + line, found);
  }

  @Test
  void aClassThatTrainingLacksIsRefused() throws IOException {
    pack();
    byte[] picture = Pictures.picture(0, 0, "jpg");
    byte[] seven = "7".getBytes(StandardCharsets.US_ASCII);
    Path shard = root.resolve("val/shard-000000.tar");
    Files.write(shard, new TarFile().file("a.jpg", picture).file("a.cls", seven).end());
    assertRefused(shard + ": a.jpg at byte 0: class 7, but the training half ends with class 1");
  }

  @Test
  void foldersAndShardsDoNotMix() throws IOException {
    pack();
    Files.delete(root.resolve("val/shard-000000.tar"));
    Files.delete(root.resolve("val"));
    Files.move(root.resolve("folders/val"), root.resolve("val"));
    assertRefused("ROOT/val: class folders, but the training half is in .tar shards");
  }
}
