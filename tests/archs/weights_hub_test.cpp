#include "archs/weights/hub.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "archs/weights/http.h"
#include "runner/support/error.h"
#include "runner/support/hash.h"

using namespace archsweep::archs;
namespace fs = std::filesystem;

namespace {

const std::string served = TEST_DATA "/weights/every_dtype.safetensors";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

fs::path fresh_folder() {
  std::string name = (fs::temp_directory_path() / "archsweep-hub-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()));
  return name;
}

// hub_server.py, for as long as it lives, and an empty cache.
class Server {
 public:
  Server() {
    int in[2], out[2];
    REQUIRE(::pipe(in) == 0);
    REQUIRE(::pipe(out) == 0);
    if (::fork() == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      for (const int fd : {in[0], in[1], out[0], out[1]}) ::close(fd);
      ::execlp("python3", "python3", SOURCE_ROOT "/tests/archs/hub_server.py", served.c_str(),
               nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];  // it ends when this does
    std::FILE* port = ::fdopen(out[0], "r");
    int number = 0;
    REQUIRE(std::fscanf(port, "%d", &number) == 1);
    std::fclose(port);
    hub.endpoint = fmt::format("http://127.0.0.1:{}", number);
    hub.cache = fresh_folder();
  }
  ~Server() {
    ::close(input_);
    fs::remove_all(hub.cache);
  }

  fs::path get(const std::string& repository) const {
    return cached_or_downloaded(hub, "timm/" + repository, "model.safetensors");
  }
  std::string fault_of(const std::string& repository) const {
    try {
      get(repository);
    } catch (const archsweep::Error& e) {
      CHECK(e.code() == archsweep::Exit::environment);
      CHECK_FALSE(find_cached(hub, "timm/" + repository, "model.safetensors"));
      return e.what();
    }
    return "no fault";
  }
  // The requests so far, a line each.
  std::string log() const {
    std::string text;
    http_request({.url = hub.endpoint + "/log"}, [&](const HttpResponse&, std::string_view bytes) {
      text += bytes;
      return true;
    });
    return text;
  }
  bool asked(const std::string& line) const { return log().find(line) != std::string::npos; }
  fs::path blob(const std::string& repository, const std::string& suffix = "") const {
    return hub.cache / ("models--timm--" + repository) / "blobs" /
           (archsweep::sha256(read(served)) + suffix);
  }

  Hub hub;

 private:
  int input_;
};

std::string url(const Server& server, const std::string& repository) {
  return server.hub.endpoint + "/timm/" + repository + "/resolve/main/model.safetensors";
}

}  // namespace

TEST_CASE("a download lands where Python's huggingface_hub looks, and is found again") {
  const Server server;
  const auto path = server.get("plain");
  const auto folder = server.hub.cache / "models--timm--plain";
  const std::string commit = "0123456789abcdef0123456789abcdef01234567";
  CHECK(path == folder / "snapshots" / commit / "model.safetensors");
  CHECK(fs::read_symlink(path) == fs::path("../../blobs") / archsweep::sha256(read(served)));
  CHECK(read(folder / "refs" / "main") == commit);
  CHECK(read(path) == read(served));
  CHECK_FALSE(fs::exists(server.blob("plain", ".incomplete")));

  const auto before = server.log();
  auto offline = server.hub;
  offline.offline = true;
  offline.endpoint = "http://127.0.0.1:1";
  CHECK(cached_or_downloaded(offline, "timm/plain", "model.safetensors") == path);
  CHECK(server.log() == before);
}

TEST_CASE("a renamed repository, a content server elsewhere and a busy hub are followed") {
  const Server server;
  CHECK(read(server.get("renamed")) == read(served));
  CHECK(read(server.get("far")) == read(served));
  CHECK(server.asked("cdn GET far"));
  CHECK(read(server.get("busy")) == read(served));
}

TEST_CASE("a download that breaks off goes on where it stopped") {
  const Server server;
  std::uint64_t last = 0;
  bool back = false;
  const auto path = cached_or_downloaded(server.hub, "timm/drops", "model.safetensors",
                                         [&](std::uint64_t done, std::uint64_t total) {
                                           back = back || done < last;
                                           last = done;
                                           CHECK(total == read(served).size());
                                         });
  CHECK(read(path) == read(served));
  CHECK_FALSE(back);
  CHECK(last == read(served).size());
  CHECK(server.asked(fmt::format("hub GET drops range=bytes={}-", read(served).size() / 2)));
  CHECK(read(server.get("no_ranges")) == read(served));
}

TEST_CASE("what an earlier run has fetched is not fetched again") {
  const Server server;
  fs::create_directories(server.blob("plain").parent_path());
  std::ofstream(server.blob("plain", ".incomplete"), std::ios::binary)
      << read(served).substr(0, 1000);
  CHECK(read(server.get("plain")) == read(served));
  CHECK(server.asked("hub GET plain range=bytes=1000-"));
}

TEST_CASE("a download that cannot go on says so and keeps what came") {
  const Server server;
  CHECK(server.fault_of("stuck").starts_with(url(server, "stuck") + ": 100 of 1290 bytes came ("));
  CHECK(fs::file_size(server.blob("stuck", ".incomplete")) == 100);
  CHECK(server.fault_of("truncated") == url(server, "truncated") +
                                            ": 645 of 1290 bytes came (truncated by the server); "
                                            "they are kept: run it again to go on");
  CHECK(server.fault_of("down") == url(server, "down") + ": the server answered 503");
}

TEST_CASE("corrupted content is refused and deleted") {
  const Server server;
  CHECK(server.fault_of("corrupted")
            .starts_with(url(server, "corrupted") + ": corrupted: its SHA-256 is "));
  CHECK_FALSE(fs::exists(server.blob("corrupted")));
  CHECK_FALSE(fs::exists(server.blob("corrupted", ".incomplete")));
  CHECK(server.fault_of("longer").find("sends more than the 1290 bytes") != std::string::npos);
}

TEST_CASE("every refusal says what to do") {
  const Server server;
  CHECK(server.fault_of("private") ==
        url(server, "private") +
            ": 401 unauthorized: no such repository, or a private one; set HF_TOKEN");
  CHECK(server.fault_of("gated") == url(server, "gated") + ": 403 forbidden: accept the terms at " +
                                        server.hub.endpoint + "/timm/gated and set HF_TOKEN");
  CHECK(server.fault_of("missing") ==
        url(server, "missing") +
            ": 404 not found: the repository does not exist or lacks this file");
  CHECK(server.fault_of("loop").find("more than 10 redirects") != std::string::npos);
  CHECK(server.fault_of("no_hub").find("is HF_ENDPOINT a hub?") != std::string::npos);
  CHECK(server.fault_of("evil").find("is HF_ENDPOINT a hub?") != std::string::npos);
  auto offline = server.hub;
  offline.offline = true;
  CHECK_THROWS_WITH(cached_or_downloaded(offline, "timm/plain", "model.safetensors"),
                    "timm/plain/model.safetensors: not in the cache " + server.hub.cache.string() +
                        " and HF_HUB_OFFLINE is set");
  auto nowhere = server.hub;
  nowhere.endpoint = "http://127.0.0.1:1";
  CHECK_THROWS_WITH(cached_or_downloaded(nowhere, "timm/plain", "model.safetensors"),
                    Catch::Contains("is there a network?"));
  auto unwritable = server.hub;
  unwritable.cache = "/proc/nowhere";
  CHECK_THROWS_WITH(cached_or_downloaded(unwritable, "timm/plain", "model.safetensors"),
                    Catch::Contains("HF_HOME names the cache"));
}

TEST_CASE("the token goes to the hub and to nobody else, and is in no message") {
  Server server;
  server.hub.token = "hf_secret";
  CHECK(read(server.get("private")) == read(served));
  CHECK(server.asked("hub HEAD private range=- token=Bearer hf_secret"));
  CHECK(server.asked("hub GET private range=- token=Bearer hf_secret"));
  CHECK(server.asked("cdn GET private range=- token=-"));
  CHECK_FALSE(server.asked("cdn GET private range=- token=Bearer"));
  server.hub.token = "hf_other";
  CHECK(server.fault_of("gated").find("hf_other") == std::string::npos);
  CHECK(origin_of("https://user@Hub.co:443/x?y") == "https://hub.co:443");
  CHECK(origin_of("https://hub.co.evil.net/hub.co") == "https://hub.co.evil.net");
}

TEST_CASE("the environment is read as huggingface_hub reads it") {
  std::map<std::string, std::string> before;
  const auto set = [&](const char* name, const char* value) {
    if (const char* old = std::getenv(name)) before.emplace(name, old);
    value ? ::setenv(name, value, 1) : ::unsetenv(name);
  };
  for (const char* name :
       {"HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN", "XDG_CACHE_HOME"})
    set(name, nullptr);
  const auto home = fresh_folder();
  set("HOME", home.c_str());
  auto hub = hub_from_environment();
  CHECK(hub.endpoint == "https://huggingface.co");
  CHECK(hub.cache == home / ".cache/huggingface/hub");
  CHECK(hub.token.empty());
  CHECK_FALSE(hub.offline);
  set("HF_HOME", home.c_str());
  std::ofstream(home / "token") << "hf_file\n";
  set("HF_ENDPOINT", "https://mirror.example/");
  set("HF_HUB_OFFLINE", "true");
  hub = hub_from_environment();
  CHECK(hub.endpoint == "https://mirror.example");
  CHECK(hub.cache == home / "hub");
  CHECK(hub.token == "hf_file");
  CHECK(hub.offline);
  set("HF_TOKEN", "hf_variable");
  set("HF_HUB_CACHE", "/elsewhere");
  CHECK(hub_from_environment().token == "hf_variable");
  CHECK(hub_from_environment().cache == "/elsewhere");
  set("HF_TOKEN", "hf\r\nX-Evil: 1");
  CHECK_THROWS_AS(hub_from_environment(), archsweep::Error);
  set("HF_TOKEN", "");
  set("HF_ENDPOINT", "file:///etc");
  CHECK_THROWS_AS(hub_from_environment(), archsweep::Error);
  for (const char* name : {"HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN",
                           "XDG_CACHE_HOME", "HOME"})
    before.contains(name) ? ::setenv(name, before[name].c_str(), 1) : ::unsetenv(name);
  fs::remove_all(home);
}
