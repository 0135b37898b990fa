// Runs an entry point without libFuzzer: over every file of a corpus, then over seeded random
// mutations of them, the same on every machine. An input that crashes is left in a file.
//   NAME_fuzz CORPUS [MUTATIONS [SEED]]

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "runner/trial/data/random.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace {

using namespace std::literals;
using archsweep::runner::Random;

std::string current;

void leave_input(int number) {
  const int file = ::open("crash-input", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  [[maybe_unused]] auto n = ::write(file, current.data(), current.size());
  constexpr char message[] = "the input that crashed is in ./crash-input\n";
  n = ::write(STDERR_FILENO, message, sizeof message - 1);
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void run(std::string input) {
  current = std::move(input);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
}

// A few of the changes that find most: bits, bytes, numbers at their ends, pieces moved or lost.
std::string mutate(std::string input, const std::vector<std::string>& corpus, Random& random) {
  constexpr auto marks = "\0\1\x7f\x80\xff{}[]:,\"'!&*#-\n"sv;
  for (auto changes = 1 + random.below(4); changes > 0; --changes) {
    const auto at = random.below(input.size() + 1);
    const auto length = std::min<std::size_t>(random.below(16) + 1, input.size() - at);
    switch (random.below(7)) {
      case 0:
        if (at < input.size()) input[at] ^= char(1 << random.below(8));
        break;
      case 1:
        if (at < input.size()) input[at] = marks[random.below(marks.size())];
        break;
      case 2:
        input.insert(at, 1 + random.below(4), marks[random.below(marks.size())]);
        break;
      case 3:
        input.erase(at, length);
        break;
      case 4:
        input.insert(at, input.substr(at, length));
        break;
      case 5: {
        const auto& other = corpus[random.below(corpus.size())];
        if (!other.empty())
          input.insert(at, other, random.below(other.size()), 1 + random.below(32));
        break;
      }
      default:
        if (random.below(8) == 0) input.resize(at);
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: %s CORPUS [MUTATIONS [SEED]]\n", argv[0]), 2;
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL})
    std::signal(number, leave_input);
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) files.push_back(entry);
  std::ranges::sort(files);
  std::vector<std::string> corpus;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  if (corpus.empty()) return std::fprintf(stderr, "%s: an empty corpus\n", argv[1]), 2;
  for (const auto& input : corpus) run(input);
  Random random(argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1);
  const int mutations = argc > 2 ? std::atoi(argv[2]) : 3000;
  for (int i = 0; i < mutations; ++i)
    run(mutate(corpus[random.below(corpus.size())], corpus, random));
  std::printf("%zu inputs and %d mutations of them\n", corpus.size(), mutations);
  return 0;
}
