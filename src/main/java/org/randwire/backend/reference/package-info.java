// SPDX-License-Identifier: Apache-2.0
/**
 * The plainest correct backend, the oracle of every test: each primitive is one loop in the order
 * of its definition, in double arithmetic. Start at {@link
 * org.randwire.backend.reference.ReferenceBackend}.
 */
@NullMarked
package org.randwire.backend.reference;

import org.jspecify.annotations.NullMarked;
