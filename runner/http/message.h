#pragma once

// What is asked over HTTP and what is answered, as plain values.

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace archsweep::http {

// Of multipart/form-data each part; any other body is one without a name.
struct Part {
  std::string name;  // the file's, or the field's
  std::string content;
};

struct BodyLimits {
  std::size_t bytes = 0;  // as it is sent
  std::size_t parts = 1;
};

struct Request {
  std::string method;
  std::string path;                                 // decoded, without the query
  std::map<std::string, std::string> query;         // decoded; of equal names the first
  std::multimap<std::string, std::string> headers;  // names in lower case

  // Reads the body of a POST, once; nothing of it is read before. Throws Refusal.
  std::function<std::vector<Part>(const BodyLimits&)> read_body = {};
};

struct Response {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// The asker's fault, or a lack of room: a status from 400 on, and why.
class Refusal : public std::runtime_error {
 public:
  Refusal(int status, const std::string& why) : std::runtime_error(why), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

using Handler = std::function<Response(const Request&)>;

// The only header of that name; "" where there is none, or more than one.
std::string header(const Request& request, const std::string& lower_case_name);

}  // namespace archsweep::http
