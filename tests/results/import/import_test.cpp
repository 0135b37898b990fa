#include "results/import/import.h"

#include <algorithm>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "results/store.h"
#include "runner/support/error.h"
#include "tests/runner/data/folder.h"

using namespace archsweep;
using namespace archsweep::results;
using Catch::Matchers::Contains;

namespace {

struct File {
  std::string name, text;
};

const File accuracies{"results-imagenet.csv",
                      "model,img_size,top1,top5,param_count\n"
                      "resnet50.a1_in1k,224,80,95,25.5\n"
                      "resnet50.a2_in1k,224,79,94,25.5\n"
                      "resnet50.a1_in1k,288,81,95.5,25.5\n"
                      "convnext_tiny.fb_in22k_ft_in1k,384,84,97,28.5\n"
                      "levit_128.fb_dist_in1k,224,78,94,9.2\n"};
const File speeds{
    "benchmark-infer-amp-nhwc-pt113-cu117-rtx3090.csv",
    "model,infer_samples_per_sec,infer_batch_size,infer_img_size,infer_gmacs,param_count\n"
    "resnet50,2000,128,224,4.1,25.6\n"
    "resnet50,2500,256,224,4.1,25.6\n"
    "convnext_tiny,900,256,224,4.5,28.6\n"
    "vgg11,1200,256,224,7.6,132\n"};
const File training{"benchmark-train-amp-nhwc-pt112-cu113-rtx3090.csv",
                    "model,train_samples_per_sec,train_img_size\nresnet50,700,224\n"};
const File runs{"runs.csv",
                "dataset,model_name,GPU_mem,error_rate,valid_loss,train_loss,fit_time\n"
                "pets,swinv2_t,2,0.10,0.3,0.2,100\n"
                "pets,swinv2_t,1,0.20,0.3,0.2,50\n"
                "pets,resnet50d,,,,,\n"
                "planet,swinv2_t,2,0.04,NaN,0.2,20\n"};

struct Database : Folder {
  std::filesystem::path db() const { return path / "a.db"; }
  Rows ask(const std::string& sql) const { return Reader(db()).ask(sql); }
  // The first column, a row a line.
  std::string text(const std::string& sql) const {
    std::string all;
    for (const auto& row : ask(sql).rows) all += std::get<std::string>(row[0]) + "\n";
    return all;
  }
  std::int64_t number(const std::string& sql) const {
    return std::get<std::int64_t>(ask(sql).rows.at(0).at(0));
  }

  Imported import(const File& file, Rows* outcomes = nullptr, Rows* unmatched = nullptr) const {
    Import into(db());
    const auto done =
        into.add("some/folder/" + file.name, file.text, read_published(file.text, file.name));
    into.join();
    if (outcomes) *outcomes = into.outcomes();
    if (unmatched) *unmatched = into.unmatched();
    into.commit();
    return done;
  }
  // All that is imported, in an order that does not depend on the order of importing.
  std::string joined() const {
    return text(
        "SELECT concat_ws FROM (SELECT printf('%s.%s %s %d %s %.4f %.4f t%s r%s p%d m%s %s %s %s', "
        "architecture, tag, "
        "family, image_size, dataset, top1, top5, coalesce(throughput, '-'), "
        "coalesce(train_throughput, '-'), "
        "parameters, coalesce(macs, '-'), device_name, dtype, layout) AS concat_ws FROM "
        "leaderboard "
        "WHERE source = 'import') ORDER BY 1");
  }

  // A benchmark of our own.
  void bench(const std::string& architecture, const std::string& tag, double seconds) const {
    Store store(db());
    const auto trial = store
                           .plan(store.begin_sweep("b", "", ""),
                                 std::vector<NewTrial>{{.fingerprint = architecture + tag,
                                                        .source = "bench",
                                                        .architecture = architecture,
                                                        .tag = tag,
                                                        .family = "f",
                                                        .image_size = 224,
                                                        .spec = "{}"}})[0]
                           .id;
    const int attempt = store.start(trial, "cpu", "j");
    store.set_environment(trial, attempt, {.device = "cpu", .device_name = "Xeon", .threads = 2});
    for (const int batch : {1, 8})
      store.add_measurement(trial, attempt,
                            {.kind = batch == 1 ? "latency" : "throughput",
                             .batch_size = batch,
                             .image_size = 224,
                             .seconds = std::vector<double>(5, seconds * batch)});
    store.finish(trial, attempt,
                 {.parameters = 25, .macs = 41, .dtype = "float32", .layout = "contiguous"});
  }
};

const std::string expected_join =
    "resnet50.a1_in1k resnet 224 imagenet 0.8000 0.9500 t- r700.0 p25500000 m- RTX 3090 amp "
    "channels_last\n"
    "resnet50.a1_in1k resnet 224 imagenet 0.8000 0.9500 t2500.0 r- p25500000 m4100000000 RTX 3090 "
    "amp channels_last\n"
    "resnet50.a2_in1k resnet 224 imagenet 0.7900 0.9400 t- r700.0 p25500000 m- RTX 3090 amp "
    "channels_last\n"
    "resnet50.a2_in1k resnet 224 imagenet 0.7900 0.9400 t2500.0 r- p25500000 m4100000000 RTX 3090 "
    "amp channels_last\n";

std::string line(const std::vector<Value>& row) {
  std::string all;
  for (const auto& value : row) {
    if (const auto* s = std::get_if<std::string>(&value)) all += *s;
    if (const auto* i = std::get_if<std::int64_t>(&value)) all += std::to_string(*i);
    if (const auto* d = std::get_if<double>(&value)) all += fmt::format("{:g}", *d);
    all += "|";
  }
  return all;
}

std::vector<std::string> lines(const Rows& rows) {
  std::vector<std::string> all;
  for (const auto& row : rows.rows) all.push_back(line(row));
  return all;
}

}  // namespace

TEST_CASE("accuracy meets speed at the same image size, in whatever order they come", "[import]") {
  std::vector<File> files{accuracies, speeds, training};
  std::ranges::sort(files, {}, &File::name);
  do {
    const Database d;
    for (const auto& file : files) CHECK(d.import(file).is_new);
    CHECK(d.joined() == expected_join);
    CHECK(d.number("SELECT count(*) FROM leaderboard") == 4);
    // Inference and training are of other conditions: other keys.
    CHECK(d.number("SELECT count(DISTINCT speed_key) FROM leaderboard") == 2);
    CHECK(d.number("SELECT count(DISTINCT accuracy_key) FROM leaderboard") == 1);
    CHECK(d.text("SELECT description FROM comparability_keys ORDER BY 1") ==
          "RTX 3090, amp, channels_last, PyTorch 1.12, CUDA 11.3, " + training.name +
              "\nRTX 3090, amp, channels_last, PyTorch 1.13, CUDA 11.7, " + speeds.name +
              "\npublished weights on imagenet, " + accuracies.name + "\n");
  } while (std::ranges::next_permutation(files, {}, &File::name).found);
}

TEST_CASE("what found no partner is counted and named", "[import]") {
  const Database d;
  d.import(accuracies);
  Rows outcomes, unmatched;
  d.import(speeds, &outcomes, &unmatched);
  const auto of = accuracies.name + "|" + speeds.name + "|";
  CHECK(lines(outcomes) ==
        std::vector{of + "joined|2||", of + "no_speed|1|levit_128.fb_dist_in1k at 224|",
                    of + "speed_at_other_size|2|resnet50.a1_in1k at 288 (only 224), "
                         "convnext_tiny.fb_in22k_ft_in1k at 384 (only 224)|",
                    of + "accuracy_at_other_size|1|convnext_tiny at 224 (only 384)|",
                    of + "no_accuracy|1|vgg11 at 224|"});
  CHECK(lines(unmatched) ==
        std::vector{of + "accuracy_at_other_size|4|convnext_tiny||224|384||900|",
                    of + "no_accuracy|5|vgg11||224|||1200|",
                    of + "no_speed|6|levit_128|fb_dist_in1k|224||0.78||",
                    of + "speed_at_other_size|4|resnet50|a1_in1k|288|224|0.81||",
                    of + "speed_at_other_size|5|convnext_tiny|fb_in22k_ft_in1k|384|224|0.84||"});
  // Rows are kept as published, joined or not.
  CHECK(d.number("SELECT count(*) FROM published_accuracies") == 5);
  CHECK(d.number("SELECT count(*) FROM published_speeds") == 4);
}

TEST_CASE("the same file again changes nothing; a changed one of the name is kept apart",
          "[import]") {
  const Database d;
  d.import(accuracies);
  d.import(speeds);
  d.import(runs);
  const auto content = [&] { return lines(d.ask("SELECT * FROM leaderboard ORDER BY trial")); };
  const auto before = content();
  REQUIRE(before.size() == 2 + 4);
  for (const auto* file : {&accuracies, &speeds, &runs}) {
    const auto again = d.import(*file);
    CHECK_FALSE(again.is_new);
    CHECK(again.since.starts_with("20"));
  }
  CHECK(d.import({"other_name.csv", speeds.text}).is_new == false);
  CHECK(content() == before);

  auto changed = speeds;
  changed.text += "levit_128,4000,256,224,0.4,9.2\n";
  const auto done = d.import(changed);
  CHECK(done.is_new);
  CHECK(done.has_namesake);
  CHECK(d.number("SELECT count(*) FROM leaderboard WHERE throughput > 0") == 2 + 3);
  CHECK(d.number("SELECT count(DISTINCT speed_key) FROM leaderboard WHERE throughput > 0") == 2);
  CHECK_THAT(d.text("SELECT description FROM comparability_keys ORDER BY 1"),
             Contains(speeds.name + "\n") && Contains(speeds.name + " of "));
}

TEST_CASE("nothing is written before the end", "[import]") {
  const Database d;
  {
    Import into(d.db());
    into.add(accuracies.name, accuracies.text, read_published(accuracies.text, ""));
    CHECK_THROWS_WITH(Import(d.db()), Contains("another sweep is writing to it"));
  }
  CHECK(d.number("SELECT count(*) FROM imports") == 0);
}

TEST_CASE("of a row a batch size the fastest counts, and batch 1 is the latency", "[import]") {
  const Database d;
  d.import(accuracies);
  d.import({"mine.csv",
            "model,infer_samples_per_sec,infer_batch_size,infer_img_size,train_samples_per_sec,"
            "train_batch_size,train_img_size\n"
            "levit_128,50,1,224,9,1,224\nlevit_128,400,64,224,,,\nlevit_128,,,,30,32,224\n"});
  CHECK(lines(d.ask(
            "SELECT latency, throughput, train_throughput, json_array_length(spec, '$.speeds') "
            "FROM leaderboard JOIN trials USING (trial)")) ==
        std::vector<std::string>{"0.02|400|30|3|"});
  CHECK(d.text("SELECT description FROM comparability_keys WHERE key IN (SELECT speed_key FROM "
               "leaderboard)") == "mine.csv\n");
}

TEST_CASE("our own speed meets published accuracy", "[import]") {
  const Database d;
  d.bench("resnet50", "", 0.01);
  d.bench("levit_128", "other_tag", 0.001);
  Rows outcomes;
  d.import(accuracies, &outcomes);
  const auto of = accuracies.name + "|benchmarks on Xeon|";
  CHECK(lines(outcomes)[0] == of + "joined|2||");
  CHECK(lines(outcomes)[1] ==
        of + "no_speed|2|convnext_tiny.fb_in22k_ft_in1k at 384, levit_128.fb_dist_in1k at 224|");
  CHECK(d.number("SELECT count(*) FROM leaderboard WHERE source = 'import' AND latency = 0.01 AND "
                 "throughput = 100 AND macs = 41 AND dtype = 'float32'") == 2);
  // Comparable with each other, on the frontier of this machine.
  CHECK(d.text("SELECT architecture || '.' || tag FROM frontier") == "resnet50.a1_in1k\n");
  CHECK(d.number(
            "SELECT count(DISTINCT speed_key) FROM leaderboard WHERE architecture = 'resnet50'") ==
        1);

  // A benchmark that comes later is joined by the next import, of any file or of none; one that is
  // measured again pools its rounds.
  d.bench("levit_128", "", 0.002);
  d.bench("resnet50", "", 0.02);
  CHECK_FALSE(d.import(accuracies).is_new);
  CHECK(d.text("SELECT architecture || ' ' || latency FROM leaderboard WHERE source = 'import' "
               "ORDER BY 1") == "levit_128 0.002\nresnet50 0.015\nresnet50 0.015\n");
  CHECK(d.number("SELECT count(*) FROM trials WHERE source = 'import'") == 3);
}

TEST_CASE("fine-tuning runs are trials, repeats their seeds", "[import]") {
  const Database d;
  d.import(runs);
  CHECK(lines(d.ask("SELECT dataset, architecture, family, seed, error, valid_loss, train_loss, "
                    "fit_time, train_memory_bytes, score FROM leaderboard ORDER BY trial")) ==
        std::vector<std::string>{"pets|swinv2_t|swin|1|0.1|0.3|0.2|100|2.14748e+09|18|",
                                 "pets|swinv2_t|swin|2|0.2|0.3|0.2|50|1.07374e+09|26|",
                                 "pets|resnet50d|resnet|1|||||||",
                                 "planet|swinv2_t|swin|1|0.04||0.2|20|2.14748e+09|4|"});
  CHECK(lines(d.ask("SELECT dataset, family, architecture, runs, error, fit_time, train_gib, score "
                    "FROM best_of_runs")) ==
        std::vector<std::string>{"pets|swin|swinv2_t|2|0.1|50|1|13|",
                                 "pets|resnet|resnet50d|1|||||",
                                 "planet|swin|swinv2_t|1|0.04|20|2|4|"});
  CHECK(d.number("SELECT count(DISTINCT speed_key || accuracy_key) FROM leaderboard") == 2);
  CHECK_THAT(d.text("SELECT description FROM comparability_keys"),
             Contains("planet fine-tuning runs, several recipes, share of right labels"));
  CHECK_THAT(d.text("SELECT spec FROM trials WHERE dataset = 'planet'"),
             Contains("\"line\":5") && Contains("\"valid_loss\":null") && Contains("runs.csv"));
}
