// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace cw {

// For a program that will hold a key or a passphrase, before it does: no core dump of it, to a file
// or to a program that the kernel pipes it to, whatever limit it was started with; and no other
// process of its user may read its memory, but for one with CAP_SYS_PTRACE. Cannot fail.
void forbid_core_dumps();

}  // namespace cw
