// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks.jmh;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.randwire.data.image.Box;
import org.randwire.data.image.Framing;
import org.randwire.data.image.ImageDecoder;
import org.randwire.data.image.ImageHeader;
import org.randwire.data.image.JdkImageDecoder;
import org.randwire.data.image.TurboImageDecoder;

/**
 * Images a second that a thread turns from a 500 x 375 JPEG in memory into a 224 x 224 example of
 * ImageNet training: header, decoding, random-resized crop (area 8 to 100 %, aspect 3/4 to 4/3),
 * flip.
 *
 * <p>The files are made at set-up from the photographs of {@code coco_tiny17.zip} wider than they
 * are high, resized to 500 x 375 and encoded by ImageIO at quality 0.9 with its chroma 4:2:0.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0")
public class Feeding {
  private static final int WIDTH = 500;
  private static final int HEIGHT = 375;
  private static final int SIDE = 224;

  /** The decoders that are held side by side. */
  public enum Measured {
    TURBO,
    JDK
  }

  @Param({"TURBO", "JDK"})
  public Measured decoder;

  private record Example(byte[] file, Framing framing) {}

  private final List<Example> examples = new ArrayList<>();
  private final byte[] pixels = new byte[3 * SIDE * SIDE];
  private ImageDecoder images;
  private int next;

  @Setup
  public void prepare() throws IOException {
    images = decoder == Measured.TURBO ? new TurboImageDecoder() : new JdkImageDecoder();
    List<byte[]> files = files();
    Random random = new Random(1);
    for (int i = 0; i < 1000; i++) {
      examples.add(new Example(files.get(i % files.size()), framing(random)));
    }
  }

  private static List<byte[]> files() throws IOException {
    List<byte[]> files = new ArrayList<>();
    Path archive =
        Path.of(System.getProperty("randwire.testdata", "../shared/data"), "coco/coco_tiny17.zip");
    try (ZipFile zip = new ZipFile(archive.toFile());
        ImageDecoder original = new JdkImageDecoder()) {
      for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements(); ) {
        ZipEntry entry = all.nextElement();
        if (!entry.getName().endsWith(".jpg")) {
          continue;
        }
        byte[] file = zip.getInputStream(entry).readAllBytes();
        ImageHeader header = ImageHeader.read(file);
        if (header.width() > header.height()) {
          Box whole = Box.whole(header.width(), header.height());
          byte[] rgb = new byte[3 * WIDTH * HEIGHT];
          original.decode(file, header, Framing.resizedCrop(whole, WIDTH, HEIGHT, false), rgb);
          files.add(encode(rgb));
        }
      }
    }
    long bytes = files.stream().mapToLong(file -> file.length).sum();
    System.out.printf("%n# %d files of %d bytes on average%n", files.size(), bytes / files.size());
    return files;
  }

  private static byte[] encode(byte[] rgb) throws IOException {
    BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_3BYTE_BGR);
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
      int colour =
          (rgb[3 * i] & 0xFF) << 16 | (rgb[3 * i + 1] & 0xFF) << 8 | (rgb[3 * i + 2] & 0xFF);
      image.setRGB(i % WIDTH, i / WIDTH, colour);
    }
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (var stream = ImageIO.createImageOutputStream(out)) {
      ImageWriteParam param = writer.getDefaultWriteParam();
      param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
      param.setCompressionQuality(0.9f);
      writer.setOutput(stream);
      writer.write(null, new IIOImage(image, null, null), param);
    } finally {
      writer.dispose();
    }
    return out.toByteArray();
  }

  /** As torchvision draws it, without its fall-back, which these ranges never need for long. */
  private static Framing framing(Random random) {
    while (true) {
      double area = WIDTH * HEIGHT * (0.08 + 0.92 * random.nextDouble());
      double aspect = Math.exp(Math.log(3 / 4.0) + 2 * Math.log(4 / 3.0) * random.nextDouble());
      int width = (int) Math.round(Math.sqrt(area * aspect));
      int height = (int) Math.round(Math.sqrt(area / aspect));
      if (width <= WIDTH && height <= HEIGHT) {
        Box crop =
            new Box(
                random.nextInt(WIDTH - width + 1),
                random.nextInt(HEIGHT - height + 1),
                width,
                height);
        return Framing.resizedCrop(crop, SIDE, SIDE, random.nextBoolean());
      }
    }
  }

  @TearDown
  public void close() {
    images.close();
  }

  @Benchmark
  public byte[] example() {
    Example example = examples.get(next);
    next = (next + 1) % examples.size();
    images.decode(example.file(), ImageHeader.read(example.file()), example.framing(), pixels);
    return pixels;
  }
}
