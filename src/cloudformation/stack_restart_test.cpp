// A daemon that is killed after any transaction: the next one goes on from what was committed, and the end is
// the same.
#include <map>

#include "base/log.h"
#include "cloudformation/stack_test_support.h"

namespace berth::cloudformation {
namespace {

// Keeps what is committed, until it is full: then the daemon is dead.
class DyingJournal final : public Journal {
 public:
  using Rows = std::map<std::pair<std::string, std::string>, std::string>;

  explicit DyingJournal(Rows kept = {}, int commits_max = 1'000'000)
      : rows(std::move(kept)), commits_left(commits_max) {
    spdlog::set_level(spdlog::level::off);  // a dead journal complains at every commit
  }
  ~DyingJournal() override { spdlog::set_level(spdlog::level::info); }

  Result<> commit(const std::vector<berth::Change>& changes, const std::vector<LogEvent>&) override {
    if (commits_left == 0) return Error{"Dead", "killed"};
    --commits_left;
    for (const auto& change : changes) {
      if (change.value) {
        rows[{change.table, change.key}] = *change.value;
      } else {
        rows.erase({change.table, change.key});
      }
    }
    return {};
  }

  Result<> load(
      const std::function<void(std::string_view, std::string_view, std::string_view)>& row) override {
    for (const auto& [key, value] : rows) row(key.first, key.second, value);
    return {};
  }

  Rows rows;
  int commits_left;
};

// One life of the daemon.
struct Life {
  explicit Life(DyingJournal& journal, std::uint64_t seed)
      : store(&journal), loop(from_unix_seconds(1'750'000'020), seed) {
    add_tables(store);
    services::add_tables(store);
    store.add<ThingRow>();
    BERTH_CHECK(store.load().has_value());
    engine.start();
    loop.run_for(Duration::seconds(2));
  }

  template <class In, class Out>
  Result<Out> call(Result<Out> (*handler)(Context&, const In&), const std::type_identity_t<In>& input) {
    auto result = store.transact([&] { return handler(context, input); });
    loop.run_for(Duration::minutes(1));
    return result;
  }

  MemoryLogEvents log_events{};
  Store store;
  cloudwatch::MetricStore metrics{};
  SimLoop loop;
  Settings settings{};
  Context context{store, loop, settings, metrics, log_events};
  StackEngine engine{context};
};

constexpr const char* first = R"(
Resources:
  A: {Type: Test::Thing, Properties: {Name: a1, Value: old}}
  B: {Type: Test::Thing, Properties: {Name: b, Value: !Ref A}}
  Gone: {Type: Test::Thing, Properties: {Name: gone}}
)";
constexpr const char* second = R"(
Resources:
  A: {Type: Test::Thing, Properties: {Name: a2, Value: new}}
  B: {Type: Test::Thing, Properties: {Name: b, Value: !Ref A}}
  New: {Type: Test::Thing, DependsOn: B, Properties: {Name: new}}
)";

// What stands at the end, and every event but for its time and random parts.
std::string outcome_of(const Store& store) {
  std::string out;
  for (const auto& [id, thing] : store.all<ThingRow>()) {
    out +=
        id + "=" + string_or(thing.properties, "Value") + " updates " + std::to_string(thing.updates) + "\n";
  }
  for (const auto& [id, stack] : store.all<StackRow>()) {
    out += stack.status + "\n";
    for (const auto* row : rows_of_stack<StackEventRow>(store, id)) {
      out += *row->event.logical_resource_id + " " + *row->event.resource_status + "\n";
    }
  }
  return out;
}

class Restart : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { cfn::add_type(std::make_unique<ThingType>()); }

  static void begin(Life& life) {
    CreateStackInput create;
    create.stack_name = "learner";
    create.template_body = first;
    ASSERT_TRUE(life.call(create_stack, create));
  }
  // The operation under test, as the parameter names it.
  static void operate(Life& life) {
    const std::string what = GetParam();
    if (what == "delete") {
      DeleteStackInput in;
      in.stack_name = "learner";
      static_cast<void>(life.call(delete_stack, in));
      return;
    }
    UpdateStackInput in;
    in.stack_name = "learner";
    in.template_body =
        what == "update" ? second : replace_all(second, "Name: new", "Name: new, Fail: create");
    static_cast<void>(life.call(update_stack, in));
  }
};

TEST_P(Restart, ends_the_same_wherever_it_is_killed) {
  DyingJournal before;
  {
    Life life(before, 1);
    begin(life);
  }
  DyingJournal whole(before.rows);
  std::string expected;
  {
    Life life(whole, 2);
    operate(life);
    expected = outcome_of(life.store);
  }
  const int commits = 1'000'000 - whole.commits_left;
  ASSERT_GT(commits, 5);
  for (int kept = 1; kept < commits; ++kept) {
    DyingJournal dying(before.rows, kept);
    {
      Life life(dying, 2);
      operate(life);
    }
    dying.commits_left = 1'000'000;
    Life next(dying, 3);
    next.loop.run_for(Duration::minutes(5));
    EXPECT_EQ(outcome_of(next.store), expected) << "killed after " << kept << " commits";
  }
}

INSTANTIATE_TEST_SUITE_P(Stack, Restart, testing::Values("update", "rollback", "delete"));

TEST(StackRestart, creation_ends_the_same_wherever_it_is_killed) {
  cfn::add_type(std::make_unique<ThingType>());
  const auto run = [](DyingJournal& journal) {
    Life life(journal, 1);
    CreateStackInput create;
    create.stack_name = "learner";
    create.template_body = first;
    static_cast<void>(life.call(create_stack, create));
    return outcome_of(life.store);
  };
  DyingJournal whole;
  const std::string expected = run(whole);
  EXPECT_NE(expected.find("CREATE_COMPLETE"), std::string::npos);
  const int commits = 1'000'000 - whole.commits_left;
  for (int kept = 1; kept < commits; ++kept) {
    DyingJournal dying({}, kept);
    run(dying);
    dying.commits_left = 1'000'000;
    Life next(dying, 3);
    EXPECT_EQ(outcome_of(next.store), expected) << "killed after " << kept << " commits";
  }
}

}  // namespace
}  // namespace berth::cloudformation
