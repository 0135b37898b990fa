-- A small night, for the examples of queries.md: three architectures, two learning rates, two seeds on Pets, a failure,
-- and a few rows of a published study. Into an empty database of archsweep.
INSERT INTO sweeps (sweep, name, config_path, config, started_at, ended_at, outcome) VALUES (1, 'pets', 'pets.yaml', '', '2026-01-01T22:00:00.000Z', '2026-01-02T03:00:00.000Z', 'finished');
INSERT INTO comparability_keys VALUES
  ('5eed0acc0001', 'pets, 5912 training and 1478 validation images, 224 px, 3 epochs, recipe 1f2e3d'),
  ('5eed05eed001', 'NVIDIA H100, 570.00, bfloat16, channels_last, 224 px, 4 threads, LibTorch 2.15.0, timing protocol 1'),
  ('5eed0acc0002', 'pets, as fine-tuned by the published study');
INSERT INTO environments VALUES (1, 'cuda:0', 'NVIDIA H100', '570.00', '2.15.0', '0.1.0', 4, 'night', 'Linux');
CREATE TEMP TABLE made (architecture, family, latency, best, parameters, seconds);
INSERT INTO made VALUES ('resnet18', 'resnet', 0.0010, 0.880, 11700000, 60), ('levit_128', 'levit', 0.0016, 0.890, 9200000, 90),
  ('convnext_tiny', 'convnext', 0.0030, 0.930, 28600000, 150);
CREATE TEMP TABLE runs AS
  SELECT row_number() OVER (ORDER BY m.latency, r.value, s.value) AS trial, m.*, r.value AS lr, s.value AS seed,
         m.best - iif(r.value = 0.001, 0, 0.02) + (s.value - 1.5) * 0.006 AS top1
  FROM made m, json_each('[0.001, 0.01]') r, json_each('[1, 2]') s;
INSERT INTO trials (trial, fingerprint, state, architecture, family, dataset, learning_rate, seed, epochs, image_size, recipe_hash, spec, attempt)
  SELECT trial, 'f' || trial, 'done', architecture, family, 'pets', lr, seed, 3, 224, '1f2e3d',
         json_object('architecture', architecture, 'training', json_object('learning_rate', lr, 'seed', seed, 'epochs', 3)), 1 FROM runs;
INSERT INTO trials (trial, fingerprint, state, architecture, family, dataset, learning_rate, seed, epochs, image_size, recipe_hash, spec, attempt)
  VALUES (13, 'f13', 'failed', 'vgg19', 'vgg', 'pets', 0.1, 1, 3, 224, '1f2e3d', '{"architecture": "vgg19"}', 1),
         (14, 'f14', 'failed', 'vgg16', 'vgg', 'pets', 0.1, 1, 3, 224, '1f2e3d', '{"architecture": "vgg16"}', 1);
INSERT INTO sweep_trials SELECT 1, trial, trial FROM trials;
INSERT INTO attempts (trial, attempt, started_at, ended_at, device, journal, environment, outcome)
  SELECT trial, 1, '2026-01-01T22:00:00.000Z', '2026-01-01T22:10:00.000Z', 'cuda:0', 'j', 1, 'done' FROM runs;
INSERT INTO attempts (trial, attempt, started_at, ended_at, device, journal, environment, outcome, cause, message) VALUES
  (13, 1, '2026-01-01T23:00:00.000Z', '2026-01-01T23:00:09.000Z', 'cuda:0', 'j', 1, 'failed', 'diverged', 'the loss is NaN in epoch 1'),
  (14, 1, '2026-01-01T23:01:00.000Z', '2026-01-01T23:01:09.000Z', 'cuda:0', 'j', 1, 'failed', 'diverged', 'the loss is NaN in epoch 1');
INSERT INTO epochs (trial, attempt, epoch, train_loss, valid_loss, valid_top1, learning_rate, seconds, valid_seconds, samples_per_second, data_wait_share)
  SELECT trial, 1, e.value, 2.0 / e.value, 1.6 / e.value, top1 - 0.1 * (3 - e.value), lr / e.value, seconds / 3, 5, 17736 / seconds,
         iif(family = 'levit', 0.25, 0.02) FROM runs, json_each('[1, 2, 3]') e;
INSERT INTO results (trial, attempt, source, experiment, architecture, tag, family, dataset, learning_rate, seed, epochs, image_size, top1,
    latency, latency_low, latency_high, throughput, train_seconds, fit_time, train_throughput, data_wait_share, train_memory_bytes,
    inference_memory_bytes, parameters, valid_samples, dtype, layout, device_name, speed_key, accuracy_key, finished_at)
  SELECT trial, 1, 'sweep', architecture || '||' || lr, architecture, '', family, 'pets', lr, seed, 3, 224, top1, latency, latency * 0.98,
         latency * 1.02, 4 / latency, seconds, seconds + 15, 17736 / seconds, iif(family = 'levit', 0.25, 0.02), parameters * 150, 3e8,
         parameters, 1478, 'bfloat16', 'channels_last', 'NVIDIA H100', '5eed05eed001', '5eed0acc0001',
         strftime('%Y-%m-%dT%H:%M:%fZ', '2026-01-01 22:10', printf('+%d minutes', 10 * trial)) FROM runs;
INSERT INTO trials (trial, fingerprint, source, state, architecture, family, dataset, recipe_hash, spec)
  SELECT 20 + key, 'p' || key, 'import', 'done', value, value, 'pets', 'p', '{}'
  FROM json_each('["levit_384", "resnet26d", "convnext_tiny", "swin_s3_tiny_224", "vit_large_patch16_224"]');
INSERT INTO results (trial, source, experiment, architecture, tag, family, dataset, top1, fit_time, train_memory_bytes, speed_key, accuracy_key)
  SELECT trial, 'import', architecture || '|' || column1, architecture, '', column5, 'pets',
         1 - column2, column3, column4 * 1073741824, 'published000', '5eed0acc0002'
  FROM (VALUES (20, 0.0595, 64, 1.55, 'levit'), (21, 0.0602, 60, 1.5, 'resnet'), (22, 0.0467, 94, 2.66, 'convnext'), (23, 0.0453, 106, 2.65, 'swin'), (24, 0.0351, 520, 11.5, 'vit'))
  JOIN trials ON trial = column1;
INSERT INTO lr_finds VALUES ('c1', 1, 'resnet18', 0.0016, 0.0083, 0.0021, 0.0063, '[1e-4, 1e-3, 1e-2]', '[3.1, 2.5, 2.9]', '2026-01-01T21:00:00.000Z');
