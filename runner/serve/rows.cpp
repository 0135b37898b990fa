#include "runner/serve/rows.h"

#include "results/export/json.h"

namespace archsweep::serve {

using Json = nlohmann::ordered_json;

Json to_json(const results::Rows& rows) {
  Json list = Json::array();
  for (const auto& row : rows.rows) {
    Json values = Json::array();
    for (const auto& value : row) values.push_back(results::to_json(value));
    list.push_back(std::move(values));
  }
  return {{"columns", rows.columns}, {"rows", std::move(list)}};
}

Json objects(const results::Rows& rows) {
  Json list = Json::array();
  for (const auto& row : rows.rows) {
    Json object = Json::object();
    for (std::size_t i = 0; i < row.size(); ++i) object[rows.columns[i]] = results::to_json(row[i]);
    list.push_back(std::move(object));
  }
  return list;
}

Json one(const results::Reader& reader, const std::string& sql) {
  const auto rows = reader.ask(sql);
  return rows.rows.empty() ? Json() : results::to_json(rows.rows[0].at(0));
}

}  // namespace archsweep::serve
