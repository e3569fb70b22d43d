#include <iostream>

#include "cli/commands.h"

namespace berth::cli {

int take_down(const Where& where) {
  const auto done = post(where, "/_berth/down");
  if (!done) return explain(where, done.error());
  std::cout << "berthd has stopped; its stacks, tasks, load balancers and networks are gone. The key, "
               "logs and mails in "
            << where.data_dir << " stay.\n";
  return 0;
}

}  // namespace berth::cli
