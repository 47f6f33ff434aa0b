// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import javax.imageio.stream.ImageInputStreamImpl;

/** Bytes as ImageIO reads them, without the copy its own stream makes. */
final class ByteImageInput extends ImageInputStreamImpl {
  private final byte[] file;

  ByteImageInput(byte[] file) {
    this.file = file;
  }

  @Override
  public int read() {
    bitOffset = 0;
    return streamPos < file.length ? Byte.toUnsignedInt(file[(int) streamPos++]) : -1;
  }

  @Override
  public int read(byte[] into, int offset, int length) {
    bitOffset = 0;
    if (streamPos >= file.length) {
      return length == 0 ? 0 : -1;
    }
    int count = (int) Math.min(length, file.length - streamPos);
    System.arraycopy(file, (int) streamPos, into, offset, count);
    streamPos += count;
    return count;
  }

  @Override
  public long length() {
    return file.length;
  }
}
