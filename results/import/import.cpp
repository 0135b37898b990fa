#include "results/import/import.h"

#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/import/conditions.h"
#include "results/import/family.h"
#include "results/import/join.h"
#include "results/store_database.h"
#include "runner/support/hash.h"

namespace archsweep::results {
namespace {

using nlohmann::json;

template <typename... Values>
void run(SQLite::Statement& s, const Values&... values) {
  s.reset();
  int i = 0;
  (bind_one(s, ++i, values), ...);
  s.exec();
}

std::int64_t line_of(const auto& row) {
  return static_cast<std::int64_t>(row.line);
}

json or_null(double value) {
  return std::isnan(value) ? json() : json(value);
}

// Words that are there, one after another.
std::string listed(std::initializer_list<std::string> words) {
  std::string all;
  for (const auto& word : words)
    if (!word.empty()) all += (all.empty() ? "" : ", ") + word;
  return all;
}

// The study's planet numbers are multiples of 1/3400: labels, 17 on each of 200 images.
std::string meaning_of_accuracy(const std::string& dataset) {
  return dataset == "planet" ? "share of right labels, 17 an image" : "";
}

}  // namespace

struct Import::Database {
  std::filesystem::path path;
  Store store;  // holds the writer's lock; has made the tables
  SQLite::Database sqlite;
  SQLite::Transaction transaction;

  explicit Database(const std::filesystem::path& p)
      : path(p),
        store(p),
        sqlite(p.string(), SQLite::OPEN_READWRITE, /*busy ms=*/10000),
        transaction(sqlite, SQLite::TransactionBehavior::IMMEDIATE) {}

  SQLite::Statement statement(const std::string& sql) { return {sqlite, sql}; }

  // A key of its own for what is in a file, told in words.
  std::string add_key(const std::string& sha, const std::string& what, const std::string& words) {
    const auto key = sha256("import|" + sha + "|" + what).substr(0, 12);
    auto insert = statement("INSERT INTO comparability_keys (key, description) VALUES (?, ?)");
    run(insert, key, words);
    return key;
  }

  void add(std::int64_t import, const std::vector<PublishedAccuracy>& rows) {
    auto insert =
        statement("INSERT INTO published_accuracies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (const auto& r : rows)
      run(insert, import, line_of(r), r.architecture, r.tag, std::int64_t{r.image_size}, r.top1,
          r.top5, r.parameters, r.crop_pct, r.interpolation);
  }

  void add(std::int64_t import, const std::vector<PublishedSpeed>& rows) {
    auto insert = statement("INSERT INTO published_speeds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (const auto& r : rows)
      run(insert, import, line_of(r), r.architecture, std::int64_t{r.image_size}, r.batch_size,
          r.samples_per_second, r.train_samples_per_second, r.macs, r.activations, r.parameters);
  }

  // `told`: the file's name, and which of that name it is.
  void add(const std::vector<PublishedRun>& rows, const std::string& file, const std::string& sha,
           const std::string& told);
};

void Import::Database::add(const std::vector<PublishedRun>& rows, const std::string& file,
                           const std::string& sha, const std::string& told) {
  auto trial = statement(
      "INSERT INTO trials (fingerprint, source, state, architecture, family, dataset, seed, "
      "recipe_hash, spec) VALUES (?, 'import', 'done', ?, ?, ?, ?, ?, ?)");
  auto result = statement(
      "INSERT INTO results (trial, source, experiment, architecture, tag, family, dataset, seed, "
      "top1, valid_loss, train_loss, fit_time, train_memory_bytes, speed_key, accuracy_key) "
      "SELECT trial, source, architecture, architecture, tag, family, dataset, seed, ?, ?, ?, ?, "
      "?, ?, ? FROM trials WHERE trial = ?");
  std::map<std::string, std::pair<std::string, std::string>>
      keys;  // of a data set: speed, accuracy
  std::map<std::pair<std::string, std::string>, std::int64_t> repeats;
  for (const auto& r : rows) {
    auto [found, is_new] = keys.try_emplace(r.dataset);
    auto& [speed_key, accuracy_key] = found->second;
    if (is_new) {
      speed_key = add_key(sha, "speed|" + r.dataset,
                          listed({r.dataset + " fine-tuning runs", "several machines", told}));
      accuracy_key = add_key(sha, "accuracy|" + r.dataset,
                             listed({r.dataset + " fine-tuning runs", "several recipes",
                                     meaning_of_accuracy(r.dataset), told}));
    }
    const auto seed = ++repeats[{r.dataset, r.architecture}];
    const auto spec = json{{"file", file},
                           {"sha256", sha},
                           {"line", r.line},
                           {"dataset", r.dataset},
                           {"model_name", r.architecture},
                           {"error_rate", or_null(r.error)},
                           {"valid_loss", or_null(r.valid_loss)},
                           {"train_loss", or_null(r.train_loss)},
                           {"memory_bytes", or_null(r.memory_bytes)},
                           {"fit_time", or_null(r.fit_time)}}
                          .dump(-1, ' ', false, json::error_handler_t::replace);
    run(trial, sha256(spec), r.architecture, fine_tuning_family(r.architecture), r.dataset, seed,
        accuracy_key, spec);
    run(result, 1 - r.error, r.valid_loss, r.train_loss, r.fit_time, r.memory_bytes, speed_key,
        accuracy_key, std::int64_t{sqlite.getLastInsertRowid()});
  }
}

namespace {

// SQLite's refusals become Errors.
template <typename Work>
auto guarded(const std::filesystem::path& path, Work&& work) {
  try {
    return work();
  } catch (const SQLite::Exception& e) {
    throw explain(e, path);
  }
}

Rows ask(SQLite::Database& sqlite, const std::string& sql) {
  SQLite::Statement statement(sqlite, sql);
  Rows result;
  for (int i = 0; i < statement.getColumnCount(); ++i)
    result.columns.emplace_back(statement.getColumnName(i));
  while (statement.executeStep()) {
    auto& row = result.rows.emplace_back();
    for (int i = 0; i < statement.getColumnCount(); ++i) {
      const auto column = statement.getColumn(i);
      if (column.isNull())
        row.emplace_back();
      else if (column.isInteger())
        row.emplace_back(std::int64_t{column.getInt64()});
      else if (column.isFloat())
        row.emplace_back(column.getDouble());
      else
        row.emplace_back(column.getString());
    }
  }
  return result;
}

}  // namespace

Import::Import(const std::filesystem::path& database)
    : db_(guarded(database, [&] { return std::make_unique<Database>(database); })) {}

Import::~Import() = default;

Imported Import::add(const std::filesystem::path& path, std::string_view text,
                     const PublishedTable& table) {
  return guarded(db_->path, [&]() -> Imported {
    const auto sha = sha256(text);
    const auto file = path.filename().string();
    Imported done;
    auto before = db_->statement(
        "SELECT sha256 = ?, imported_at FROM imports WHERE sha256 = ? OR file = ? ORDER BY 1 DESC, "
        "import DESC");
    before.bind(1, sha), before.bind(2, sha), before.bind(3, file);
    if (before.executeStep()) {
      done.since = before.getColumn(1).getString();
      if (before.getColumn(0).getInt() == 1) return done;
      done.has_namesake = true;
    }
    before.reset();
    done.is_new = true;

    const auto c = conditions(path);
    const auto told = done.has_namesake ? file + " of " + sha.substr(0, 6) : file;
    std::string key;
    if (table.kind == TableKind::accuracy)
      done.about = "published weights" + (c.dataset.empty() ? "" : " on " + c.dataset);
    else if (table.kind != TableKind::runs)
      done.about = listed({c.device_name, c.dtype, c.layout, c.versions});
    if (table.kind != TableKind::runs)
      key = db_->add_key(sha, std::string(name(table.kind)), listed({done.about, told}));

    auto insert = db_->statement(
        "INSERT INTO imports (sha256, path, file, kind, rows, key, dataset, device_name, dtype, "
        "layout, imported_at) VALUES (?, ?, ?, ?, ?, nullif(?, ''), nullif(?, ''), nullif(?, ''), "
        "nullif(?, ''), nullif(?, ''), " +
        std::string(now) + ")");
    run(insert, sha, path.string(), file, std::string(name(table.kind)),
        static_cast<std::int64_t>(table.rows()), key, c.dataset, c.device_name, c.dtype, c.layout);
    const std::int64_t import = db_->sqlite.getLastInsertRowid();
    db_->add(import, table.accuracies);
    db_->add(import, table.speeds);
    db_->add(table.runs, file, sha, told);
    return done;
  });
}

void Import::join() {
  guarded(db_->path, [&] { join_published(db_->sqlite); });
}

Rows Import::outcomes() const {
  return guarded(db_->path, [&] {
    return ask(db_->sqlite,
               "SELECT accuracies, speeds, outcome, rows, examples FROM temp.outcomes "
               "ORDER BY import, source, speeds, outcome <> 'joined', outcome LIKE '%accuracy%', "
               "outcome");
  });
}

Rows Import::unmatched() const {
  return guarded(db_->path, [&] {
    return ask(db_->sqlite,
               "SELECT accuracies, speeds, outcome, line, architecture, tag, image_size, "
               "other_sizes, top1, samples_per_second FROM temp.unmatched "
               "ORDER BY import, source, speeds, outcome, line");
  });
}

void Import::commit() {
  guarded(db_->path, [&] { db_->transaction.commit(); });
}

}  // namespace archsweep::results
