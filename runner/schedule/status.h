#pragma once

// How a sweep tells its progress: on a terminal one live block redrawn in place, in a log plain
// lines.

#include <cstdio>
#include <map>
#include <string>

#include "runner/plan/plan.h"
#include "runner/support/clock.h"
#include "runner/trial/protocol.h"

namespace archsweep::runner {

class Status {
 public:
  explicit Status(std::FILE* out);

  // How many trials are still to run, and their cost, in the plan's units: what "left" goes by.
  // Again whenever that changes for another reason than an end or a pause.
  void expect(std::size_t to_run, double cost);

  void line(const std::string& text);   // stays, above what is live
  void doing(const std::string& text);  // live, while no trial runs; "": no more
  // `epochs_done`, of a trial that goes on from a checkpoint.
  void started(int id, const PlannedTrial& trial, const std::string& device, int epochs_done);
  void progress(int id, const Progress& progress);
  void epoch(int id, const results::Epoch& epoch, bool was_told);  // by an attempt before
  void measured(int id, const results::Measurement& measurement);
  void ended(int id, const std::string& outcome);
  void paused(int id, int epoch);
  void retried(int id, int epochs_kept, const std::string& why);  // it will be started again
  void tick();  // redraws, where there is something to redraw
  void finish();

  double seconds_left() const;  // NaN before anything can be said

 private:
  struct Running {
    std::string name;
    double cost;
    int epochs;
    double before;    // share of the trial that was done when it started
    bool keeps_best;  // result: best
    Clock::time_point since;
    Progress last;
    double top1 = results::not_measured;  // the trial's, as far as it is
    double others_busy = 0;               // cores, by other programs, while it was timed
  };

  double share_done(const Running& r) const;
  std::string time_left() const;  // "5m 20s left"; "? left" before anything can be said
  void write(const std::string& text);
  void erase();
  void draw();

  std::FILE* out_;
  bool live_;
  std::size_t to_run_ = 0, done_ = 0, failed_ = 0;
  double cost_left_ = 0, cost_done_ = 0;
  Clock::time_point since_ = Clock::now(), drawn_{};
  std::map<int, Running> running_;
  std::string doing_;
  int lines_ = 0;
};

}  // namespace archsweep::runner
