// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.imagefolder;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Locale;
import org.randwire.data.BatchLayout;
import org.randwire.data.DataException;
import org.randwire.data.DataSplit;
import org.randwire.data.Dataset;
import org.randwire.data.ExampleWriter;
import org.randwire.data.Normalization;
import org.randwire.data.augment.Augmentation;
import org.randwire.random.RandomStreams;

/**
 * Photographs of any size in the layout of ImageNet: {@code train} and {@code val}, each with one
 * folder of pictures per class, or with tar shards in the layout of WebDataset.
 */
public final class ImageFolder implements Dataset {
  /** Means and standard deviations of ImageNet's training images, red, green, blue. */
  public static final Normalization NORMALIZATION =
      new Normalization(List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225));

  static final String TRAIN = "train";
  static final String VALIDATION = "val";

  private final String name;
  private final EncodedImages images;
  private final int classes;
  private final int side;

  private final double unreadableShare;

  private ImageFolder(
      String name, EncodedImages images, int classes, int side, double unreadableShare) {
    this.name = name;
    this.images = images;
    this.classes = classes;
    this.side = side;
    this.unreadableShare = unreadableShare;
  }

  /**
   * Lists both halves of a data set; no picture is read yet.
   *
   * @param root holds {@code train} and {@code val}
   * @param side height and width at which a network sees the pictures
   * @param unreadableShare share of each half that may be unreadable, in [0, 1)
   * @throws DataException if they are not there or have different classes
   */
  public static DataSplit load(Path root, int side, double unreadableShare) {
    if (side < 1 || !(unreadableShare >= 0 && unreadableShare < 1)) {
      throw new IllegalArgumentException(
          "pictures need a side of at least 1 and an unreadable share in [0, 1), got %d and %s"
              .formatted(side, unreadableShare));
    }
    EncodedImages train = half(root, TRAIN);
    EncodedImages validation = half(root, VALIDATION);
    validation.requireClassesOf(train);
    return new DataSplit(
        new ImageFolder("imagefolder/" + TRAIN, train, train.classes(), side, unreadableShare),
        new ImageFolder(
            "imagefolder/" + VALIDATION, validation, train.classes(), side, unreadableShare),
        Augmentation.PHOTOGRAPHS);
  }

  static EncodedImages half(Path root, String name) {
    if (!Files.isDirectory(root)) {
      String found = Files.exists(root) ? "a file" : "no such folder";
      throw DataException.mismatch(root, "a folder with train and val", found);
    }
    if (!Files.isDirectory(root.resolve(name))) {
      throw DataException.mismatch(
          root, "a folder '" + name + "'", ClassFolders.names(ClassFolders.visible(root)));
    }
    return images(root.resolve(name));
  }

  /** The pictures of one half, in shards if there is any. */
  static EncodedImages images(Path half) {
    List<Path> shards =
        ClassFolders.visible(half).stream()
            .filter(entry -> entry.toString().toLowerCase(Locale.ROOT).endsWith(".tar"))
            .filter(Files::isRegularFile)
            .toList();
    return shards.isEmpty() ? ClassFolders.list(half) : TarShards.open(shards);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int size() {
    return images.size();
  }

  @Override
  public int classes() {
    return classes;
  }

  @Override
  public int channels() {
    return 3;
  }

  @Override
  public int height() {
    return side;
  }

  @Override
  public int width() {
    return side;
  }

  @Override
  public Normalization normalization() {
    return NORMALIZATION;
  }

  @Override
  public int label(int example) {
    return images.label(example);
  }

  @Override
  public double unreadableShare() {
    return unreadableShare;
  }

  /** By name and label: to read all pictures takes as long as an epoch. */
  @Override
  public void identify(int example, MessageDigest digest) {
    String line = images.name(example) + "\t" + label(example) + "\n";
    digest.update(line.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public ExampleWriter writer(
      Augmentation augmentation, RandomStreams streams, BatchLayout layout) {
    return new ImageWriter(images, side, NORMALIZATION, augmentation, streams, layout);
  }
}
