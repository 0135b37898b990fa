#include "results/schema.h"

namespace archsweep::results {
namespace {

constexpr const char* version_1 = R"sql(
CREATE TABLE sweeps (            -- one row a `archsweep run`
  sweep INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  config_path TEXT NOT NULL,
  config TEXT NOT NULL,          -- the YAML as written
  started_at TEXT NOT NULL,      -- UTC, ISO 8601
  ended_at TEXT,                 -- null: still running, or the scheduler died
  outcome TEXT                   -- finished, interrupted
);
CREATE TABLE trials (            -- one row a distinct experiment, whatever sweeps ask for it
  trial INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE,  -- SHA-256 of the spec: equal means the same experiment
  state TEXT NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'running', 'done', 'failed')),
  architecture TEXT NOT NULL,
  family TEXT NOT NULL,
  learning_rate REAL NOT NULL,
  seed INTEGER NOT NULL,
  epochs INTEGER NOT NULL,
  image_size INTEGER NOT NULL,
  recipe_hash TEXT NOT NULL,     -- of the spec without architecture, learning rate and seed
  spec TEXT NOT NULL,            -- JSON; `archsweep-trial` runs it by hand
  attempt INTEGER                -- the attempt whose results count
);
CREATE TABLE sweep_trials (      -- which sweeps asked for which trials, in planned order
  sweep INTEGER NOT NULL REFERENCES sweeps,
  position INTEGER NOT NULL,
  trial INTEGER NOT NULL REFERENCES trials,
  PRIMARY KEY (sweep, position)
) WITHOUT ROWID;
CREATE INDEX sweep_trials_by_trial ON sweep_trials (trial, sweep);
CREATE TABLE environments (      -- machines, devices and versions that trials ran on
  environment INTEGER PRIMARY KEY,
  device TEXT NOT NULL, device_name TEXT NOT NULL, driver TEXT NOT NULL, torch TEXT NOT NULL,
  archsweep TEXT NOT NULL, threads INTEGER NOT NULL, host TEXT NOT NULL, os TEXT NOT NULL,
  UNIQUE (device, device_name, driver, torch, archsweep, threads, host, os)
);
CREATE TABLE attempts (          -- every start of a trial, also those that came to nothing
  trial INTEGER NOT NULL REFERENCES trials,
  attempt INTEGER NOT NULL,      -- from 1
  started_at TEXT NOT NULL,
  ended_at TEXT,
  device TEXT NOT NULL,
  pid INTEGER,
  journal TEXT NOT NULL,         -- file in which the worker wrote what it sent
  environment INTEGER REFERENCES environments,
  outcome TEXT,                  -- done, paused, failed, retried, released (stopped or cut off: planned again); null: running
  cause TEXT,                    -- out_of_memory, diverged, bad_data, bad_config, timeout, crashed, killed, hung
  message TEXT,
  stderr_tail TEXT,
  PRIMARY KEY (trial, attempt)
) WITHOUT ROWID;
CREATE TABLE epochs (
  trial INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  epoch INTEGER NOT NULL,        -- from 1
  train_loss REAL, train_top1 REAL,                -- while training, with augmentation
  valid_loss REAL, valid_top1 REAL, valid_top5 REAL,
  plain_top1 REAL,               -- of the weights themselves, where their average (EMA) was validated
  learning_rate REAL,            -- at the end of the epoch
  seconds REAL, valid_seconds REAL,
  samples_per_second REAL,       -- training
  data_wait_share REAL,          -- share of `seconds` spent waiting for data
  PRIMARY KEY (trial, attempt, epoch)
) WITHOUT ROWID;
CREATE TABLE measurements (      -- timings of the trained network
  trial INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  kind TEXT NOT NULL,            -- latency (batch 1), throughput; step_in_DTYPE: what precision: auto chose from
  batch_size INTEGER NOT NULL,
  dtype TEXT NOT NULL, layout TEXT NOT NULL, image_size INTEGER NOT NULL,
  protocol INTEGER NOT NULL,     -- version of how it was measured
  p50 REAL, p90 REAL, p99 REAL,  -- seconds a batch
  samples_per_second REAL,       -- batch_size / p50
  seconds TEXT NOT NULL,         -- JSON array: every timed forward, in order
  PRIMARY KEY (trial, attempt, kind, batch_size)
) WITHOUT ROWID;
CREATE TABLE results (           -- one row a finished trial: what the views read
  trial INTEGER PRIMARY KEY REFERENCES trials,
  attempt INTEGER NOT NULL,
  top1 REAL, top5 REAL, valid_loss REAL, train_loss REAL,      -- of result_epoch
  latency REAL, latency_p90 REAL, latency_p99 REAL,            -- seconds, batch 1
  throughput REAL,                                             -- samples a second, best batch size
  train_seconds REAL, train_throughput REAL, data_wait_share REAL,
  train_memory_bytes REAL, inference_memory_bytes REAL,
  parameters INTEGER, macs INTEGER,
  classes INTEGER, train_samples INTEGER, valid_samples INTEGER,
  dtype TEXT, layout TEXT, split_hash TEXT, device_name TEXT,
  speed_key TEXT,                -- speeds compare only between equal keys
  accuracy_key TEXT              -- accuracies compare only between equal keys
);
CREATE INDEX results_by_key ON results (speed_key, accuracy_key, latency, top1);
CREATE VIEW leaderboard AS       -- one row a finished trial, best accuracy first
  SELECT t.trial,
         (SELECT s.name FROM sweep_trials st JOIN sweeps s USING (sweep) WHERE st.trial = t.trial
          ORDER BY st.sweep DESC LIMIT 1) AS sweep,  -- the latest that asked for the trial
         t.architecture, t.family, t.learning_rate, t.seed, t.epochs, t.image_size,
         r.top1, r.top5, 1 - r.top1 AS error, r.valid_loss, r.train_loss,
         r.latency, r.latency_p90, r.latency_p99, r.throughput, 1 / r.throughput AS seconds_per_sample,
         r.train_seconds, r.train_throughput, r.train_memory_bytes, r.inference_memory_bytes,
         r.parameters, r.macs, r.data_wait_share, r.dtype, r.layout, r.device_name,
         r.speed_key,            -- speeds compare only between rows of one key
         r.accuracy_key          -- accuracies likewise
  FROM results r JOIN trials t USING (trial) WHERE t.state = 'done'
  ORDER BY r.top1 DESC, r.latency, t.trial;
CREATE VIEW frontier AS          -- rows of the leaderboard that no other row of the same keys beats on latency and top1
  SELECT * FROM leaderboard WHERE trial IN (
    SELECT trial FROM (
      SELECT trial, top1,
             max(top1) OVER (PARTITION BY speed_key, accuracy_key ORDER BY latency
                             GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS best_of_faster,
             max(top1) OVER (PARTITION BY speed_key, accuracy_key, latency) AS best_as_fast
      FROM results JOIN trials USING (trial)
      WHERE state = 'done' AND latency IS NOT NULL AND top1 IS NOT NULL)
    WHERE top1 = best_as_fast AND (best_of_faster IS NULL OR top1 > best_of_faster))
  ORDER BY speed_key, accuracy_key, latency;
)sql";

// Numbers from elsewhere (benchmarks without training, published tables) stand beside trained ones;
// `results` holds all that the views show, so that they read one table.
constexpr const char* version_2 = R"sql(
DROP VIEW frontier;
DROP VIEW leaderboard;
CREATE TABLE trials_2 (          -- one row a distinct experiment, whatever sweeps ask for it
  trial INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE,  -- SHA-256 of the spec: equal means the same experiment
  source TEXT NOT NULL DEFAULT 'sweep' CHECK (source IN ('sweep', 'bench', 'import')),
  state TEXT NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'running', 'paused', 'done', 'failed')),
  architecture TEXT NOT NULL,
  tag TEXT NOT NULL DEFAULT '',  -- of pretrained weights, where the numbers are of given ones
  family TEXT NOT NULL,
  dataset TEXT NOT NULL DEFAULT '',  -- its folder's name, or the published table's word for it
  learning_rate REAL,            -- this and the next three: null where a published table does not say
  seed INTEGER,
  epochs INTEGER,
  image_size INTEGER,
  recipe_hash TEXT NOT NULL,     -- of the spec without architecture, learning rate and seed
  spec TEXT NOT NULL,            -- JSON: what `archsweep-trial` runs by hand, or the published row
  attempt INTEGER                -- the attempt whose results count
);
INSERT INTO trials_2 (trial, fingerprint, state, architecture, family, dataset, learning_rate, seed, epochs,
                      image_size, recipe_hash, spec, attempt)
  SELECT trial, fingerprint, state, architecture, family, coalesce(json_extract(spec, '$.dataset.root'), ''),
         learning_rate, seed, epochs, image_size, recipe_hash, spec, attempt FROM trials;
DROP TABLE trials;
ALTER TABLE trials_2 RENAME TO trials;
CREATE INDEX trials_by_state ON trials (state);

ALTER TABLE sweeps ADD COLUMN expected_end TEXT;      -- as the scheduler guessed when it was last seen, UTC
ALTER TABLE sweeps ADD COLUMN seen_at TEXT;           -- every few seconds while it runs trials, UTC

ALTER TABLE epochs ADD COLUMN valid_auc REAL;         -- of two classes: area under the ROC curve

ALTER TABLE measurements ADD COLUMN mad REAL;         -- median absolute deviation, seconds a batch
ALTER TABLE measurements ADD COLUMN low REAL;         -- 95 % bootstrap interval of p50
ALTER TABLE measurements ADD COLUMN high REAL;
ALTER TABLE measurements ADD COLUMN conditions TEXT;  -- JSON: clocks, temperature, throttling, load; before, after

ALTER TABLE attempts ADD COLUMN slurm_task TEXT;      -- 17_3; null: it ran as a process of the scheduler's machine

CREATE TABLE preflights (        -- what a candidate took when it was tried before a sweep
  key TEXT NOT NULL,             -- SHA-256 of the spec without learning rate, seed, epochs and measurement
  environment INTEGER NOT NULL REFERENCES environments,
  train_step_seconds REAL,       -- of a batch
  latency REAL,                  -- seconds, batch 1
  train_memory_bytes REAL, checkpoint_bytes REAL,
  measured_at TEXT NOT NULL,     -- UTC, ISO 8601
  PRIMARY KEY (key, environment)
) WITHOUT ROWID;

CREATE TABLE lr_finds (          -- what `archsweep lr-find` found: the last of each candidate and machine
  key TEXT NOT NULL,             -- as in preflights
  environment INTEGER NOT NULL REFERENCES environments,
  architecture TEXT NOT NULL,
  valley REAL, steep REAL, minimum REAL, slide REAL,  -- suggested rates
  rates TEXT NOT NULL, losses TEXT NOT NULL,          -- JSON: the curve, smoothed
  found_at TEXT NOT NULL,        -- UTC, ISO 8601
  PRIMARY KEY (key, environment)
) WITHOUT ROWID;

CREATE TABLE parameters (        -- of curve fitting: the network's numbers after each epoch
  trial INTEGER NOT NULL, attempt INTEGER NOT NULL, epoch INTEGER NOT NULL,
  name TEXT NOT NULL,            -- a, or m[0] of a list
  value REAL, gradient REAL,     -- after the epoch's last step; the gradient of that step
  PRIMARY KEY (trial, attempt, epoch, name)
) WITHOUT ROWID;
CREATE TABLE curves (            -- the points that are fitted, and the curve after each epoch
  trial INTEGER NOT NULL, attempt INTEGER NOT NULL, epoch INTEGER NOT NULL,
  x REAL NOT NULL, y REAL, output REAL,
  PRIMARY KEY (trial, attempt, epoch, x)
) WITHOUT ROWID;

CREATE TABLE quarantines (       -- devices that a sweep stopped using, until it is run again
  sweep INTEGER NOT NULL REFERENCES sweeps,
  device TEXT NOT NULL,          -- cuda:1
  since TEXT NOT NULL,           -- UTC, ISO 8601
  message TEXT NOT NULL,         -- what the known model said there
  PRIMARY KEY (sweep, device)
) WITHOUT ROWID;

CREATE TABLE comparability_keys (  -- what a speed_key or an accuracy_key stands for
  key TEXT PRIMARY KEY,
  description TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE imports (           -- files that `archsweep import` read
  import INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  path TEXT NOT NULL, file TEXT NOT NULL,  -- as given, and its name alone
  kind TEXT NOT NULL CHECK (kind IN ('accuracy', 'inference', 'training', 'runs')),
  rows INTEGER NOT NULL,
  key TEXT,                      -- speed_key or accuracy_key of its rows; null: runs, a key a data set
  dataset TEXT, device_name TEXT, dtype TEXT, layout TEXT,  -- as the file's name says
  imported_at TEXT NOT NULL      -- UTC, ISO 8601
);
CREATE TABLE published_accuracies (  -- rows of timm's results-*.csv
  import INTEGER NOT NULL REFERENCES imports,
  line INTEGER NOT NULL,         -- in the file
  architecture TEXT NOT NULL, tag TEXT NOT NULL, image_size INTEGER NOT NULL,
  top1 REAL, top5 REAL, parameters INTEGER, crop_pct REAL, interpolation TEXT,
  PRIMARY KEY (import, line)
) WITHOUT ROWID;
CREATE TABLE published_speeds (  -- rows of timm's benchmark-*.csv
  import INTEGER NOT NULL REFERENCES imports,
  line INTEGER NOT NULL,
  architecture TEXT NOT NULL, image_size INTEGER NOT NULL, batch_size INTEGER,
  samples_per_second REAL, train_samples_per_second REAL, macs INTEGER, activations INTEGER, parameters INTEGER,
  PRIMARY KEY (import, line)
) WITHOUT ROWID;

-- Short stand-ins for the texts that the frontier sorts and groups by: what it reads of a hundred thousand
-- rows must be narrow, and few columns.
CREATE TABLE numbers (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
ALTER TABLE results RENAME TO results_1;
CREATE TABLE results (           -- one row a finished trial: all that the views read
  trial INTEGER PRIMARY KEY REFERENCES trials,
  attempt INTEGER,               -- null: imported
  source TEXT NOT NULL,          -- sweep, bench, import
  experiment TEXT NOT NULL,      -- equal for trials that differ by their seed alone
  architecture TEXT NOT NULL, tag TEXT NOT NULL, family TEXT NOT NULL, dataset TEXT NOT NULL,
  learning_rate REAL, seed INTEGER, epochs INTEGER, image_size INTEGER,
  top1 REAL, top5 REAL, auc REAL, valid_loss REAL, train_loss REAL,  -- of the epoch whose weights are kept: last or best
  latency REAL, latency_low REAL, latency_high REAL,           -- seconds, batch 1: median, its 95 % interval
  latency_mad REAL, latency_p90 REAL, latency_p99 REAL,
  throughput REAL, throughput_low REAL, throughput_high REAL,  -- samples a second, best batch size; likewise
  train_seconds REAL, fit_time REAL,                           -- seconds without and with validation
  train_throughput REAL, data_wait_share REAL,
  train_memory_bytes REAL, inference_memory_bytes REAL,
  parameters INTEGER, macs INTEGER, activations INTEGER,
  classes INTEGER, train_samples INTEGER, valid_samples INTEGER,
  dtype TEXT, layout TEXT, split_hash TEXT, device_name TEXT,
  micro_batch INTEGER,           -- images a forward pass in training, where the worker told
  result_epoch INTEGER,          -- whose weights and numbers these are
  tta_top1 REAL, tta_loss REAL,  -- top1 and valid_loss with test-time augmentation, where the trial has it
  speed_key TEXT NOT NULL,       -- speeds compare only between equal keys
  accuracy_key TEXT NOT NULL,    -- accuracies compare only between equal keys
  finished_at TEXT,              -- UTC, ISO 8601
  -- By the triggers below. From `numbers`; comparison: of both keys, and below 32 bits of the experiment
  accuracy_number INTEGER, speed_number INTEGER, experiment_number INTEGER, comparison INTEGER,
  latency_spread REAL, throughput_spread REAL  -- standard deviations of the timings, as shares of them
);
CREATE TRIGGER number_results AFTER INSERT ON results BEGIN
  INSERT INTO numbers (text)
    SELECT told FROM (SELECT new.accuracy_key AS told UNION SELECT new.speed_key UNION SELECT new.experiment
                      UNION SELECT new.accuracy_key || ' ' || new.speed_key)
    WHERE NOT EXISTS (SELECT 1 FROM numbers WHERE text = told);
  UPDATE results SET accuracy_number = (SELECT number FROM numbers WHERE text = new.accuracy_key),
                     speed_number = (SELECT number FROM numbers WHERE text = new.speed_key),
                     experiment_number = (SELECT number FROM numbers WHERE text = new.experiment),
                     comparison = (SELECT number FROM numbers WHERE text = new.accuracy_key || ' ' || new.speed_key) << 32
                                  | (SELECT number FROM numbers WHERE text = new.experiment),
                     latency_low = latency_low  -- for the next trigger
  WHERE trial = new.trial;
END;
-- A 95 % interval is 2 * 1.959964 standard deviations wide. No generated columns: an index on them would not cover.
CREATE TRIGGER spread_results AFTER UPDATE OF latency_low, latency_high, throughput_low, throughput_high ON results BEGIN
  UPDATE results SET
    latency_spread = (latency_high - latency_low) / (latency_high + latency_low) / 1.959964,
    throughput_spread = (throughput_high - throughput_low) / (throughput_high + throughput_low) / 1.959964
  WHERE trial = new.trial;
END;
INSERT INTO results (trial, attempt, source, experiment, architecture, tag, family, dataset, learning_rate, seed,
    epochs, image_size, top1, top5, valid_loss, train_loss, latency, latency_p90, latency_p99, throughput,
    train_seconds, fit_time, train_throughput, data_wait_share, train_memory_bytes, inference_memory_bytes,
    parameters, macs, classes, train_samples, valid_samples, dtype, layout, split_hash, device_name, speed_key,
    accuracy_key, finished_at)
  SELECT r.trial, r.attempt, 'sweep', printf('%s|%s|%.17g', t.architecture, t.tag, t.learning_rate), t.architecture,
         t.tag, t.family, t.dataset, t.learning_rate, t.seed, t.epochs, t.image_size, r.top1, r.top5, r.valid_loss,
         r.train_loss, r.latency, r.latency_p90, r.latency_p99, r.throughput, r.train_seconds,
         (SELECT sum(e.seconds + coalesce(e.valid_seconds, 0)) FROM epochs e
          WHERE (e.trial, e.attempt) = (r.trial, r.attempt)),
         r.train_throughput, r.data_wait_share, r.train_memory_bytes, r.inference_memory_bytes, r.parameters, r.macs,
         r.classes, r.train_samples, r.valid_samples, r.dtype, r.layout, r.split_hash, r.device_name,
         coalesce(r.speed_key, ''), coalesce(r.accuracy_key, ''),
         (SELECT ended_at FROM attempts a WHERE (a.trial, a.attempt) = (r.trial, r.attempt))
  FROM results_1 r JOIN trials t USING (trial) WHERE t.state = 'done';
DROP TABLE results_1;
-- All that a frontier on latency and top1 reads, so that it reads nothing else.
CREATE INDEX results_by_key ON results (comparison, seed, top1, latency, latency_spread);
CREATE INDEX results_by_top1 ON results (top1 DESC, latency);
CREATE INDEX results_by_time ON results (finished_at);
CREATE VIEW compared AS          -- `finished`, and what the frontier alone reads
  SELECT trial,
         (SELECT s.name FROM sweep_trials st JOIN sweeps s USING (sweep) WHERE st.trial = r.trial
          ORDER BY st.sweep DESC LIMIT 1) AS sweep,  -- the latest that asked for the trial
         source, architecture, tag, family, dataset, learning_rate, seed, epochs, image_size,
         top1, top5, auc, 1 - top1 AS error, valid_loss, train_loss,
         latency, latency_low, latency_high, latency_mad, latency_p90, latency_p99,
         throughput, throughput_low, throughput_high, 1 / throughput AS seconds_per_sample,
         train_seconds, fit_time, (1 - top1) * (fit_time + 80) AS score,  -- of the fine-tuning study: lower is better
         train_throughput, train_memory_bytes, inference_memory_bytes,
         parameters, macs, activations, data_wait_share, dtype, layout, device_name, valid_samples, finished_at,
         micro_batch,            -- less than the batch: batch norm's statistics are of so many images
         result_epoch,           -- the epoch whose weights and accuracy these are
         tta_top1, tta_loss,     -- of the validation images with test-time augmentation
         -- the same in a person's units, as the commands print them
         100 * top1 AS top1_percent, 100 * tta_top1 AS tta_percent,
         1e3 * latency AS latency_ms, throughput AS samples_per_s, train_seconds AS train_s,
         train_memory_bytes / 1048576.0 AS train_mib, inference_memory_bytes / 1048576.0 AS infer_mib,
         parameters / 1e6 AS params_m, macs / 1e9 AS gmacs, learning_rate AS lr, experiment,
         speed_key,              -- speeds compare only between rows of one key
         accuracy_key,           -- accuracies likewise; table comparability_keys says what they stand for
         accuracy_number, speed_number, experiment_number, comparison,
         latency_spread, throughput_spread
  FROM results r;
CREATE VIEW finished AS          -- one row a finished trial, in no order: counts and groups quickly
  SELECT trial, sweep, source, architecture, tag, family, dataset, learning_rate, seed, epochs, image_size,
         top1, top5, auc, error, valid_loss, train_loss,
         latency, latency_low, latency_high, latency_mad, latency_p90, latency_p99,
         throughput, throughput_low, throughput_high, seconds_per_sample,
         train_seconds, fit_time, score, train_throughput, train_memory_bytes, inference_memory_bytes,
         parameters, macs, activations, data_wait_share, dtype, layout, device_name, valid_samples, finished_at,
         micro_batch, result_epoch, tta_top1, tta_loss, top1_percent, tta_percent, latency_ms, samples_per_s, train_s, train_mib,
         infer_mib, params_m, gmacs, lr, experiment, speed_key, accuracy_key
  FROM compared;
CREATE VIEW leaderboard AS       -- the same, best accuracy first
  SELECT * FROM finished ORDER BY top1 DESC, latency, trial;
CREATE VIEW frontier AS          -- rows of the leaderboard that no other row of the same keys beats on latency and top1
  SELECT * FROM finished WHERE trial IN (
    SELECT trial FROM (
      SELECT trial, top1,
             max(top1) OVER (PARTITION BY speed_key, accuracy_key ORDER BY latency
                             GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS best_of_faster,
             max(top1) OVER (PARTITION BY speed_key, accuracy_key, latency) AS best_as_fast
      FROM results WHERE latency IS NOT NULL AND top1 IS NOT NULL)
    WHERE top1 = best_as_fast AND (best_of_faster IS NULL OR top1 > best_of_faster))
  ORDER BY speed_key, accuracy_key, latency;
CREATE VIEW best_of_runs AS      -- one row a model: the best of its runs, of each number for itself, as the
  SELECT dataset, family, architecture, tag,         -- fine-tuning study takes them; lowest score first
         count(*) AS runs, min(error) AS error, min(fit_time) AS fit_time,
         min(train_memory_bytes) AS train_memory_bytes,
         min(train_memory_bytes) / 1073741824.0 AS train_gib,
         min(error) * (min(fit_time) + 80) AS score, speed_key, accuracy_key
  FROM leaderboard
  GROUP BY speed_key, accuracy_key, dataset, family, architecture, tag
  ORDER BY dataset, score IS NULL, score;
)sql";

constexpr const char* all[] = {version_1, version_2};

}  // namespace

std::span<const char* const> migrations() {
  return all;
}

}  // namespace archsweep::results
