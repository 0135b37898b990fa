#pragma once

// Small things done with text: globs, nearest names, natural order, human units.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace archsweep {

// Shell-style match of the whole text, as Python's fnmatch: * ? [abc] [!abc].
bool glob_match(std::string_view pattern, std::string_view text);
bool is_glob(std::string_view text);

// "resnet9" before "resnet10", as timm lists its names.
bool natural_less(std::string_view a, std::string_view b);

// The candidate with the fewest typing errors from `word`, if any is near enough to suggest
// (a third of its letters, at least 2).
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

// "; did you mean 'x'?" or "".
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

std::vector<std::string> split(std::string_view text, char separator);
std::string lower_case(std::string_view text);             // of ASCII letters
std::string human_bytes(double bytes);                     // "1.5 GiB"
std::optional<double> parse_bytes(std::string_view text);  // "2GB", "2.7GiB", "512 MB", "1e9"
std::string human_seconds(double seconds);   // "250 us", "1.50 ms", "12.3 s"; 3 digits
std::string human_duration(double seconds);  // "1h 05m", "3m 20s", "12s"
std::optional<double> parse_duration(std::string_view text);  // "90s", "30m", "2h", "3d": seconds
std::optional<int> parse_time_of_day(std::string_view text);  // "07:00": minutes after midnight
std::string human_count(double count);                        // "11.7 M"

// The first `bytes` of the text, cut at a UTF-8 boundary; control characters but \n and \t are
// replaced by '?', so that foreign text can be printed.
std::string printable(std::string_view text, std::size_t bytes = 4096);

// The first line of it, printable: LibTorch's messages go on with a stack.
std::string first_line(std::string_view text, std::size_t bytes = 500);

// As a shell reads it back: in single quotes, where it would read something else.
std::string shell_word(const std::string& word);

}  // namespace archsweep
