// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.imagefolder;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.randwire.data.TarFile;

/** Makes small data sets of pictures that differ in size, and in colour by class. */
public final class Pictures {
  private Pictures() {}

  /** A picture; its size and colours follow from the numbers. */
  public static byte[] picture(int label, int index, String format) {
    BufferedImage image =
        new BufferedImage(20 + 3 * index, 30 - 2 * index, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        int own = 0xFF << 8 * (label % 3);
        image.setRGB(
            x, y, own & 0xE0E0E0 | (x * 9 + index * 40 & 0x1F) << 16 | (y * 7 & 0x1F) << 8);
      }
    }
    try {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ImageIO.write(image, format, out);
      return out.toByteArray();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Writes {@code train} and {@code val} with so many JPEG files per class. */
  public static void write(Path root, List<String> classes, int train, int validation)
      throws IOException {
    for (int label = 0; label < classes.size(); label++) {
      half(root.resolve("train").resolve(classes.get(label)), label, train);
      half(root.resolve("val").resolve(classes.get(label)), label, validation);
    }
  }

  private static void half(Path folder, int label, int count) throws IOException {
    Files.createDirectories(folder);
    for (int i = 0; i < count; i++) {
      Files.write(folder.resolve("image_%02d.jpg".formatted(i)), picture(label, i, "jpg"));
    }
  }

  /** Packs the class folders of one half into one shard, in their order. */
  static byte[] shard(Path half) throws IOException {
    TarFile tar = new TarFile();
    List<Path> classes = ClassFolders.visible(half);
    for (int label = 0; label < classes.size(); label++) {
      for (Path file : ClassFolders.visible(classes.get(label))) {
        String key = label + "_" + file.getFileName().toString().replace(".jpg", "");
        tar.file(key + ".jpg", Files.readAllBytes(file));
        tar.file(key + ".json", "{}".getBytes(StandardCharsets.UTF_8));
        tar.file(key + ".cls", (label + "\n").getBytes(StandardCharsets.UTF_8));
      }
    }
    return tar.end();
  }
}
