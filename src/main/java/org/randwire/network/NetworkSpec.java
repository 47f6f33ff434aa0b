// SPDX-License-Identifier: Apache-2.0
package org.randwire.network;

import org.randwire.op.OpGraph;

/** A fully decided network: the same spec always gives the same op graph. */
public interface NetworkSpec {

  String name();

  OpGraph build();
}
