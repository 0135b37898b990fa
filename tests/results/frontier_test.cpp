#include "results/frontier.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <set>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "results/query.h"
#include "results/store.h"
#include "tests/runner/data/folder.h"

using namespace archsweep::results;
using Places = std::vector<std::size_t>;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

// The definition, word for word, in quadratic time.
std::set<std::size_t> unbeaten(const std::vector<Candidate>& all) {
  std::set<std::size_t> stand;
  for (std::size_t i = 0; i < all.size(); ++i) {
    bool beaten = std::isnan(all[i].cost) || std::isnan(all[i].quality);
    for (const auto& o : all)
      beaten |= o.cost <= all[i].cost && o.quality >= all[i].quality &&
                (o.cost < all[i].cost || o.quality > all[i].quality);
    if (!beaten) stand.insert(i);
  }
  return stand;
}

// A few values only, so that many are equal.
std::vector<Candidate> some(std::mt19937& random) {
  std::vector<Candidate> all(random() % 40);
  for (auto& c : all) c = {double(random() % 8 + 1), double(random() % 8) / 10};
  return all;
}

}  // namespace

TEST_CASE("the frontier of a few") {
  CHECK(frontier({}).empty());
  CHECK(frontier(std::vector<Candidate>{{1, 1}}) == Places{0});
  CHECK(frontier(std::vector<Candidate>{{3, 0.9}, {2, 0.95}, {1, 0.5}}) == Places{2, 1});
  CHECK(frontier(std::vector<Candidate>{{1, 0.5}, {1, 0.6}, {1, 0.6}}) == Places{1, 2});
  CHECK(frontier(std::vector<Candidate>{{none, 0.9}, {1, none}, {2, 0.1}}) == Places{2});
}

TEST_CASE("the frontier is what the definition says, cheapest first") {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    const auto all = some(random);
    const auto found = frontier(all);
    CHECK(std::set<std::size_t>(found.begin(), found.end()) == unbeaten(all));
    CHECK(std::ranges::is_sorted(found, {}, [&](auto i) { return all[i].cost; }));
  }
}

TEST_CASE("the database's view and the picture's frontier are one") {
  std::mt19937 random(2);
  for (int round = 0; round < 20; ++round) {
    const Folder folder;
    const auto file = folder.path / "a.db";
    { Store store(file); }
    std::vector<Candidate> all[2];  // two machines: neither beats the other
    {
      SQLite::Database sqlite(file.string(), SQLite::OPEN_READWRITE);
      std::string sql = "BEGIN;";
      for (int key = 0; key < 2; ++key) {
        all[key] = some(random);
        for (std::size_t i = 0; i < all[key].size(); ++i)
          sql += fmt::format(
              "INSERT INTO trials (trial, fingerprint, state, architecture, family, learning_rate, "
              "seed, epochs, image_size, recipe_hash, spec) VALUES ({0}, '{0}', 'done', 'a', 'f', "
              "1, 1, 1, 1, '', '');"
              "INSERT INTO results (trial, source, experiment, architecture, tag, family, dataset, "
              "top1, latency, speed_key, accuracy_key) VALUES "
              "({0}, 'sweep', '{0}', 'a', '', 'f', '', {1}, {2}, 'speed{3}', 'accuracy');",
              key * 1000 + i, all[key][i].quality, all[key][i].cost, key);
      }
      sqlite.exec(sql + "COMMIT");
    }
    std::set<std::int64_t> expected, found;
    for (int key = 0; key < 2; ++key)
      for (const auto i : frontier(all[key])) expected.insert(key * 1000 + std::int64_t(i));
    for (const auto& row : Reader(file).ask("SELECT trial FROM frontier").rows)
      found.insert(std::get<std::int64_t>(row[0]));
    CHECK(found == expected);
  }
}
