// Any bytes as the journal that a dead scheduler left: its trial is done, failed or planned again,
// never running.

#include <memory>

#include "results/query.h"
#include "runner/schedule/ingest.h"
#include "tests/fuzz/fuzz.h"

using namespace archsweep;

namespace {

// A database whose one trial can be started again and again; a new one now and then.
struct Left {
  fuzz::Folder folder;
  results::Store store{folder.path / "a.db"};
  results::TrialId trial =
      store
          .plan(store.begin_sweep("s", "c", ""),
                std::vector<results::NewTrial>{{.fingerprint = "f", .spec = "{}"}})[0]
          .id;
  int uses = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static std::unique_ptr<Left> left;
  if (!left || left->uses++ == 200) left.reset(), left = std::make_unique<Left>();
  left->folder.write("j.jsonl", fuzz::text(bytes, size));
  left->store.start(left->trial, "cpu", (left->folder.path / "j.jsonl").string());
  fuzz::require(runner::ingest_unfinished(left->store) == 1, "one attempt is taken up");
  fuzz::require(left->store.unfinished().empty(), "nothing is left running");
  return 0;
}
