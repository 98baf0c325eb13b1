// SPDX-License-Identifier: Apache-2.0
#include "cli/client_output.h"

#include <cstdio>
#include <filesystem>

#include <sys/ioctl.h>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/edit_session.h"
#include "cli/secrets.h"

namespace cw::cli {

namespace {

Asked<void> check_place(const std::optional<std::string>& path, bool secret) {
  if (const auto good = path && secret ? check_outside_networks(*path) : Result<>(); !good) {
    return tl::unexpected(trouble(good.error()));
  }
  if (path && ::access(path->c_str(), F_OK) == 0) {
    return tl::unexpected(Trouble{.message = fmt::format("{} is there already", *path),
                                  .hint = "it may hold a key, and is not overwritten: move it away "
                                          "or name another file"});
  }
  return {};
}

Result<> write_png(const std::string& path, const QrCode& code) {
  const auto image = CW_TRY(png(code));
  return create_secret_file(path, image.expose(), Reader::Owner);
}

Asked<void> check_terminal(const QrCode& code) {
  winsize size{};
  const bool known = ::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  if (known && size.ws_col != 0 && (size.ws_col < columns(code) || size.ws_row < lines(code))) {
    return tl::unexpected(
        Trouble{.message = fmt::format("the QR code takes {} columns and {} lines, and this "
                                       "terminal has {} and {}",
                                       columns(code), lines(code), size.ws_col, size.ws_row),
                .hint = "enlarge it or choose a smaller font, or write an image with --png FILE"});
  }
  return {};
}

}  // namespace

Asked<ClientOutput> ClientOutput::prepare(const network::ClientConfig& config,
                                          const network::ClientOptions& options,
                                          const net::PrivateKey* key, OutputOptions output,
                                          const Terminal& terminal) {
  static_cast<void>(terminal);
  for (const auto* path : {&output.png, &output.file}) {
    if (auto good = check_place(*path, key != nullptr); !good) {
      return tl::unexpected(good.error());
    }
  }
  if (output.png && output.png == output.file) {
    return tl::unexpected(Trouble{.message = "--output and --png name the same file",
                                  .hint = "one is for the text and one for the image",
                                  .exit_status = kUsage});
  }
  ClientOutput made(network::to_text(config, options, key), std::move(output));
  if (made.output_.qr || made.output_.png) {
    auto code = qr_code(made.text_.expose());
    if (!code) {
      return tl::unexpected(trouble(
          code.error(), code.error().kind == ErrorKind::Exhausted
                            ? "write the text with --output FILE and bring it to the device; or "
                              "make it shorter: fewer --sites, or fewer and wider routes"
                            : ""));
    }
    made.code_ = std::move(*code);
  }
  if (made.output_.qr) {
    if (auto fits = check_terminal(*made.code_); !fits) {
      return tl::unexpected(fits.error());
    }
  }
  return made;
}

// Removes what it made where a later one fails, and never what was there before.
Result<> ClientOutput::write_files() const {
  if (output_.file) {
    CW_TRY(create_secret_file(*output_.file, text_.expose(), Reader::Owner));
  }
  auto done = output_.png && code_ ? write_png(*output_.png, *code_) : Result<>();
  if (!done && output_.file) {
    ::unlink(output_.file->c_str());  // best effort: the error that matters is already in hand
  }
  return done;
}

void ClientOutput::withdraw() const {
  for (const auto* path : {&output_.png, &output_.file}) {
    if (*path) {
      ::unlink((*path)->c_str());  // what stays is of no use, and said to be
    }
  }
}

Asked<void> ClientOutput::deliver(const Terminal& terminal) const {
  auto done = write_files();
  if (!done) {
    return tl::unexpected(trouble(done.error()));
  }
  if (output_.qr && code_) {
    done = print_secret(half_blocks(*code_, terminal.out).expose());
  } else if (!output_.file && !output_.png) {
    done = print_secret(text_.expose());
  }
  if (!done) {
    withdraw();
    return tl::unexpected(trouble(done.error()));
  }
  return {};
}

std::vector<std::string> notes(const network::ClientConfig& config,
                               const network::ClientOptions& options, const OutputOptions& output) {
  using network::Platform;
  std::vector<std::string> lines;
  for (const auto& route : config.claimed_twice) {
    lines.push_back(
        fmt::format("{} is at more than one of its sites, so that it is in none of the "
                    "tunnel's routes: `causeway via ADDRESS --site SITE` says how each is reached",
                    route.to_text()));
  }
  const bool image = output.qr || output.png;
  if (output.file &&
      !network::is_tunnel_name(std::filesystem::path(*output.file).stem().string())) {
    lines.push_back(
        fmt::format("the apps take the file's name for the tunnel's, and not all of "
                    "them this one: rename it to {}.conf before it is imported",
                    config.tunnel));
  }
  if (image && (options.platform == Platform::Mac || options.platform == Platform::Windows)) {
    lines.emplace_back("the app on this system reads files and no QR codes: use --output FILE");
  }
  if (!options.dns.empty()) {
    lines.emplace_back(
        options.platform == Platform::Linux
            ? "DNS: wg-quick needs resolvconf for it, and refuses to start without"
            : "DNS: the apps send every query there as long as the tunnel is up, not only those "
              "about the sites");
  }
  if (!image && !output.file) {
    lines.push_back(fmt::format("a good name for the file is {}.conf", config.tunnel));
  }
  return lines;
}

}  // namespace cw::cli
