#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "runner/cli/become_worker.h"
#include "runner/cli/command.h"
#include "runner/http/door.h"
#include "runner/trial/protocol.h"

namespace archsweep::cli {
namespace {

int serve_model(const runner::ServeModelJob& job) {
  if (!job.token.empty()) http::check_token(job.token);
  become_worker(std::vector<std::string>{"serve-model", encode(job)});
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<runner::ServeModelJob>();
  app.add_option("folder", o->folder, "What `archsweep export` wrote")->required();
  app.add_option("--port", o->port, "Port to listen on; 0: any that is free")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--bind,--host", o->bind,
                 "Address to listen on; 0.0.0.0 lets other machines in, who must have the token")
      ->capture_default_str();
  auto* token = app.add_option(
      "--token", o->token, "What a client must have; made and printed where --bind lets others in");
  app.add_flag("--open", o->is_open,
               "No token, and under any host name: for behind a proxy that decides who may come")
      ->excludes(token);
  app.add_option("--device", o->device, "auto, cpu or cuda:N");
  app.add_option(
      "--docker", o->docker,
      "Do not serve: write this folder, of which `docker build` makes an image that does");
  return [o] { return serve_model(*o); };
}

}  // namespace

extern const Command serve_model_command;
const Command serve_model_command{
    "serve-model", "An exported network as a page for photos and a JSON endpoint",
    "  archsweep serve-model pets-model\n"
    "  curl --data-binary @cat.jpg 'http://127.0.0.1:8000/predict?top=3'\n"
    "  curl -F a=@cat.jpg -F b=@dog.jpg http://127.0.0.1:8000/predict\n"
    "  archsweep serve-model pets-model --docker image && docker build -t pets image\n"
    "  docker run --rm -p 127.0.0.1:8000:8000 pets\n"
    "Photos are prepared as the validation of its training prepared them, and kept nowhere.\n",
    declare};

}  // namespace archsweep::cli
