// SPDX-License-Identifier: Apache-2.0
#include "cli/qr_code.h"

// Of the static binary: Debian has no static libqrencode.
namespace cw::cli {

namespace {

Error absent() {
  return Error::make(ErrorKind::Unsupported,
                     "this static binary makes no QR codes; Debian's package `qrencode` makes one "
                     "of a configuration's text");
}

}  // namespace

Result<QrCode> qr_code(std::string_view /*text*/) {
  return absent();
}

Result<net::Secret> png(const QrCode& /*code*/) {
  return absent();
}

}  // namespace cw::cli
