#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/trial/data/image_files.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t block = 512;
constexpr std::uint64_t longest_name = 64 << 10;  // of the extensions that hold long names

class TarFile {
 public:
  explicit TarFile(const fs::path& path)
      : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    struct stat status {};
    if (fd_ < 0 || ::fstat(fd_, &status) != 0)
      fail(fmt::format("{}; check dataset.root", std::strerror(errno)));
    if (!S_ISREG(status.st_mode)) fail("neither a folder nor a file; check dataset.root");
    size = static_cast<std::uint64_t>(status.st_size);
    stamp = fmt::format("{}.{}", status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  }
  ~TarFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  TarFile(const TarFile&) = delete;
  TarFile& operator=(const TarFile&) = delete;

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(fmt::format("{}: {}", path_.string(), what));
  }

  // Throws std::runtime_error where the file is shorter or cannot be read.
  std::string read(std::uint64_t at, std::uint64_t bytes) const {
    std::string text(bytes, '\0');
    std::uint64_t done = 0;
    while (done < bytes) {
      const auto n = ::pread(fd_, text.data() + done, bytes - done, static_cast<off_t>(at + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw std::runtime_error(std::strerror(errno));
      if (n == 0) throw std::runtime_error("the tar file has become shorter");
      done += static_cast<std::uint64_t>(n);
    }
    return text;
  }

  std::uint64_t size = 0;
  std::string stamp;

 private:
  fs::path path_;
  int fd_;
};

std::string_view field(const std::string& header, std::size_t at, std::size_t length) {
  const std::string_view text(header.data() + at, length);
  return text.substr(0, text.find('\0'));
}

// Octal digits, or GNU's binary form for what they cannot hold.
std::optional<std::uint64_t> number(const std::string& header, std::size_t at, std::size_t length) {
  if (static_cast<unsigned char>(header[at]) == 0x80) {
    std::uint64_t value = 0;
    for (std::size_t i = at + 1; i < at + length; ++i) {
      if (value >> 55) return {};
      value = value << 8 | static_cast<unsigned char>(header[i]);
    }
    return value;
  }
  auto text = field(header, at, length);
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

bool sum_is_right(const std::string& header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block; ++i)
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
  return number(header, 148, 8) == sum;
}

// POSIX's records "LENGTH key=value\n".
struct Extension {
  std::optional<std::string> path;
  std::optional<std::uint64_t> size;
};
Extension parse_extension(std::string_view text) {
  Extension found;
  while (!text.empty()) {
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const auto digits = static_cast<std::size_t>(end - text.data());
    if (error != std::errc() || length > text.size() || length < digits + 2) break;
    const auto record = text.substr(digits + 1, length - digits - 2);
    const auto equals = record.find('=');
    if (equals != record.npos) {
      const auto key = record.substr(0, equals), value = record.substr(equals + 1);
      std::uint64_t size = 0;
      if (key == "path")
        found.path = value;
      else if (key == "size" &&
               std::from_chars(value.data(), value.data() + value.size(), size).ec == std::errc())
        found.size = size;
    }
    text.remove_prefix(length);
  }
  return found;
}

bool hidden(const fs::path& path) {
  return std::ranges::any_of(path, [](const auto& part) {
    return part.native().starts_with('.') && part.native().size() > 1;
  });
}

}  // namespace

ImageFiles list_tar(const fs::path& file) {
  const auto tar = std::make_shared<TarFile>(file);
  const auto start = tar->read(0, std::min<std::uint64_t>(tar->size, 6));
  for (const auto& [magic, unpack] :
       {std::pair<std::string_view, const char*>{"\x1f\x8b", "gunzip"},
        {"BZh", "bunzip2"},
        {"\xfd"
         "7zXZ",
         "unxz"},
        {"\x28\xb5\x2f\xfd", "unzstd"},
        {"PK", "unzip it into a folder:"}})
    if (start.starts_with(magic))
      tar->fail(fmt::format("packed: a tar file is read in place; unpack it first: {} {}", unpack,
                            file.string()));
  ImageFiles images{.root = file};
  std::vector<std::pair<ImageFile, std::uint64_t>> found;  // and where its bytes begin
  Extension next;
  std::uint64_t at = 0;
  for (;;) {
    // Without the block of zeros at the end some images may be missing.
    if (tar->size - at < block)
      tar->fail(at == 0 ? "not a tar file; dataset.root is a folder or a tar file"
                        : "cut short: it has no end; fetch the file again");
    const auto header = tar->read(at, block);
    if (std::ranges::all_of(header, [](char c) { return c == 0; })) break;
    if (!sum_is_right(header))
      tar->fail(at == 0 ? "not a tar file; dataset.root is a folder or a tar file"
                        : fmt::format("damaged at byte {}; fetch the file again", at));
    const char type = header[156];
    auto bytes = number(header, 124, 12);
    if ((type == '0' || type == '\0' || type == '7') && next.size) bytes = next.size;
    const auto data = at + block;
    if (!bytes || *bytes > tar->size - data)
      tar->fail(fmt::format(
          "cut short: what begins at byte {} is not all there; fetch the file again", at));
    at = std::min(tar->size, data + (*bytes + block - 1) / block * block);
    const bool extends = type == 'L' || type == 'x';
    if (extends && *bytes > longest_name)
      tar->fail(fmt::format("a name of {} bytes; it cannot be a file name", *bytes));
    if (type == 'L') {
      const auto text = tar->read(data, *bytes);
      next.path = text.substr(0, text.find('\0'));
    } else if (type == 'x') {
      next = parse_extension(tar->read(data, *bytes));
    } else if (type != 'g') {
      auto name = std::string(field(header, 0, 100));
      if (const auto prefix = field(header, 345, 155);
          !prefix.empty() && field(header, 257, 6) == "ustar")
        name = std::string(prefix) + "/" + name;
      const auto path = fs::path(std::exchange(next, {}).path.value_or(name)).lexically_normal();
      if ((type == '0' || type == '\0' || type == '7') && !hidden(path))
        found.push_back({{path.relative_path().string(), *bytes, tar->stamp}, data});
    }
  }
  std::ranges::stable_sort(found, {}, [](const auto& f) { return f.first.path; });
  // A file that was added again replaces the one before it.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> places;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i + 1 < found.size() && found[i + 1].first.path == found[i].first.path) continue;
    places.emplace_back(found[i].second, found[i].first.size);
    images.files.push_back(std::move(found[i].first));
  }
  images.read = [tar, places = std::move(places)](std::size_t i) {
    return tar->read(places[i].first, places[i].second);
  };
  return images;
}

}  // namespace archsweep::runner
