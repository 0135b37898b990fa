#include <algorithm>
#include <ctime>
#include <filesystem>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "runner/cli/rows.h"
#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/data/cache_files.h"

namespace archsweep::cli {
namespace {

namespace fs = std::filesystem;
using runner::CacheFile;
using runner::CacheState;

struct Options {
  std::string place = ".", format = "table", older;
  std::vector<std::string> names;
  bool all = false;
};

// Of a cache folder, an output.folder, or a folder that holds some.
std::vector<CacheFile> find_files(const fs::path& place) {
  std::error_code error;
  std::vector<fs::path> folders{place, place / "cache"};
  for (fs::directory_iterator it(place, error), end; !error && it != end; it.increment(error))
    folders.push_back(it->path() / "cache");
  if (error)
    throw Error(fmt::format("{}: {}; give --in a folder", place.string(), error.message()));
  std::vector<CacheFile> files;
  for (const auto& folder : folders)
    for (auto& file : runner::list_cache(folder.lexically_normal()))
      files.push_back(std::move(file));
  std::ranges::sort(files, {}, &CacheFile::path);
  return files;
}

std::string size_of(const std::vector<CacheFile>& files) {
  double bytes = 0;
  for (const auto& file : files) bytes += static_cast<double>(file.bytes);
  return fmt::format("{} file{}, {}", files.size(), files.size() == 1 ? "" : "s",
                     human_bytes(bytes));
}

int list(const Options& o) {
  const auto files = find_files(o.place);
  const bool for_people = o.format == "table" || o.format == "md";
  if (for_people && files.empty()) {
    fmt::print("no cache in {}\n", fs::canonical(o.place).string());
    return 0;
  }
  results::Rows rows{{"file", "dataset", "images", "side", "channels",
                      for_people ? "size" : "bytes", "last_used", "state"},
                     {}};
  const auto now = std::time(nullptr);
  for (const auto& f : files) {
    const bool tells = f.header.count > 0;
    const auto number = [&](std::uint32_t n) {
      return tells ? results::Value(std::int64_t(n)) : results::Value();
    };
    results::Value size = static_cast<std::int64_t>(f.bytes);
    auto used = fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(std::time_t(f.last_used)));
    if (for_people) {
      size = human_bytes(static_cast<double>(f.bytes));
      used = human_duration(static_cast<double>(std::max<std::int64_t>(0, now - f.last_used))) +
             " ago";
    }
    rows.rows.push_back({f.path.string(), tells ? results::Value(f.dataset) : results::Value(),
                         number(f.header.count), number(f.header.side), number(f.header.channels),
                         size, used, std::string(runner::name(f.state))});
  }
  print_rows(rows, o.format, {"channels", "side", "last_used", "images"});
  if (o.format == "table") fmt::print("{}\n", size_of(files));
  return 0;
}

// By its file as listed, the file's name or its beginning, the data's folder or that one's name.
bool is_named(const CacheFile& file, const std::string& name) {
  const auto normal = fs::path(name).lexically_normal();
  return file.path == normal || file.path.filename().native().starts_with(name) ||
         (!file.dataset.empty() &&
          (file.dataset == normal || fs::path(file.dataset).filename() == name));
}

int clear(const Options& o) {
  if (o.names.empty() && !o.all && o.older.empty())
    throw Error("archsweep cache clear: which? Name some, or say --all or --older 30d");
  const auto seconds = o.older.empty() ? 0 : parse_duration(o.older);
  if (!seconds)
    throw Error(fmt::format("--older: '{}' is no duration; such as 30d, 12h", printable(o.older)));
  const auto before = std::time(nullptr) - static_cast<std::int64_t>(*seconds);
  auto files = find_files(o.place);
  for (const auto& name : o.names)
    if (std::ranges::none_of(files, [&](const auto& f) { return is_named(f, name); }))
      throw Error(fmt::format("no cache '{}'; archsweep cache lists them by file and data set",
                              printable(name, 200)));
  std::erase_if(files, [&](const CacheFile& f) {
    const auto named = [&](const auto& name) { return is_named(f, name); };
    return (!o.names.empty() && std::ranges::none_of(o.names, named)) ||
           (!o.older.empty() && f.last_used > before);
  });
  std::vector<CacheFile> removed;
  int kept = 0;
  for (const auto& file : files) {
    const bool gone = file.state != CacheState::in_use && runner::remove_cache(file.path);
    fmt::print("{} {}{}\n", gone ? "removed" : "kept, in use:", file.path.string(),
               file.dataset.empty() ? "" : " of " + file.dataset);
    if (gone) removed.push_back(file);
    kept += !gone;
  }
  fmt::print("removed {}\n", size_of(removed));
  return static_cast<int>(kept && !o.names.empty() ? Exit::environment : Exit::done);
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("--in", o->place,
                 "Folder: an output.folder, or one that holds some; by default the working folder");
  add_format_option(app, o->format, "exact bytes and times (UTC) in csv and json");
  app.fallthrough();
  auto* clear_app = app.add_subcommand("clear", "Remove files that nobody uses");
  clear_app->add_option("name", o->names, "Files or data sets, as they are listed");
  clear_app->add_flag("--all", o->all, "All of them");
  clear_app->add_option("--older", o->older, "Those not used for so long: 30d, 12h");
  return [o, clear_app] { return clear_app->parsed() ? clear(*o) : list(*o); };
}

}  // namespace

extern const Command cache_command;
const Command cache_command{
    "cache", "Show or clear the decoded images that trials share",
    "  archsweep cache                       files, data sets, sizes, when last used, in use or "
    "not\n"
    "  archsweep cache clear pets            those of the data set pets\n"
    "  archsweep cache clear --older 30d     those not used for a month\n"
    "A sweep decodes again what it misses. What a running sweep uses is kept.\n",
    declare};

}  // namespace archsweep::cli
