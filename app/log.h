// Lines on standard output, as uvicorn and Python's logging write them. Each line is one write, so a log
// reader never sees half of one, from whichever thread it comes.
#pragma once

#include <string_view>

namespace learner {

void log_line(std::string_view line);

// uvicorn's manner: `INFO:     Started server process [1]`.
void log_server(std::string_view level, std::string_view message);

// The manner of the article's logger, ecs_service: `ERROR:ecs_service:Intentional error triggered`.
void log_service(std::string_view level, std::string_view message);

}  // namespace learner
