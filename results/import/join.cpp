#include "results/import/join.h"

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "results/import/family.h"
#include "runner/support/hash.h"

namespace archsweep::results {
namespace {

// Both sides under one shape, whatever they come from.
constexpr const char* sides = R"sql(
DROP TABLE IF EXISTS temp.accuracies;
CREATE TEMP TABLE accuracies AS
  SELECT a.*, i.file, i.sha256, i.key, coalesce(i.dataset, '') AS dataset
  FROM published_accuracies a JOIN imports i USING (import);
CREATE INDEX temp.accuracies_by_name ON accuracies (import, architecture, image_size);

DROP TABLE IF EXISTS temp.speeds;
CREATE TEMP TABLE speeds AS  -- of all batch sizes the fastest, and the latency where batch 1 is one of them
  SELECT i.import AS source, i.file, i.key, min(s.line) AS line, s.architecture, NULL AS tag, s.image_size,
         NULL AS bench, 1 / max(s.samples_per_second) FILTER (WHERE s.batch_size = 1) AS latency,
         max(s.samples_per_second) AS throughput, max(s.train_samples_per_second) AS train_throughput,
         max(s.parameters) AS parameters, max(s.macs) AS macs, max(s.activations) AS activations, i.device_name,
         i.dtype, i.layout,
         json_group_array(json_object(
             'file', i.file, 'sha256', i.sha256, 'line', s.line, 'architecture', s.architecture,
             'image_size', s.image_size, 'batch_size', s.batch_size, 'samples_per_second', s.samples_per_second,
             'train_samples_per_second', s.train_samples_per_second, 'parameters', s.parameters, 'macs', s.macs,
             'activations', s.activations)) AS rows
  FROM published_speeds s JOIN imports i USING (import) GROUP BY i.import, s.architecture, s.image_size
  UNION ALL
  SELECT 0, 'benchmarks on ' || coalesce(r.device_name, '?'), r.speed_key, NULL, r.architecture, nullif(r.tag, ''),
         r.image_size, r.trial, r.latency, r.throughput, r.train_throughput, r.parameters, r.macs, r.activations, r.device_name,
         r.dtype, r.layout, json_array(json_object('fingerprint', t.fingerprint))
  FROM results r JOIN trials t USING (trial) WHERE r.source = 'bench';
CREATE INDEX temp.speeds_by_name ON speeds (source, file, architecture, image_size);
CREATE INDEX temp.speeds_by_size ON speeds (architecture, image_size);
)sql";

// A benchmark of weights by tag joins with those weights alone.
constexpr const char* join = R"sql(
DROP TABLE IF EXISTS temp.pairs;
CREATE TEMP TABLE pairs AS SELECT *, sha256(spec) AS fingerprint FROM (
  SELECT a.import, a.file AS accuracies, s.source, s.file AS speeds,
         a.architecture, a.tag, image_model_family(a.architecture, a.tag) AS family, a.dataset, a.image_size,
         a.top1, a.top5, s.latency, s.throughput, s.train_throughput, coalesce(a.parameters, s.parameters) AS parameters, s.macs,
         s.activations, s.device_name, s.dtype, s.layout, s.bench, s.key AS speed_key, a.key AS accuracy_key,
         json_object('accuracy', json_object(
                         'file', a.file, 'sha256', a.sha256, 'line', a.line, 'architecture', a.architecture,
                         'tag', a.tag, 'image_size', a.image_size, 'top1', a.top1, 'top5', a.top5,
                         'parameters', a.parameters, 'crop_pct', a.crop_pct, 'interpolation', a.interpolation),
                     'speeds', json(s.rows)) AS spec
  FROM accuracies a JOIN speeds s ON s.architecture = a.architecture AND s.image_size = a.image_size
       AND coalesce(s.tag, a.tag) = a.tag
  ORDER BY a.import, a.line, s.source, s.key);  -- trials are numbered so

INSERT INTO trials (fingerprint, source, state, architecture, tag, family, dataset, image_size, recipe_hash, spec)
  SELECT fingerprint, 'import', 'done', architecture, tag, family, dataset, image_size, accuracy_key, spec
  FROM pairs WHERE true ON CONFLICT (fingerprint) DO NOTHING;

INSERT OR REPLACE INTO results (trial, source, experiment, architecture, tag, family, dataset, image_size, top1, top5,
    latency, latency_low, latency_high, latency_mad, latency_p90, latency_p99, throughput, throughput_low, throughput_high,
    train_throughput, train_memory_bytes, inference_memory_bytes, parameters, macs, activations, dtype, layout, device_name, speed_key,
    accuracy_key, finished_at)
  SELECT t.trial, 'import', printf('%s|%s|%d', p.architecture, p.tag, p.image_size), p.architecture, p.tag, p.family,
         p.dataset, p.image_size, p.top1, p.top5, p.latency, b.latency_low, b.latency_high, b.latency_mad,
         b.latency_p90, b.latency_p99, p.throughput, b.throughput_low, b.throughput_high, p.train_throughput, b.train_memory_bytes,
         b.inference_memory_bytes, p.parameters, p.macs, p.activations, p.dtype, p.layout, p.device_name,
         p.speed_key, p.accuracy_key, b.finished_at
  FROM pairs p JOIN trials t USING (fingerprint) LEFT JOIN results b ON b.trial = p.bench;
)sql";

// What found no partner, on either side, and what became of the rows of each two tables.
constexpr const char* report = R"sql(
DROP TABLE IF EXISTS temp.unmatched;
CREATE TEMP TABLE unmatched AS
  SELECT import, source, accuracies, speeds, iif(sizes IS NULL, 'no_speed', 'speed_at_other_size') AS outcome, line,
         architecture, tag, image_size, sizes AS other_sizes, top1, NULL AS samples_per_second
  FROM (SELECT a.import, s.source, a.file AS accuracies, s.file AS speeds, a.line, a.architecture, a.tag, a.image_size,
               a.top1,
               (SELECT group_concat(DISTINCT o.image_size) FROM speeds o WHERE o.source = s.source AND o.file = s.file
                AND o.architecture = a.architecture AND coalesce(o.tag, a.tag) = a.tag) AS sizes
        FROM accuracies a, (SELECT DISTINCT source, file FROM speeds) s
        WHERE NOT EXISTS (SELECT 1 FROM speeds o WHERE o.source = s.source AND o.file = s.file
              AND o.architecture = a.architecture AND o.image_size = a.image_size AND coalesce(o.tag, a.tag) = a.tag))
  UNION ALL
  SELECT import, source, accuracies, speeds, iif(sizes IS NULL, 'no_accuracy', 'accuracy_at_other_size'), line,
         architecture, coalesce(tag, ''), image_size, sizes, NULL, samples_per_second
  FROM (SELECT i.import, s.source, i.file AS accuracies, s.file AS speeds, s.line, s.architecture, s.tag, s.image_size,
               coalesce(s.throughput, s.train_throughput) AS samples_per_second,
               (SELECT group_concat(DISTINCT a.image_size) FROM accuracies a WHERE a.import = i.import
                AND a.architecture = s.architecture AND coalesce(s.tag, a.tag) = a.tag) AS sizes
        FROM speeds s, (SELECT DISTINCT import, file FROM accuracies) i
        WHERE NOT EXISTS (SELECT 1 FROM accuracies a WHERE a.import = i.import
              AND a.architecture = s.architecture AND a.image_size = s.image_size AND coalesce(s.tag, a.tag) = a.tag));

DROP TABLE IF EXISTS temp.outcomes;
CREATE TEMP TABLE outcomes AS
  SELECT a.import, s.source, a.file AS accuracies, s.file AS speeds, 'joined' AS outcome,
         (SELECT count(*) FROM pairs p WHERE p.import = a.import AND p.source = s.source AND p.speeds = s.file) AS rows,
         '' AS examples
  FROM (SELECT DISTINCT import, file FROM accuracies) a, (SELECT DISTINCT source, file FROM speeds) s
  UNION ALL
  SELECT import, source, accuracies, speeds, outcome, count(*),
         group_concat(architecture || iif(tag = '', '', '.' || tag) || ' at ' || image_size
                      || coalesce(' (only ' || other_sizes || ')', ''), ', ') FILTER (WHERE place <= 3)
  FROM (SELECT *, row_number() OVER (PARTITION BY import, source, speeds, outcome ORDER BY line) AS place
        FROM unmatched)
  GROUP BY import, source, speeds, outcome;
)sql";

void sha256_function(sqlite3_context* context, int, sqlite3_value** values) {
  const auto* bytes = static_cast<const char*>(sqlite3_value_blob(values[0]));
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(values[0]));
  const auto hash = sha256({bytes, size});
  sqlite3_result_text(context, hash.data(), static_cast<int>(hash.size()), SQLITE_TRANSIENT);
}

std::string_view text(sqlite3_value* value) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return {bytes, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

void family_function(sqlite3_context* context, int, sqlite3_value** values) {
  const auto family = image_model_family(text(values[0]), text(values[1]));
  sqlite3_result_text(context, family.data(), static_cast<int>(family.size()), SQLITE_TRANSIENT);
}

}  // namespace

void join_published(SQLite::Database& database) {
  const auto define = [&](const char* name, int arguments, auto* function) {
    sqlite3_create_function_v2(database.getHandle(), name, arguments,
                               SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr, function, nullptr,
                               nullptr, nullptr);
  };
  define("sha256", 1, sha256_function);
  define("image_model_family", 2, family_function);
  for (const auto* sql : {sides, join, report}) database.exec(sql);
}

}  // namespace archsweep::results
