#include <iostream>

#include "cli/commands.h"

namespace berth::cli {

int take_down(const Where& where) {
  const auto done = post(where, "/_berth/down");
  if (!done) return explain(where, done.error());
  std::cout << "berthd has stopped; its tasks, load balancers and networks are gone. The data folder "
            << where.data_dir << " stays.\n";
  return 0;
}

}  // namespace berth::cli
