// SPDX-License-Identifier: Apache-2.0
/**
 * Randomly wired networks (Xie, Kirillov, Girshick and He 2019): {@link
 * org.randwire.network.randwire.RandWireSpec} turns graphs into a network.
 */
@NullMarked
package org.randwire.network.randwire;

import org.jspecify.annotations.NullMarked;
