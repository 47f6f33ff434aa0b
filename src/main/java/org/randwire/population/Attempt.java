// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * An attempt to train a member that ended without a result.
 *
 * @param lease token of the lease it had: two records of one lease are one attempt
 * @param alone whether nothing else was trained in its process; otherwise it is a suspect only
 * @param step updates done when it was last heard of
 */
record Attempt(int member, String lease, Cause cause, String message, boolean alone, long step) {

  static final String KIND = "attempt";

  Map<String, Object> toJson() {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("member", member);
    line.put("lease", lease);
    line.put("cause", cause.name());
    line.put("message", message);
    line.put("alone", alone);
    line.put("step", step);
    return line;
  }

  static Attempt of(JsonNode line) {
    return new Attempt(
        line.path("member").asInt(),
        line.path("lease").asString(),
        Cause.valueOf(line.path("cause").asString()),
        line.path("message").asString(""),
        line.path("alone").asBoolean(),
        line.path("step").asLong());
  }
}
