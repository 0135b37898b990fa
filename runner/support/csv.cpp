#include "runner/support/csv.h"

#include <csv.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <new>

#include <fmt/format.h>

#include "runner/support/text.h"

namespace archsweep {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t most_bytes = 512 << 20;
constexpr std::size_t most_columns = 1000;

// The bytes of the UTF-8 character that `text` begins with; 0: it begins with none.
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  const std::size_t bytes = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < bytes) return 0;
  char32_t code = byte(0) & (0x7F >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  return overlong || surrogate || code > 0x10FFFF ? 0 : bytes;
}

// The place of the first byte that no text in UTF-8 has, or the size.
std::size_t first_bad_byte(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto bytes = text[at] == '\0' ? 0 : character(text.substr(at));
    if (bytes == 0) break;
    at += bytes;
  }
  return at;
}

}  // namespace

std::string read_csv_file(const fs::path& file) {
  std::error_code none;
  if (!fs::exists(file, none)) throw Error(fmt::format("{}: no such file", file.string()));
  if (fs::is_directory(file, none))
    throw Error(fmt::format("{}: is a folder; name the CSV files in it", file.string()));
  if (!fs::is_regular_file(file, none))
    throw Error(fmt::format("{}: not a file; save the table to one", file.string()));
  const auto size = fs::file_size(file, none);
  if (!none && size > most_bytes)
    throw Error(
        fmt::format("{}: {} bytes; a table has at most {}", file.string(), size, most_bytes));
  std::ifstream stream(file, std::ios::binary);
  std::string text(none ? 0 : size, '\0');
  if (!stream.read(text.data(), static_cast<std::streamsize>(text.size())))
    throw Error(fmt::format("{}: cannot be read: {}", file.string(), std::strerror(errno)),
                Exit::environment);
  return text;
}

char csv_separator(std::string_view text) {
  std::string header;  // without what is in quotes
  bool is_quoted = false;
  for (const char c : text) {
    if (!is_quoted && (c == '\r' || c == '\n')) break;
    if (c == '"') is_quoted = !is_quoted;
    if (!is_quoted) header += c;
  }
  for (const char separator : {'\t', ',', ';'})
    if (header.find(separator) != header.npos) return separator;
  return ',';
}

// Feeds libcsv up to a delimiter at a time: a field can end nowhere else, so each field's place in
// the file is known.
struct Csv::Parser {
  csv_parser libcsv;
  std::size_t at = 0;  // what libcsv has seen of the text
  std::size_t line = 1, line_start = 0;
  std::size_t field_line = 1, field_start = 0;  // of the field that is being read
  bool ended = false;                           // the text

  std::vector<Field>* row = nullptr;
  std::size_t fields = 0;  // of the row so far, also those that are not kept
  std::size_t most = most_columns;
  std::size_t column = 1;  // of the field that is being read
  bool row_ended = false;

  Parser() {
    if (csv_init(&libcsv, CSV_STRICT | CSV_STRICT_FINI) != 0) throw std::bad_alloc();
    csv_set_blk_size(&libcsv, 1 << 14);
  }
  ~Parser() { csv_free(&libcsv); }

  static void on_field(void* bytes, std::size_t size, void* self) {
    auto& p = *static_cast<Parser*>(self);
    if (p.fields++ >= p.most) return;
    auto& field = p.row->size() < p.fields ? p.row->emplace_back() : (*p.row)[p.fields - 1];
    field.text.assign(static_cast<const char*>(bytes), size);
    field.line = p.field_line;
    field.column = p.column;
  }
  static void on_row(int, void* self) { static_cast<Parser*>(self)->row_ended = true; }
};

Csv::Csv(std::string_view text, std::string file, char separator)
    : text_(text),
      file_(std::move(file)),
      ends_({separator, '\r', '\n'}),
      parser_(std::make_unique<Parser>()) {
  csv_set_delim(&parser_->libcsv, static_cast<unsigned char>(separator));
  if (text_.starts_with("\xFF\xFE") || text_.starts_with("\xFE\xFF"))
    throw Error(fmt::format("{}:1:1: text in UTF-16; save it as UTF-8", file_));
  if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  if (const auto bad = first_bad_byte(text_); bad < text_.size()) {
    const auto before = text_.substr(0, bad);
    const auto start = before.rfind('\n') + 1;  // 0 where there is none
    throw Error(fmt::format(
        "{}:{}:{}: byte {:#04x} is no text in UTF-8; is this a CSV file? Then save it as UTF-8",
        file_, std::ranges::count(before, '\n') + 1, bad - start + 1,
        static_cast<unsigned char>(text_[bad])));
  }
  if (!read_row()) throw Error(fmt::format("{}: is empty; expected a header row", file_));
  if (parser_->fields > most_columns)
    throw fault(row_[0], fmt::format("more than {} columns", most_columns));
  for (const auto& field : row_) {
    if (!field.text.empty() && find(field.text))
      throw fault(field, fmt::format("a second column '{}'", printable(field.text, 80)));
    columns_.push_back(field.text);
  }
  parser_->most = columns_.size();
}

Csv::~Csv() = default;

std::optional<std::size_t> Csv::find(std::string_view column) const {
  const auto found = std::ranges::find(columns_, column);
  if (found == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns_.begin());
}

Error Csv::fault(const Field& at, std::string_view message) const {
  return Error(fmt::format("{}:{}:{}: {}", file_, at.line, at.column, message));
}

bool Csv::next() {
  if (!read_row()) return false;
  if (parser_->fields != columns_.size())
    throw RowError(fault({{}, line(), 1}, fmt::format("{} fields; the header has {}",
                                                      parser_->fields, columns_.size()))
                       .what());
  return true;
}

bool Csv::read_row() {
  auto& p = *parser_;
  p.row = &row_;
  p.fields = 0;
  p.row_ended = false;
  while (!p.row_ended && !p.ended) {
    const auto end = std::min(text_.find_first_of(ends_, p.at), text_.size() - 1) + 1;
    const auto piece = text_.substr(p.at, end - p.at);
    const auto before = p.fields;
    if (piece.empty()) {
      p.ended = true;
      if (csv_fini(&p.libcsv, Parser::on_field, Parser::on_row, &p) != 0)
        throw fault({{}, p.field_line, p.column}, "the quote that begins here is never closed");
      break;
    }
    const bool blank = piece.find_first_not_of(" \t\r\n") == piece.npos;
    if (csv_parse(&p.libcsv, piece.data(), piece.size(), Parser::on_field, Parser::on_row, &p) !=
        piece.size()) {
      if (csv_error(&p.libcsv) != CSV_EPARSE) throw std::bad_alloc();
      throw fault({{}, p.field_line, p.column},
                  "a quote inside a field; put the whole field in quotes and double those inside");
    }
    p.at = end;
    const char last = piece.back();
    if (last == '\n' || (last == '\r' && (end == text_.size() || text_[end] != '\n')))
      ++p.line, p.line_start = end;
    // A field has ended, or a blank line was passed over.
    if (p.fields > before || (blank && p.fields == 0 && p.field_start + piece.size() == end)) {
      p.field_start = end;
      p.field_line = p.line;
      p.column = end - p.line_start + 1;
    }
  }
  if (!p.row_ended) return false;
  row_.resize(std::min(p.fields, p.most));
  return true;
}

}  // namespace archsweep
