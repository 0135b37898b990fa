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
  outcome TEXT,                  -- done, failed, released (stopped or cut off: planned again); null: running
  cause TEXT,                    -- out_of_memory, diverged, bad_data, bad_config, timeout, crashed, killed
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
  learning_rate REAL,            -- at the end of the epoch
  seconds REAL, valid_seconds REAL,
  samples_per_second REAL,       -- training
  data_wait_share REAL,          -- share of `seconds` spent waiting for data
  PRIMARY KEY (trial, attempt, epoch)
) WITHOUT ROWID;
CREATE TABLE measurements (      -- timings of the trained network
  trial INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  kind TEXT NOT NULL,            -- latency (batch 1), throughput
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
  top1 REAL, top5 REAL, valid_loss REAL, train_loss REAL,      -- last epoch
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

constexpr const char* all[] = {version_1};

}  // namespace

std::span<const char* const> migrations() {
  return all;
}

}  // namespace archsweep::results
