#include "results/plot/draw.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::results {
namespace {

namespace fs = std::filesystem;

std::string text_of(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{:.4g}", *number);
  const auto* text = std::get_if<std::string>(&value);
  return text ? *text : "";
}

void write_file(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  if (!(out << text) || !out.flush())
    throw Error(fmt::format("{}: cannot be written; is the folder there, writable and not full?",
                            file.string()),
                Exit::environment);
}

std::string plotly() {
  const auto path = plotly_path();
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (path.empty() || !in || !(text << in.rdbuf()))
    throw Error(
        fmt::format(
            "plotly.min.js is not at '{}': name it by ARCHSWEEP_PLOTLY, or draw .svg or .png",
            path.string()),
        Exit::environment);
  return text.str();
}

void svg_to_png(const fs::path& svg, const fs::path& png) {
  const auto pid = ::fork();
  if (pid == 0) {
    ::execlp("rsvg-convert", "rsvg-convert", "-z", "2", svg.c_str(), "-o", png.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (status != 0)
    throw Error(
        fmt::format("{}: PNG needs rsvg-convert (apt-get install librsvg2-bin), or draw .svg",
                    png.string()),
        Exit::environment);
}

}  // namespace

fs::path plotly_path() {
  const char* named = std::getenv("ARCHSWEEP_PLOTLY");
  return named ? named : ARCHSWEEP_PLOTLY_PATH;
}

Chart frontier_chart(const Reader& reader, const std::string& title, std::size_t& left_out) {
  const auto rows = reader.ask(
      "SELECT latency, top1, architecture, family, trial, learning_rate, seed, epochs, image_size, "
      "throughput, "
      "train_memory_bytes, inference_memory_bytes, parameters, train_seconds, device_name, dtype, "
      "speed_key || accuracy_key "
      "FROM leaderboard WHERE latency > 0 AND top1 IS NOT NULL");
  std::map<std::string, std::size_t> keys;
  for (const auto& row : rows.rows) ++keys[text_of(row.back())];
  std::string key;
  for (const auto& [k, count] : keys)
    if (count > keys[key]) key = k;
  left_out = 0;
  Chart chart;
  chart.title = title;
  chart.x_label = "latency: seconds per sample at batch 1, median";
  for (const auto& row : rows.rows) {
    if (text_of(row.back()) != key) {
      ++left_out;
      continue;
    }
    Point point{.x = std::get<double>(row[0]),
                .y = std::get<double>(row[1]),
                .name = text_of(row[2]),
                .family = text_of(row[3])};
    point.details = {{"top-1", fmt::format("{:.2f} %", 100 * point.y)},
                     {"latency", human_seconds(point.x)}};
    for (std::size_t i = 4; i < 14; ++i) {
      auto text = text_of(row[i]);
      if (rows.columns[i].ends_with("_bytes") && !text.empty())
        text = human_bytes(std::get<double>(row[i]));
      point.details.emplace_back(rows.columns[i], text);
    }
    chart.points.push_back(std::move(point));
    chart.subtitle =
        fmt::format("{}, {}, {} px", text_of(row[14]), text_of(row[15]), text_of(row[8]));
  }
  chart.subtitle += fmt::format("; {} trials", chart.points.size());
  mark_frontier(chart);
  return chart;
}

void draw(const Chart& chart, const fs::path& file, int width) {
  const auto ending = file.extension();
  if (ending == ".html") {
    write_file(file, to_html(chart, plotly()));
  } else if (ending == ".svg") {
    write_file(file, to_svg(chart, width));
  } else if (ending == ".png") {
    const fs::path svg = file.string() + ".tmp.svg";
    write_file(svg, to_svg(chart, width));
    try {
      svg_to_png(svg, file);
    } catch (...) {
      fs::remove(svg);
      throw;
    }
    fs::remove(svg);
  } else {
    throw Error(fmt::format("{}: the name must end in .html, .svg or .png", file.string()));
  }
}

}  // namespace archsweep::results
