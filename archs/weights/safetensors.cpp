#include "archs/weights/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/support/whole_file.h"

namespace archsweep::archs {
namespace {

constexpr std::size_t length_bytes = 8;
constexpr std::uint64_t header_limit = 100'000'000;  // the reference implementation's
constexpr std::size_t rank_limit = 32;               // no tensor of a network comes near

struct DtypeInfo {
  std::string_view name;
  std::size_t bytes;
};

// In the order of Dtype.
constexpr DtypeInfo dtypes[] = {
    {"U64", 8},     {"I64", 8},  {"F64", 8}, {"C64", 8},  {"F32", 4}, {"U32", 4},
    {"I32", 4},     {"BF16", 2}, {"F16", 2}, {"U16", 2},  {"I16", 2}, {"F8_E4M3", 1},
    {"F8_E5M2", 1}, {"I8", 1},   {"U8", 1},  {"BOOL", 1},
};

std::string in_quotes(std::string_view text) {
  return fmt::format("'{}'", printable(text, 100));
}

// A fault of the header; the caller adds the file's name.
struct Fault {
  std::string what;
};

struct Described {
  StoredTensor tensor;
  std::uint64_t begin = 0, end = 0;
  bool has_dtype = false, has_shape = false, has_offsets = false;
};

// Takes {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...} and nothing else,
// event by event: nesting is refused before it is followed, and no tree of the header is built.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::vector<Described> tensors;
  Metadata metadata;

  bool start_object(std::size_t) override {
    if (depth_ == 2 || list_) wrong();
    ++depth_;
    return true;
  }
  bool end_object() override {
    if (depth_-- == 2 && !in_metadata_) finish_tensor();
    return true;
  }
  bool key(std::string& text) override {
    if (depth_ == 1) {
      if (!names_.insert(text).second)
        throw Fault{fmt::format("tensor {} occurs twice", in_quotes(text))};
      in_metadata_ = text == "__metadata__";
      if (!in_metadata_) tensors.emplace_back().tensor.name = text;
    } else if (in_metadata_) {
      if (metadata.contains(text))
        throw Fault{fmt::format("metadata {} occurs twice", in_quotes(text))};
    } else {
      auto& t = tensors.back();
      bool* seen = text == "dtype"          ? &t.has_dtype
                   : text == "shape"        ? &t.has_shape
                   : text == "data_offsets" ? &t.has_offsets
                                            : nullptr;
      if (!seen) throw Fault{fmt::format("{}: unknown field {}", of_tensor(), in_quotes(text))};
      if (*seen) throw Fault{fmt::format("{}: {} occurs twice", of_tensor(), text)};
      *seen = true;
    }
    key_ = text;
    return true;
  }
  bool string(std::string& text) override {
    if (depth_ != 2 || list_) wrong();
    if (in_metadata_) {
      metadata[key_] = text;
      return true;
    }
    if (key_ != "dtype") wrong();
    const auto at = std::ranges::find(dtypes, std::string_view(text), &DtypeInfo::name);
    if (at == std::end(dtypes))
      throw Fault{fmt::format("{}: dtype {} is not supported", of_tensor(), in_quotes(text))};
    tensors.back().tensor.dtype = static_cast<Dtype>(at - std::begin(dtypes));
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ != 2 || list_ || in_metadata_ || key_ == "dtype") wrong();
    list_ = true;
    numbers_ = 0;
    return true;
  }
  bool number_unsigned(std::uint64_t value) override {
    if (!list_) wrong();
    auto& t = tensors.back();
    if (key_ == "shape") {
      if (t.tensor.shape.size() == rank_limit)
        throw Fault{fmt::format("{}: more than {} dimensions", of_tensor(), rank_limit)};
      if (value > std::uint64_t(INT64_MAX)) throw Fault{of_tensor() + ": a dimension is too large"};
      t.tensor.shape.push_back(std::int64_t(value));
    } else {
      if (numbers_ == 2) wrong();
      (numbers_ == 0 ? t.begin : t.end) = value;
    }
    ++numbers_;
    return true;
  }
  bool end_array() override {
    list_ = false;
    if (key_ == "data_offsets" && numbers_ != 2) wrong();
    return true;
  }
  bool null() override { return wrong(); }
  bool boolean(bool) override { return wrong(); }
  bool number_integer(std::int64_t) override { return wrong(); }
  bool number_float(double, const std::string&) override { return wrong(); }
  bool binary(nlohmann::json::binary_t&) override { return wrong(); }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    throw Fault{fmt::format("the header is not JSON (byte {})", length_bytes + position)};
  }

 private:
  std::string of_tensor() const { return "tensor " + in_quotes(tensors.back().tensor.name); }

  [[noreturn]] bool wrong() {
    if (depth_ == 0) throw Fault{"the header is not an object"};
    if (in_metadata_) throw Fault{"the metadata are not pairs of text"};
    if (depth_ == 1) throw Fault{of_tensor() + ": expected an object"};
    throw Fault{fmt::format(
        "{}: expected dtype as text, shape and two data_offsets as lists of whole numbers",
        of_tensor())};
  }

  void finish_tensor() {
    const auto& t = tensors.back();
    for (const auto& [has, what] :
         {std::pair{t.has_dtype, "dtype"}, {t.has_shape, "shape"}, {t.has_offsets, "data_offsets"}})
      if (!has) throw Fault{fmt::format("{}: no {}", of_tensor(), what)};
  }

  std::set<std::string> names_;
  std::string key_;
  int depth_ = 0;      // of objects
  bool list_ = false;  // in a list
  bool in_metadata_ = false;
  int numbers_ = 0;
};

// Bytes of the tensor. Also no product of some of its dimensions overflows, so that strides can be
// computed of an empty tensor.
std::uint64_t size_of(const StoredTensor& t) {
  const auto each = std::int64_t(bytes_of(t.dtype));
  std::int64_t elements = 1, bytes = each;
  bool empty = false;
  for (const auto size : t.shape) {
    if (__builtin_mul_overflow(elements, std::max<std::int64_t>(size, 1), &elements) ||
        __builtin_mul_overflow(elements, each, &bytes))
      throw Fault{fmt::format("tensor {}: its size overflows", in_quotes(t.name))};
    empty = empty || size == 0;
  }
  return empty ? 0 : std::uint64_t(bytes);
}

std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return value;
}

Safetensors parse(std::span<const std::byte> file) {
  if (file.size() < length_bytes) throw Fault{"too short to be a safetensors file"};
  const auto length = little_endian(file.first(length_bytes));
  if (length > header_limit)
    throw Fault{fmt::format("a header of {} bytes is over the limit of {}; not a safetensors file?",
                            length, header_limit)};
  if (length > file.size() - length_bytes)
    throw Fault{fmt::format("the header of {} bytes is cut off; the file has {} bytes", length,
                            file.size())};
  const auto* text = reinterpret_cast<const char*>(file.data()) + length_bytes;
  if (length == 0 || *text != '{') throw Fault{"the header is not an object"};

  HeaderReader header;
  nlohmann::json::sax_parse(text, text + length, &header);
  auto& described = header.tensors;
  std::ranges::sort(described, {}, [](const Described& d) { return std::pair(d.begin, d.end); });
  const auto data = file.subspan(length_bytes + length);
  Safetensors all{.metadata = std::move(header.metadata)};
  std::uint64_t end = 0;
  for (auto& d : described) {
    const auto where = "tensor " + in_quotes(d.tensor.name);
    if (d.begin > d.end) throw Fault{where + ": its bytes end before they begin"};
    if (d.begin < end) throw Fault{where + ": its bytes overlap another tensor's"};
    if (d.begin > end)
      throw Fault{fmt::format("{}: {} bytes before it belong to no tensor", where, d.begin - end)};
    if (d.end > data.size())
      throw Fault{fmt::format("{}: its bytes end at {}, but the file has only {} (truncated?)",
                              where, d.end, data.size())};
    if (const auto size = size_of(d.tensor); size != d.end - d.begin)
      throw Fault{fmt::format("{}: {} bytes for a shape and dtype that need {}", where,
                              d.end - d.begin, size)};
    d.tensor.data = data.subspan(d.begin, d.end - d.begin);
    end = d.end;
    all.tensors.push_back(std::move(d.tensor));
  }
  if (end != data.size())
    throw Fault{fmt::format("{} bytes after the last tensor", data.size() - end)};
  return all;
}

[[noreturn]] void cannot(const char* what, const std::filesystem::path& path) {
  throw Error(fmt::format("{}: cannot {}: {}", path.string(), what, std::strerror(errno)),
              Exit::environment);
}

bool write_all(int file, const void* data, std::size_t bytes) {
  for (const auto* at = static_cast<const char*>(data); bytes > 0;) {
    const auto n = ::write(file, at, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    at += n, bytes -= std::size_t(n);
  }
  return true;
}

}  // namespace

std::string_view name_of(Dtype dtype) {
  return dtypes[static_cast<int>(dtype)].name;
}

std::size_t bytes_of(Dtype dtype) {
  return dtypes[static_cast<int>(dtype)].bytes;
}

Safetensors parse_safetensors(std::span<const std::byte> file, const std::string& name) {
  try {
    return parse(file);
  } catch (const Fault& fault) {
    throw Error(fmt::format("{}: {}", name, fault.what));
  }
}

MappedSafetensors::MappedSafetensors(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not hang
  if (file < 0) cannot("open it", path);
  struct stat status {};
  void* start = MAP_FAILED;
  if (::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
    start = ::mmap(nullptr, std::size_t(status.st_size), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_NORESERVE, file, 0);
  const int error = errno;
  ::close(file);
  if (!S_ISREG(status.st_mode)) throw Error(path.string() + ": not a regular file");
  if (status.st_size == 0) throw Error(path.string() + ": the file is empty");
  errno = error;
  if (start == MAP_FAILED) cannot("map it", path);
  const auto size = std::size_t(status.st_size);
  mapping_ = {start, [start, size](const void*) { ::munmap(start, size); }};
  content_ = parse_safetensors({static_cast<const std::byte*>(start), size}, path.string());
}

void write_safetensors(const std::filesystem::path& path, std::vector<StoredTensor> tensors,
                       const Metadata& metadata) {
  std::ranges::sort(tensors, {}, [](const auto& t) { return std::tie(t.dtype, t.name); });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t end = 0;
  for (const auto& t : tensors) {
    const auto begin = end;
    end += t.data.size();
    header[t.name] = {
        {"dtype", name_of(t.dtype)}, {"shape", t.shape}, {"data_offsets", {begin, end}}};
  }
  auto text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');

  std::string head;
  for (std::size_t i = 0; i < length_bytes; ++i) head += char(text.size() >> (8 * i));

  const auto partial = partial_of(path);
  const int file = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) cannot("write it", path);
  bool whole =
      write_all(file, head.data(), head.size()) && write_all(file, text.data(), text.size());
  for (const auto& t : tensors) whole = whole && write_all(file, t.data.data(), t.data.size());
  // On the disk before it has the name, so that no power cut leaves half a file under it.
  whole = whole && ::fsync(file) == 0;
  whole = ::close(file) == 0 && whole;
  if (!whole || ::rename(partial.c_str(), path.c_str()) != 0) {
    const int why = errno;
    ::unlink(partial.c_str());
    errno = why;
    cannot("write it", path);
  }
  const auto parent = path.parent_path();
  const int folder =
      ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) ::fsync(folder), ::close(folder);
}

}  // namespace archsweep::archs
