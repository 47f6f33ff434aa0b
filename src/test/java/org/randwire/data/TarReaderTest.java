// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

class TarReaderTest {
  private static final byte[] HELLO = "hello".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] FIVE = TarFile.octal(5, 11);

  private static byte[] base256(long value) {
    byte[] size = new byte[12];
    size[0] = (byte) 0x80;
    for (int i = 0; i < 8; i++) {
      size[11 - i] = (byte) (value >>> 8 * i);
    }
    return size;
  }

  static Arguments[] formats() {
    String longName = "folder/".repeat(30) + "x.jpg";
    byte[] longNameBytes = (longName + "\0").getBytes(StandardCharsets.UTF_8);
    byte[] old = new byte[512];
    TarFile.put(old, 0, "old.jpg");
    TarFile.put(old, 124, "          5 ");
    TarFile.withChecksum(old);
    byte[] signed = new byte[512];
    TarFile.put(signed, 0, "é.jpg");
    TarFile.put(signed, 124, "00000000005\0");
    Arrays.fill(signed, 148, 156, (byte) ' ');
    int sum = 0;
    for (byte b : signed) {
      sum += b;
    }
    TarFile.put(signed, 148, "%06o\0 ".formatted(sum));
    return new Arguments[] {
      Arguments.of("ustar", "a.jpg", new TarFile().file("a.jpg", HELLO)),
      Arguments.of(
          "ustar with a prefix",
          "some/where/a.jpg",
          new TarFile().entry('0', "a.jpg", "some/where", FIVE, HELLO)),
      Arguments.of(
          "PAX path",
          "名前 'x' é.jpg",
          new TarFile().pax("mtime=1.5", "path=名前 'x' é.jpg").file("y", HELLO)),
      Arguments.of(
          "PAX size",
          "a.jpg",
          new TarFile().pax("size=5").entry('0', "a.jpg", "", TarFile.octal(0, 11), HELLO)),
      Arguments.of(
          "GNU long name",
          longName,
          new TarFile()
              .entry(
                  'L', "././@LongLink", "", TarFile.octal(longNameBytes.length, 11), longNameBytes)
              .file("cut", HELLO)),
      Arguments.of("GNU size", "a.jpg", new TarFile().entry('0', "a.jpg", "", base256(5), HELLO)),
      Arguments.of("before POSIX", "old.jpg", new TarFile().raw(old, HELLO)),
      Arguments.of("signed checksum", "é.jpg", new TarFile().raw(signed, HELLO)),
      Arguments.of(
          "behind a folder, a link and a global header",
          "a.jpg",
          new TarFile()
              .entry('5', "folder/", "", TarFile.octal(0, 11), new byte[0])
              .entry('2', "link", "", TarFile.octal(0, 11), new byte[0])
              .entry(
                  'g',
                  "global",
                  "",
                  TarFile.octal(12, 11),
                  "12 comment=x\n".substring(0, 12).getBytes(StandardCharsets.US_ASCII))
              .file("a.jpg", HELLO))
    };
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("formats")
  void readsEveryFormat(String format, String name, TarFile archive) throws IOException {
    byte[] bytes = archive.file("next", new byte[600]).end();
    TarReader tar = new TarReader("t.tar", new ByteArrayInputStream(bytes));

    TarReader.Entry entry = tar.next().orElseThrow();
    assertEquals(name, entry.name());
    assertEquals(5, entry.size());
    assertArrayEquals(HELLO, tar.content(5));
    int from = (int) entry.contentStart();
    assertArrayEquals(HELLO, Arrays.copyOfRange(bytes, from, from + 5));
    // the entry can be read again from where it starts, extensions and all
    int start = (int) entry.start();
    TarReader again = new TarReader("t.tar", new ByteArrayInputStream(bytes, start, bytes.length));
    assertEquals(name, again.next().orElseThrow().name());

    assertEquals("next", tar.next().orElseThrow().name());
    assertTrue(tar.next().isEmpty());
  }

  @Test
  void wherEverItIsCutTheByteIsNamed() {
    byte[] whole = new TarFile().pax("path=long").file("a", HELLO).file("b", new byte[700]).end();
    for (int length = 0; length <= whole.length - 1024; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      DataException e = assertThrows(DataException.class, () -> names(cut));
      assertEquals(0, e.getMessage().indexOf("t.tar: expected a complete tar archive, found one"));
      assertTrue(e.getMessage().contains("cut short at byte " + length), e.getMessage());
    }
  }

  static Arguments[] damaged() {
    byte[] wrong = new TarFile().file("a", HELLO).end();
    wrong[3] = 'x';
    byte[] record = "99 path=x\n".getBytes(StandardCharsets.US_ASCII);
    return new Arguments[] {
      Arguments.of(wrong, "a header with a wrong checksum at byte 0"),
      Arguments.of(
          new TarFile()
              .entry('0', "a", "", "notanumber".getBytes(StandardCharsets.US_ASCII), HELLO)
              .end(),
          "a header without an octal number at byte 0"),
      Arguments.of(
          new TarFile().entry('0', "a", "", base256(Long.MAX_VALUE), HELLO).end(),
          "a size of 9223372036854775807 bytes at byte 0"),
      Arguments.of(
          new TarFile().entry('x', "p", "", TarFile.octal(record.length, 11), record).end(),
          "a damaged PAX header at byte 0"),
      Arguments.of(
          new TarFile().pax("size=-5").file("a", HELLO).end(),
          "a PAX header with a size that is no number at byte 0"),
      Arguments.of(
          new TarFile().entry('L', "n", "", TarFile.octal(1 << 30, 11), HELLO).end(),
          "an extension of 1073741824 bytes at byte 0"),
      Arguments.of(
          new TarFile()
              .file("a", HELLO)
              .raw(
                  "<html>".repeat(100).substring(0, 512).getBytes(StandardCharsets.US_ASCII), HELLO)
              .end(),
          "a header without an octal number at byte 1024")
    };
  }

  @ParameterizedTest
  @MethodSource("damaged")
  void damageIsNamedWithItsByte(byte[] bytes, String found) {
    DataException e = assertThrows(DataException.class, () -> names(bytes));
    assertEquals("t.tar: expected a tar archive, found " + found, e.getMessage());
  }

  @Test
  void contentLargerThanAllowedIsRefused() throws IOException {
    TarReader tar =
        new TarReader("t.tar", new ByteArrayInputStream(new TarFile().file("a", HELLO).end()));
    tar.next();
    DataException e = assertThrows(DataException.class, () -> tar.content(4));
    assertEquals("t.tar: expected at most 4 bytes in a, found 5", e.getMessage());
  }

  /** Whatever the bytes, the reader ends, with entries or with its own exception. */
  @Test
  void changedBytesNeverDoMoreThanBeRefused() throws IOException {
    byte[] whole =
        new TarFile().pax("path=long", "size=5").file("a", HELLO).file("b", new byte[700]).end();
    PhiloxStream random = new RandomStreams(3).stream(Purpose.ORDER, 0, 0);
    int refused = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] changed = whole.clone();
      for (int n = random.nextInt(4); n >= 0; n--) {
        changed[random.nextInt(changed.length)] = (byte) random.nextInt();
      }
      if (random.nextInt(2) == 0) {
        TarFile.withChecksum512(changed);
      }
      try {
        names(changed);
      } catch (DataException e) {
        refused++;
      }
    }
    assertTrue(refused > 1000, "only " + refused + " were refused");
  }

  private static List<String> names(byte[] bytes) throws IOException {
    TarReader tar = new TarReader("t.tar", new ByteArrayInputStream(bytes));
    List<String> names = new ArrayList<>();
    for (Optional<TarReader.Entry> e = tar.next(); e.isPresent(); e = tar.next()) {
      names.add(e.get().name());
    }
    return names;
  }
}
