// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import java.util.List;
import java.util.Map;

/**
 * One of the paper's experiments, done.
 *
 * @param name in options and file names, such as {@code figure-7}
 * @param title what it shows
 * @param findings in words
 * @param numbers the same for programs
 * @param charts their ids start with the name
 */
public record Study(
    String name,
    String title,
    List<String> findings,
    Map<String, Object> numbers,
    List<Chart> charts) {

  public Study {
    findings = List.copyOf(findings);
    charts = List.copyOf(charts);
  }

  /** Studies as one self-contained page. */
  public static String html(List<Study> studies, String populations, String command) {
    Page page =
        new Page(
            "The design spaces paper's experiments",
            populations + "; settings of the paper's notebooks; made by RandWire");
    for (Study study : studies) {
      page.heading(study.title()).findings(study.findings()).charts(study.charts());
    }
    return page.heading("How it was made").code(command).html();
  }
}
