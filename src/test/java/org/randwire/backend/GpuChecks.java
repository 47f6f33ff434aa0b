// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Runs the tests of every backend without Maven; {@code benchmarks/gpu/bundle} packs it. */
public final class GpuChecks {

  private GpuChecks() {}

  /** Ends with status 1 if any test fails, or if none ran. */
  public static void main(String[] arguments) {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(
                DiscoverySelectors.selectPackage("org.randwire.backend"),
                DiscoverySelectors.selectPackage("org.randwire.compile"))
            .filters(TagFilter.excludeTags("slow"))
            .build();
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create().execute(request, listener);
    var summary = listener.getSummary();
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    summary.printFailuresTo(out, 5);
    out.println(
        summary.getTestsFoundCount()
            + " tests, "
            + summary.getTestsFailedCount()
            + " failed, "
            + summary.getTestsAbortedCount()
            + " left out");
    boolean passed = summary.getTotalFailureCount() == 0 && summary.getTestsSucceededCount() > 0;
    System.exit(passed ? 0 : 1);
  }
}
