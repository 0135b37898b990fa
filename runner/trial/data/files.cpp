#include "runner/trial/data/files.h"

#include <zlib.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

namespace archsweep::runner {

std::string read_file(const std::filesystem::path& path) {
  // Not blocking: a named pipe must not hang the run.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) throw std::runtime_error(std::strerror(errno));
  struct stat status {};
  std::string bytes;
  int error = 0;
  if (::fstat(file, &status) != 0) {
    error = errno;
  } else if (!S_ISREG(status.st_mode)) {
    ::close(file);
    throw std::runtime_error("not a regular file");
  } else {
    bytes.resize(std::size_t(status.st_size));
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n = ::read(file, bytes.data() + done, bytes.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) error = errno;
      if (n <= 0) break;
      done += std::size_t(n);
    }
    bytes.resize(done);
  }
  ::close(file);
  if (error) throw std::runtime_error(std::strerror(error));
  return bytes;
}

std::string read_unpacked(const std::string& packed, std::size_t limit) {
  if (packed.size() < 2 || packed[0] != '\x1f' || packed[1] != '\x8b') return packed;
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::bad_alloc();
  std::string out;
  std::size_t read = 0;
  int result = Z_OK;
  while (result == Z_OK && out.size() <= limit) {
    if (stream.avail_in == 0) {
      const std::size_t piece = std::min<std::size_t>(packed.size() - read, 1u << 30);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + read));
      stream.avail_in = uInt(piece);
      read += piece;
    }
    const std::size_t had = out.size(), room = 1u << 22;
    out.resize(had + room);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + had);
    stream.avail_out = uInt(room);
    result = inflate(&stream, Z_NO_FLUSH);
    out.resize(had + room - stream.avail_out);
  }
  inflateEnd(&stream);
  if (out.size() > limit)
    throw std::runtime_error(fmt::format("unpacks to more than {} bytes", limit));
  if (result == Z_BUF_ERROR) throw std::runtime_error("the gzip data end too early");
  if (result != Z_STREAM_END) throw std::runtime_error("the gzip data are damaged");
  return out;
}

}  // namespace archsweep::runner
