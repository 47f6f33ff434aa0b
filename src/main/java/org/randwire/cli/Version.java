// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The release and the commit this program was built from. */
final class Version {

  private static final String UNKNOWN = "unknown";

  private Version() {}

  static String release() {
    return property("version");
  }

  static String commit() {
    return property("commit");
  }

  private static String property(String key) {
    Properties properties = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("/org/randwire/version.properties")) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty(key, UNKNOWN);
  }
}
