#include "results/plot/draw.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "runner/support/error.h"

namespace archsweep::results {
namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  if (!(out << text) || !out.flush())
    throw Error(fmt::format("{}: cannot be written; is the folder there, writable and not full?",
                            file.string()),
                Exit::environment);
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

void write_png(const std::string& svg_text, const fs::path& file) {
  const fs::path svg = file.string() + ".tmp.svg";
  write_file(svg, svg_text);
  try {
    svg_to_png(svg, file);
  } catch (...) {
    fs::remove(svg);
    throw;
  }
  fs::remove(svg);
}

// What needs nothing else in any format.
template <typename Picture>
void draw_alone(const Picture& picture, const fs::path& file) {
  check_picture_name(file);
  const auto ending = file.extension();
  if (ending == ".png")
    write_png(to_svg(picture), file);
  else
    write_file(file, ending == ".html" ? to_html(picture) : to_svg(picture));
}

}  // namespace

fs::path plotly_path() {
  const char* named = std::getenv("ARCHSWEEP_PLOTLY");
  return named ? named : ARCHSWEEP_PLOTLY_PATH;
}

std::optional<std::string> plotly_text() {
  std::ifstream in(plotly_path(), std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return std::nullopt;
  return text.str();
}

void check_picture_name(const fs::path& file) {
  for (const auto* ending : {".html", ".svg", ".png"})
    if (file.extension() == ending) return;
  throw Error(fmt::format("{}: the name must end in .html, .svg or .png", file.string()));
}

void draw(const Chart& chart, const fs::path& file, int width, Theme theme) {
  check_picture_name(file);
  const auto ending = file.extension();
  if (ending == ".html") {
    const auto plotly = plotly_text();
    if (!plotly)
      throw Error(
          fmt::format(
              "plotly.min.js is not at '{}': name it by ARCHSWEEP_PLOTLY, or draw .svg or .png",
              plotly_path().string()),
          Exit::environment);
    write_file(file, to_html(chart, *plotly, theme));
  } else if (ending == ".svg") {
    write_file(file, to_svg(chart, width, theme));
  } else {
    write_png(to_svg(chart, width, theme), file);
  }
}

void draw(const ImageGrid& grid, const fs::path& file) {
  draw_alone(grid, file);
}

void draw(const MatrixPicture& matrix, const fs::path& file) {
  draw_alone(matrix, file);
}

}  // namespace archsweep::results
