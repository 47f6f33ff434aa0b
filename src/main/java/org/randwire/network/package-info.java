// SPDX-License-Identifier: Apache-2.0
/**
 * Networks as op graphs; one package per family. {@link org.randwire.network.NetworkSpec} is what
 * all of them are.
 */
@NullMarked
package org.randwire.network;

import org.jspecify.annotations.NullMarked;
