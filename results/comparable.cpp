#include "results/comparable.h"

#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

#include "archs/catalog.h"
#include "results/condition.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::results {
namespace {

using Texts = std::vector<std::string>;

Texts texts(const Reader& reader, const std::string& sql) {
  Texts all;
  for (auto cursor = reader.open(sql); cursor.next();) all.emplace_back(cursor.text(0));
  return all;
}

bool needs(Within within, Within key) {
  return within == key || within == Within::both_keys;
}

std::string describe(const Reader& reader, const std::string& key) {
  const auto found =
      texts(reader, "SELECT description FROM comparability_keys WHERE key = " + sql_text(key));
  return found.empty() ? key : found[0];
}

struct Keys {
  std::int64_t accuracy = 0, speed = 0;  // numbers, 0: none
};

// "BETWEEN ...": the groups under a key.
std::string groups(std::int64_t key) {
  return fmt::format("BETWEEN {} AND {}", key << 32, ((key + 1) << 32) - 1);
}

Keys keys_of(const Reader& reader, const Question& q, std::int64_t key) {
  if (!q.by_accuracy || !q.by_speed) return {q.by_accuracy ? key : 0, q.by_speed ? key : 0};
  auto any = reader.open("SELECT accuracy_number, speed_number FROM results WHERE comparison " +
                         groups(key) + " LIMIT 1");
  return any.next() ? Keys{any.whole(0), any.whole(1)} : Keys();
}

std::string described(const Reader& reader, const Keys& keys) {
  std::string all;
  for (const auto number : {keys.accuracy, keys.speed})
    for (const auto& text :
         texts(reader, fmt::format("SELECT text FROM numbers WHERE number = {}", number)))
      if (!text.empty()) all += (all.empty() ? "" : "; ") + describe(reader, text);
  return all;
}

// The number of a key that is given by its beginning. `column`: "speed" or "accuracy".
std::int64_t key_number(const Reader& reader, const std::string& column, const std::string& given) {
  const auto option = fmt::format("--{}-key", column);
  const auto all = texts(
      reader, fmt::format("SELECT text FROM numbers WHERE number IN (SELECT DISTINCT {}_number "
                          "FROM results) ORDER BY text",
                          column));
  const auto number = [&](const std::string& key) {
    auto cursor = reader.open("SELECT number FROM numbers WHERE text = " + sql_text(key));
    return cursor.next() ? cursor.whole(0) : 0;
  };
  Texts found;
  for (const auto& key : all)
    if (key == given)
      return number(key);
    else if (key.starts_with(given))
      found.push_back(key);
  if (found.size() == 1) return number(found[0]);
  const auto& choice = found.empty() ? all : found;
  std::string list;
  constexpr std::size_t most = 8;
  for (std::size_t i = 0; i < std::min(most, choice.size()); ++i)
    list += fmt::format("{}{} ({})", i ? "; " : "", choice[i], describe(reader, choice[i]));
  if (choice.size() > most)
    list += fmt::format("; and {} more in table comparability_keys", choice.size() - most);
  throw Error(fmt::format("{} {}: {}; there {}: {}", option, printable(given, 80),
                          found.empty() ? "no key begins so" : "several keys begin so",
                          choice.size() == 1 ? "is" : "are", list.empty() ? "none" : list));
}

// Families that the globs leave.
Texts families(const Reader& reader, const Texts& globs) {
  const auto all = texts(reader, "SELECT DISTINCT family FROM results");
  for (const auto& glob : globs) {
    const auto bare = glob.starts_with('!') ? glob.substr(1) : glob;
    if (!all.empty() && std::ranges::none_of(all, [&](auto& f) { return glob_match(bare, f); }))
      throw Error(fmt::format("--family {}: no trial is of such a family{}", printable(glob, 80),
                              did_you_mean(bare, all)));
  }
  Texts chosen;
  for (const auto& family : all)
    if (archs::is_selected(family, globs)) chosen.push_back(family);
  return chosen;
}

std::string with_values(const Metric& x, const Metric& y) {
  return fmt::format(" AND {} IS NOT NULL AND {} IS NOT NULL", x.key, y.key);
}

// Of these the first that rows have beside `others`; the first of all where none is there.
const Metric& first_known(const Reader& reader, const std::string& from,
                          std::initializer_list<const char*> words, const std::string& others) {
  for (const auto* word : words) {
    const auto& found = metric(word, "");
    const auto sql = fmt::format("SELECT 1 {} AND {} IS NOT NULL{} LIMIT 1", from, word, others);
    if (reader.open(sql).next()) return found;
  }
  return metric(*words.begin(), "");
}

// What most people mean by speed.
const Metric& usual_x(const Reader& reader, const std::string& from, const Metric& y) {
  return first_known(reader, from, {"latency", "seconds_per_sample", "fit_time"},
                     fmt::format(" AND {} IS NOT NULL", y.key));
}

}  // namespace

// Numbers are not right or wrong: of them it is the loss.
const Metric& usual_y(const Reader& reader, const std::string& from) {
  return first_known(reader, from, {"top1", "valid_loss"}, "");
}

std::string conditions(const Reader& reader, const Selection& s, const std::string& view) {
  std::string sql = "FROM " + view + " WHERE 1";
  if (!s.where.empty()) {
    check_expression(reader, "--where", s.where);
    sql += " AND (" + s.where + ")";
  }
  if (!s.families.empty()) {
    std::string list;
    for (const auto& family : families(reader, s.families))
      list += (list.empty() ? "" : ", ") + sql_text(family);
    sql += " AND family IN (" + list + ")";
  }
  // What is not known to fit is left out.
  if (s.max_memory > 0)
    sql += fmt::format(
        " AND max(coalesce(train_memory_bytes, 0), coalesce(inference_memory_bytes, 0)) "
        "BETWEEN 1 AND {}",
        s.max_memory);
  return sql;
}

Question question(const Reader& reader, const Selection& s) {
  auto from = conditions(reader, s, "compared");
  const auto& y = s.y.empty() ? usual_y(reader, from) : metric(s.y, "--y");
  const auto& x = s.x.empty() ? usual_x(reader, from, y) : metric(s.x, "--x");
  if (x.key == y.key) throw Error(fmt::format("--x and --y are both {}; name two metrics", x.key));
  Question q{.x = x, .y = y, .all = from, .from = from + with_values(x, y)};
  if (needs(x.within, Within::accuracy_key) || needs(y.within, Within::accuracy_key)) {
    q.by_accuracy = true;
    if (!s.accuracy_key.empty()) q.given_accuracy = key_number(reader, "accuracy", s.accuracy_key);
  }
  if (needs(x.within, Within::speed_key) || needs(y.within, Within::speed_key)) {
    q.by_speed = true;
    if (!s.speed_key.empty()) q.given_speed = key_number(reader, "speed", s.speed_key);
  }
  q.group = q.by_accuracy && q.by_speed ? "comparison"
            : q.by_accuracy             ? "(accuracy_number << 32 | experiment_number)"
            : q.by_speed                ? "(speed_number << 32 | experiment_number)"
                                        : "experiment_number";
  return q;
}

Comparable choose(const Reader& reader, const Question& q, const std::vector<KeyRows>& keys) {
  const auto restricted = [&](const KeyRows& key) {
    return fmt::format("{} AND {} {}", q.from, q.group, groups(key.key));
  };
  const auto latest = [&](const KeyRows& key) {
    const auto found = texts(reader, "SELECT max(finished_at) " + restricted(key));
    return found.empty() ? std::string() : found[0];
  };
  Comparable result{.x = q.x, .y = q.y, .from = q.from + " AND 0", .keys = ""};
  const KeyRows* best = nullptr;
  for (const auto& key : keys) {
    if (q.given_accuracy || q.given_speed) {
      const auto its = keys_of(reader, q, key.key);
      if ((q.given_accuracy && its.accuracy != q.given_accuracy) ||
          (q.given_speed && its.speed != q.given_speed))
        continue;
    }
    if (!best || key.rows > best->rows || (key.rows == best->rows && latest(key) > latest(*best)))
      best = &key;
  }
  if (best) {
    result.key = *best;
    result.from = restricted(*best);
    result.keys = described(reader, keys_of(reader, q, best->key));
  }
  for (const auto& key : keys)
    if (&key != best) result.left_out += key.rows, ++result.other_keys;
  return result;
}

Comparable comparable(const Reader& reader, const Selection& selection) {
  const auto q = question(reader, selection);
  std::vector<KeyRows> keys;
  for (auto cursor = reader.open(
           fmt::format("SELECT {} >> 32 AS key, count(*) {} GROUP BY key", q.group, q.from));
       cursor.next();)
    keys.push_back({cursor.whole(0), static_cast<std::size_t>(cursor.whole(1))});
  return choose(reader, q, keys);
}

}  // namespace archsweep::results
