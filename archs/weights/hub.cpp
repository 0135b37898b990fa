#include "archs/weights/hub.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "archs/weights/http.h"
#include "runner/support/clock.h"
#include "runner/support/error.h"
#include "runner/support/hash.h"
#include "runner/support/text.h"

namespace archsweep::archs {
namespace {

namespace fs = std::filesystem;

constexpr int attempts_limit = 5;  // in a row that bring nothing
constexpr int redirects_limit = 10;

[[noreturn]] void fail(const std::string& message) {
  throw Error(message, Exit::environment);
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// The first line of a small file, or "".
std::string line_of(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

bool is_hex(std::string_view text, std::size_t length) {
  return text.size() == length && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

fs::path folder_of(const Hub& hub, const std::string& repository) {
  std::string name = "models--" + repository;
  for (auto at = name.find('/'); at != name.npos; at = name.find('/')) name.replace(at, 1, "--");
  return hub.cache / name;
}

// What the server says of a file before it sends it.
struct Remote {
  std::string url, commit, etag;
  std::uint64_t size = 0;
};

std::string shown(const HttpRequest& request) {
  return printable(request.url.substr(0, request.url.find('?')), 300);  // a signature is a secret
}

[[noreturn]] void refused(const Hub& hub, const std::string& repository, const HttpRequest& request,
                          const HttpResponse& response) {
  const auto where = shown(request);
  switch (response.status) {
    case 401:
      fail(fmt::format(
          "{}: 401 unauthorized: no such repository, or a private one; {}", where,
          hub.token.empty() ? "set HF_TOKEN" : "the token of HF_TOKEN is not accepted"));
    case 403:
      fail(fmt::format("{}: 403 forbidden: accept the terms at {}/{} and set HF_TOKEN", where,
                       hub.endpoint, repository));
    case 404:
      fail(fmt::format("{}: 404 not found: the repository does not exist or lacks this file",
                       where));
    case 429:
      fail(fmt::format("{}: 429 too many requests: wait, or set HF_TOKEN", where));
    default:
      fail(fmt::format("{}: the server answered {}", where, response.status));
  }
}

[[noreturn]] void unreachable(const HttpRequest& request, const HttpResponse& response) {
  fail(fmt::format(
      "{}: {}; is there a network? (HF_ENDPOINT names another hub; a file can be given by path)",
      shown(request), printable(response.failure, 300)));
}

// Sends the request and follows redirects for as long as `follow` allows. The token goes to the
// endpoint's own origin alone.
template <typename Follow>
std::pair<HttpRequest, HttpResponse> send(const Hub& hub, HttpRequest request, const HttpSink& sink,
                                          const Follow& follow) {
  const bool secure = request.url.starts_with("https://");
  for (int i = 0; i <= redirects_limit; ++i) {
    const bool ours = origin_of(request.url) == origin_of(hub.endpoint);
    request.token = ours ? hub.token : "";
    auto response = http_request(request, sink);
    if (response.status / 100 != 3 || response.redirect.empty() || !follow(response))
      return {std::move(request), std::move(response)};
    if (secure && !response.redirect.starts_with("https://"))
      fail(fmt::format("{}: redirects from https to an unprotected address", shown(request)));
    request.url = response.redirect;
  }
  fail(fmt::format("{}: more than {} redirects", shown(request), redirects_limit));
}

void wait(int attempt) {
  std::this_thread::sleep_for(std::chrono::milliseconds(100 << attempt));
}

// The headers come with the redirect to where the content lies, so only a redirect within the hub
// (a renamed repository) is followed.
Remote ask(const Hub& hub, const std::string& repository, const std::string& file) {
  const HttpRequest head{
      .url = fmt::format("{}/{}/resolve/main/{}", hub.endpoint, repository, file), .head = true};
  for (int attempt = 0;; ++attempt) {
    const auto [request, response] = send(hub, head, {}, [&](const HttpResponse& r) {
      return origin_of(r.redirect) == origin_of(hub.endpoint) && r.header("x-linked-etag").empty();
    });
    const bool again = response.retry || response.status >= 500;
    if (again && attempt + 1 < attempts_limit) {
      wait(attempt);
      continue;
    }
    if (response.status == 0 || !response.failure.empty()) unreachable(request, response);
    if (response.status >= 400) refused(hub, repository, request, response);
    Remote remote{.url = head.url, .commit = response.header("x-repo-commit")};
    const auto first_of = [&headers = response](const char* a, const char* b) {
      const auto value = headers.header(a);
      return value.empty() ? headers.header(b) : value;
    };
    auto etag = first_of("x-linked-etag", "etag");
    if (etag.starts_with("W/")) etag.erase(0, 2);
    std::erase(etag, '"');
    const auto size = first_of("x-linked-size", "content-length");
    // All three become paths or limits: nothing but what the hub sends passes.
    if (!is_hex(remote.commit, 40) || !(is_hex(etag, 64) || is_hex(etag, 40)) || size.empty() ||
        size.size() > 18 ||
        !std::ranges::all_of(size, [](unsigned char c) { return std::isdigit(c); }))
      fail(fmt::format("{}: the answer lacks commit, checksum or size; is HF_ENDPOINT a hub?",
                       shown(request)));
    remote.etag = etag;
    remote.size = std::stoull(size);
    return remote;
  }
}

// Held while a blob is written; Python's huggingface_hub takes the same lock.
class Lock {
 public:
  explicit Lock(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    while (file_ >= 0 && ::flock(file_, LOCK_EX) != 0)
      if (errno != EINTR) break;  // a file system without locks: go on without
  }
  ~Lock() {
    if (file_ >= 0) ::close(file_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int file_;
};

// The part of a blob that has come so far.
class Partial {
 public:
  explicit Partial(fs::path path) : path_(std::move(path)) {
    file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    struct stat status {};
    if (file_ < 0 || ::fstat(file_, &status) != 0) broken();
    size_ = std::uint64_t(status.st_size);
  }
  ~Partial() { ::close(file_); }
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;

  std::uint64_t size() const { return size_; }

  void truncate() {
    if (::ftruncate(file_, 0) != 0) broken();
    size_ = 0;
  }
  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::pwrite(file_, bytes.data(), bytes.size(), off_t(size_));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) broken();
      size_ += std::uint64_t(n);
      bytes.remove_prefix(std::size_t(n));
    }
  }
  std::string checksum() const {
    Sha256 hash;
    std::string piece(1 << 20, '\0');
    for (std::uint64_t at = 0; at < size_;) {
      const auto n = ::pread(file_, piece.data(), piece.size(), off_t(at));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) broken();
      hash.add({piece.data(), std::size_t(n)});
      at += std::uint64_t(n);
    }
    return hash.hex();
  }
  void discard() { ::unlink(path_.c_str()); }
  void become(const fs::path& blob) {
    if (::fsync(file_) != 0 || ::rename(path_.c_str(), blob.c_str()) != 0) broken();
  }

 private:
  [[noreturn]] void broken() const {
    fail(fmt::format("{}: {}", path_.string(), std::strerror(errno)));
  }

  fs::path path_;
  int file_ = -1;
  std::uint64_t size_ = 0;
};

// Appends what is missing.
void fetch(const Hub& hub, const std::string& repository, const Remote& remote, Partial& partial,
           const DownloadProgress& progress) {
  std::exception_ptr thrown;  // must not pass through libcurl
  int fruitless = 0;
  std::uint64_t furthest = 0;
  if (partial.size() > remote.size) partial.truncate();
  while (partial.size() < remote.size) {
    const auto before = partial.size();
    bool begun = false;
    const auto sink = [&](const HttpResponse& so_far, std::string_view bytes) {
      try {
        // A server that cannot resume sends all of it again.
        if (!std::exchange(begun, true) && so_far.status != 206) partial.truncate();
        if (begun && so_far.status == 206 && partial.size() == before &&
            !so_far.header("content-range").starts_with(fmt::format("bytes {}-", before)))
          fail(fmt::format("{}: the server sent another range than it was asked for", remote.url));
        if (bytes.size() > remote.size - partial.size())
          fail(fmt::format("{}: the server sends more than the {} bytes it announced", remote.url,
                           remote.size));
        partial.append(bytes);
        if (progress) progress(partial.size(), remote.size);
        return true;
      } catch (...) {
        thrown = std::current_exception();
        return false;
      }
    };
    const auto [request, response] = send(hub, {.url = remote.url, .first = before}, sink,
                                          [](const HttpResponse&) { return true; });
    if (thrown) std::rethrow_exception(thrown);
    const bool past_end = response.status == 416;  // it has less than it announced
    if (response.status >= 400 && response.status < 500 && !past_end)
      refused(hub, repository, request, response);
    if (response.status < 400 && !response.failure.empty() && !response.retry)
      unreachable(request, response);
    if (partial.size() >= remote.size) break;
    fruitless = partial.size() > furthest ? 0 : fruitless + 1;
    furthest = std::max(furthest, partial.size());
    if (fruitless == attempts_limit)
      fail(fmt::format("{}: {} of {} bytes came ({}); they are kept: run it again to go on",
                       shown(request), partial.size(), remote.size,
                       !response.failure.empty() ? printable(response.failure, 300)
                       : response.status / 100 == 2 || past_end
                           ? "truncated by the server"
                           : fmt::format("the server answered {}", response.status)));
    wait(fruitless);
  }
}

void make_folders(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(fmt::format("{}: {} (HF_HOME names the cache)", path.string(), error.message()));
}

// Readers never see half a file or link.
void replace(const fs::path& path,
             const std::function<void(const fs::path&, std::error_code&)>& make) {
  make_folders(path.parent_path());
  auto fresh = path;
  fresh += fmt::format(".{}", ::getpid());
  std::error_code error;
  fs::remove(fresh, error);
  make(fresh, error);
  if (!error) fs::rename(fresh, path, error);
  if (error) fail(fmt::format("{}: {}", path.string(), error.message()));
}

}  // namespace

Hub hub_from_environment() {
  Hub hub;
  if (auto endpoint = environment("HF_ENDPOINT"); !endpoint.empty()) {
    while (endpoint.ends_with('/')) endpoint.pop_back();
    if (!endpoint.starts_with("http://") && !endpoint.starts_with("https://"))
      throw Error("HF_ENDPOINT: expected an address that begins with https://");
    hub.endpoint = endpoint;
  }
  const auto under_home = [](const char* variable, const char* fallback) {
    const auto value = environment(variable);
    return value.empty() ? fs::path(environment("HOME")) / fallback : fs::path(value);
  };
  const fs::path home = environment("HF_HOME").empty()
                            ? under_home("XDG_CACHE_HOME", ".cache") / "huggingface"
                            : fs::path(environment("HF_HOME"));
  hub.cache =
      environment("HF_HUB_CACHE").empty() ? home / "hub" : fs::path(environment("HF_HUB_CACHE"));
  auto offline = environment("HF_HUB_OFFLINE");
  std::ranges::transform(offline, offline.begin(),
                         [](unsigned char c) { return char(std::toupper(c)); });
  hub.offline = offline == "1" || offline == "ON" || offline == "YES" || offline == "TRUE";
  hub.token = environment("HF_TOKEN");
  if (hub.token.empty()) hub.token = line_of(home / "token");
  while (!hub.token.empty() && std::isspace(static_cast<unsigned char>(hub.token.back())))
    hub.token.pop_back();
  if (std::ranges::any_of(hub.token, [](unsigned char c) { return c <= ' ' || c > '~'; }))
    throw Error("HF_TOKEN: a token has neither blanks nor control characters");
  return hub;
}

DownloadProgress show_download(const std::string& what, std::FILE* out) {
  const char* terminal = std::getenv("TERM");
  const bool live = ::isatty(::fileno(out)) && terminal && std::string_view(terminal) != "dumb";
  return [=, start = Clock::now(), drawn = Clock::time_point{}, first = std::uint64_t{0},
          begun = false](std::uint64_t done, std::uint64_t total) mutable {
    const auto now = Clock::now();
    const auto since = [&](Clock::time_point then) {
      return std::chrono::duration<double>(now - then).count();
    };
    if (!std::exchange(begun, true)) first = done;  // what an earlier run has fetched
    if (done < total && drawn != Clock::time_point{} && since(drawn) < (live ? 0.1 : 10)) return;
    drawn = now;
    const double rate = double(done - first) / std::max(since(start), 1e-3);
    const double share = total > 0 ? double(done) / double(total) : 1;
    auto text = fmt::format("{}  {:3.0f} % of {}", what, std::floor(100 * share),
                            human_bytes(double(total)));
    if (done >= total)
      text += fmt::format("  in {}", human_duration(since(start)));
    else if (rate > 0)
      text += fmt::format("  {}/s  {} left", human_bytes(rate),
                          human_duration(double(total - done) / rate));
    if (!live) {
      fmt::print(out, "{}\n", text);
    } else {
      winsize size{};
      const std::size_t width =
          ::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
      if (const auto room =
              width > text.size() + 5 ? std::min<std::size_t>(width - text.size() - 5, 30) : 0;
          room >= 5) {
        const auto full = std::size_t(share * double(room));
        text += fmt::format("  [{:=<{}}{:{}}]", "", full, "", room - full);
      }
      if (text.size() >= width) text.resize(width - 1);
      fmt::print(out, "\r\x1b[K{}{}", text, done >= total ? "\n" : "");
    }
    std::fflush(out);
  };
}

std::optional<fs::path> find_cached(const Hub& hub, const std::string& repository,
                                    const std::string& file) {
  const auto folder = folder_of(hub, repository);
  const auto commit = line_of(folder / "refs" / "main");
  if (!is_hex(commit, 40)) return std::nullopt;
  const auto path = folder / "snapshots" / commit / file;
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::nullopt;
  return path;
}

fs::path cached_or_downloaded(const Hub& hub, const std::string& repository,
                              const std::string& file, const DownloadProgress& progress) {
  if (const auto cached = find_cached(hub, repository, file)) return *cached;
  const auto folder = folder_of(hub, repository);
  if (hub.offline)
    fail(fmt::format("{}/{}: not in the cache {} and HF_HUB_OFFLINE is set", repository, file,
                     hub.cache.string()));
  const auto remote = ask(hub, repository, file);
  const auto blob = folder / "blobs" / remote.etag;
  make_folders(blob.parent_path());
  {
    const Lock lock(hub.cache / ".locks" / folder.filename() / (remote.etag + ".lock"));
    std::error_code error;
    if (!fs::is_regular_file(blob, error)) {
      Partial partial(blob.string() + ".incomplete");
      fetch(hub, repository, remote, partial, progress);
      // The hub's checksum of a large file is its SHA-256; of a small one it is Git's, not checked.
      if (is_hex(remote.etag, 64))
        if (const auto sum = partial.checksum(); sum != remote.etag) {
          partial.discard();
          fail(fmt::format("{}: corrupted: its SHA-256 is {}, not {}; deleted, run it again",
                           remote.url, sum, remote.etag));
        }
      partial.become(blob);
    }
  }
  const auto snapshot = folder / "snapshots" / remote.commit / file;
  replace(snapshot, [&](const fs::path& path, std::error_code& error) {
    fs::create_symlink(fs::path("../../blobs") / remote.etag, path, error);
  });
  replace(folder / "refs" / "main", [&](const fs::path& path, std::error_code& error) {
    if (!(std::ofstream(path) << remote.commit << std::flush))
      error = std::make_error_code(std::errc::io_error);
  });
  return snapshot;
}

fs::path weights_file(const Hub& hub, const Pretrained& weights, const DownloadProgress& progress) {
  return cached_or_downloaded(hub, hub_repository(weights), "model.safetensors", progress);
}

}  // namespace archsweep::archs
