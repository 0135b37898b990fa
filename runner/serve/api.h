#pragma once

// The questions that the page asks, answered as JSON. Rows come as {"columns": [...], "rows":
// [[...], ...]}, numbers in the units of the columns (seconds, bytes, shares).
//
//   /api/summary                  the latest sweep: how many trials are done, what runs now
//   /api/metrics                  what can be sorted by and drawn
//   /api/families                 of the finished trials, with their number
//   /api/trials?sort=&order=&text=&family=&where=&limit=&offset=    finished trials
//   /api/failures                 the latest failed trials
//   /api/frontier?x=&y=&text=&family=&where=    points under one comparability key
//   /api/trial/ID                 all about one

#include "results/query.h"
#include "runner/http/message.h"

namespace archsweep::serve {

// 400 with {"error": ...} when the question is wrong, 404 when there is nothing of that name.
// `running`: a scheduler writes to the database now.
http::Response answer(const results::Reader& reader, const http::Request& request, bool running);

}  // namespace archsweep::serve
